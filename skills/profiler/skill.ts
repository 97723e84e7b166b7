import * as v from 'valibot'
import {
  type BuiltInCallback,
  type BuiltInSkill,
  builtInCallback,
  countInput,
  type RunOptions,
} from '../built-in-skill.ts'
import type { DrillStep } from '../contract.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import { readMainThread } from '../gateway/thread-state.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { allocationRows } from './allocations.ts'
import { summarizeCpu } from './cpu-profile.ts'
import { isRecording, recordCpu } from './record.ts'
import { cpuRow, shareRow } from './rows.ts'

const PROMPT = `You profile the main thread of this Node.js process, on demand and for a short time: profiler_cpu says which functions and
lines take the CPU, profiler_allocations which functions allocate, or allocate what stays. A hot function is no fault by itself: in a
busy and healthy process the hottest function is simply its work. Profile when the CPU is high or a loop is slow and nothing
else names the place, or when memory grows and no collection explains it. Each profile pauses the main thread for
5 to 60 ms, an allocation profile of what is kept for two full garbage collections more.`

const DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'cpu',
    when: [{ field: 'mainCpuPct', above: 70 }],
    code: 'return profiler_cpu({ milliseconds = 1000, limit = 3 })',
    rows: [{ field: 'ownPct', above: 20 }],
    limit: 1,
    notify: {
      // Where the CPU goes is worth knowing; whether that is a fault is for other skills to say.
      type: 'profiler_hot_function',
      severity: 'info',
      context:
        'The main thread was on a CPU {snapshot.mainCpuPct} % of the last {snapshot.windowSeconds} s',
      observation: '{observation}',
      location: 'location',
      confidence: 'medium',
      evidence: ['ownPct', 'selfPct', 'totalPct', 'profiledMs', 'sourceLine', 'package'],
    },
  },
]

/** CPU marks kept: the snapshot's window is the time since the oldest. */
const WINDOW = 10

/** Profiles of main, by the gateway's inspector and within its budget of pauses. */
export const profilerOutside: OutsidePart = {
  id: 'profiler',
  make: (context) => new ProfilerHalf(context),
}

class ProfilerHalf implements OutsideHalf {
  readonly skill: BuiltInSkill
  readonly #context: SkillContext
  #marks: { readonly at: number; readonly runMs: number }[] = []
  #profiles = 0

  constructor(context: SkillContext) {
    this.#context = context
    this.skill = {
      id: 'profiler',
      title: 'CPU and allocation profiler',
      description:
        'Which functions and lines of the main thread take the CPU or allocate memory, on demand.',
      systemPrompt: PROMPT,
      watch: [],
      drilldown: DRILLDOWN,
      snapshot: async () => ({ data: this.#snapshot(), via: 'outside' }),
      callbacks: this.#callbacks(),
    }
  }

  /** Every second, from outside of main: one small read of /proc. */
  readonly tick = (now: number): void => {
    const state = readMainThread()
    if (state !== undefined)
      this.#marks = [...this.#marks, { at: now, runMs: state.runMs }].slice(-WINDOW)
  }

  #snapshot(): JsonRecord {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)]
    const wallMs = first === undefined || last === undefined ? 0 : last.at - first.at
    const runMs = first === undefined || last === undefined ? 0 : last.runMs - first.runMs
    return {
      mainCpuPct: wallMs === 0 ? 0 : Math.min(100, Math.round((100 * runMs) / wallMs)),
      windowSeconds: Math.round(wallMs / 1000),
      profilesTaken: this.#profiles,
      isRecording: isRecording(this.#context.inspector),
      pausedMs1m: Math.round(this.#context.inspector.spentMs),
    }
  }

  #callbacks(): Record<string, BuiltInCallback> {
    const limit = countInput(1, 50, 10)
    return {
      profiler_cpu: builtInCallback({
        doc: 'Profiles the CPU of the main thread and gives the functions of the application by their share, the hottest first: function, file, line (the hottest), selfPct, ownPct (with the packages and natives it calls), totalPct (with everything below), package, sourceLine, observation; idlePct, gcPct of the whole. { milliseconds = 1000 (100 to 5000), limit = 10 }',
        input: v.strictObject({ milliseconds: countInput(100, 5000, 1000), limit }),
        effect: { probe: { mainPauseMs: 60 } },
        defaultTimeoutMs: 15_000,
        run: (input, options) => this.#cpu(input.milliseconds, input.limit, options),
      }),
      profiler_allocations: builtInCallback({
        doc: "Samples allocations of the main thread: what = 'kept' (default) gives what was allocated in the time and is still alive, what = 'all' also what died. Rows, most bytes first: function, file, line (of the function), kb, kbPerSecond, sharePct, package, observation. Buffers are not seen. { milliseconds = 3000 (500 to 10000), what, limit = 10 }",
        input: v.strictObject({
          milliseconds: countInput(500, 10_000, 3000),
          what: v.optional(v.picklist(['kept', 'all']), 'kept'),
          limit,
        }),
        effect: { probe: { mainPauseMs: 300 } },
        defaultTimeoutMs: 25_000,
        run: async ({ milliseconds: forMs, what, limit: most }, { signal }) => {
          const rows = await allocationRows(this.#context, { forMs, what, limit: most, signal })
          this.#profiles += 1
          return rows
        },
      }),
    }
  }

  async #cpu(milliseconds: number, limit: number, { signal }: RunOptions): Promise<JsonRecord[]> {
    const { inspector, ownFolders } = this.#context
    const startedAt = epochMs()
    const summary = summarizeCpu(await recordCpu(inspector, milliseconds, signal), ownFolders)
    this.#profiles += 1
    const profiledMs = Math.round(epochMs() - startedAt)
    const share = shareRow(summary)
    return summary.functions
      .slice(0, limit)
      .map((entry) => ({ ...cpuRow(entry, summary, this.#context), ...share, profiledMs }))
  }
}
