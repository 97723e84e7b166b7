import * as v from 'valibot'
import {
  type BuiltInCallback,
  type BuiltInSkill,
  builtInCallback,
  countInput,
} from '../built-in-skill.ts'
import type { DrillStep } from '../contract.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { SystemFiles } from '../os/system-files.ts'
import { RaiseOnce } from '../rates/raise-once.ts'
import { ROW_WORDS } from '../row-words.ts'
import { bufferRows } from './buffers.ts'
import { addonsOf, round1, spaceRows } from './levels.ts'
import { findingRow, levelRow } from './rows.ts'
import type { AllocatorFinding, AllocatorTrouble } from './verdict.ts'
import { AllocatorWatch } from './watch.ts'

const PROMPT = `You watch where the memory of the process is: the spaces of V8's heap, external memory (Buffers), malloc, and the
resident memory (rssMb) that nothing of these explains. Normal: rssMb well above heapUsedMb (code, stacks, what V8 keeps for later);
unexplainedMb of 20 to 80 MB, and 10 more for each thread: only its growth says something, and then it is native code, heaps of
worker threads or fragmentation: say so, and do not guess which. External memory that keeps growing means that Buffers are retained:
the skill tables names the collection if there is one, allocator_buffers who makes them. heapCommittedMb far above heapUsedMb after a
peak is no leak.`

/** What each brings about elsewhere. */
const CONSEQUENCES = ['vm_rssPctOfMemory', 'os_memory_near_limit', 'os_oom_killed', 'gc_pressure']

function step(trouble: AllocatorTrouble): DrillStep {
  return {
    id: trouble,
    when: [{ field: 'troubles', above: 0 }],
    code: 'return allocator_findings({})',
    rows: [{ field: 'trouble', equals: trouble }],
    limit: 1,
    notify: {
      type: `allocator_${trouble}`,
      ...ROW_WORDS,
      context:
        'Resident {snapshot.rssMb} MB: heap {snapshot.heapPhysicalMb} MB, external {snapshot.externalMb} MB, unexplained {snapshot.unexplainedMb} MB',
      evidence: [
        'from',
        'to',
        'overSeconds',
        'growthPerMinute',
        'rssMb',
        'heapUsedMb',
        'arrayBuffersMb',
        'addons',
      ],
      explains: CONSEQUENCES,
    },
  }
}

const DRILLDOWN = (
  ['external_growth', 'native_growth', 'contexts_growth', 'fragmentation'] as const
).map(step)

/** How often is judged by itself, and how often in a row the same before it is raised. */
const JUDGE_EVERY_MS = 10_000
const LASTING = 2
const WATCH_MS = 1500

/** Where memory is beside the live data of the heap, and what of it grows. */
export const allocatorOutside: OutsidePart = {
  id: 'allocator',
  make: (context) => new AllocatorHalf(context),
}

class AllocatorHalf implements OutsideHalf {
  readonly skill: BuiltInSkill
  readonly #context: SkillContext
  readonly #watch: AllocatorWatch
  readonly #files = new SystemFiles()
  readonly #raised = new RaiseOnce()
  readonly #lasting = new Map<string, number>()
  #judgedAt = 0

  constructor(context: SkillContext) {
    this.#context = context
    this.#watch = new AllocatorWatch(context, this.#files)
    this.skill = {
      id: 'allocator',
      title: 'Memory beside the heap',
      description:
        'V8 heap spaces, external memory and Buffers, malloc, RSS that V8 does not explain (native memory leaks), fragmentation.',
      systemPrompt: PROMPT,
      watch: [],
      drilldown: DRILLDOWN,
      snapshot: async () => ({ data: this.#snapshot(), via: 'outside' }),
      callbacks: this.#callbacks(),
    }
  }

  readonly tick = (now: number): void => {
    this.#watch.tick(now)
    if (now - this.#judgedAt < JUDGE_EVERY_MS || !this.#context.isUp()) return
    this.#judgedAt = now
    this.#raiseAll(now)
  }

  readonly metrics = (): MetricReadings => this.#watch.metrics()

  /** Growth of external memory has a signal of its own. */
  #raiseAll(now: number): void {
    const telling = this.#watch
      .findings()
      .filter(({ trouble, isTelling }) => isTelling && trouble !== 'external_growth')
    const keys = new Set<string>(telling.map(({ trouble }) => trouble))
    for (const key of this.#lasting.keys()) if (!keys.has(key)) this.#lasting.delete(key)
    for (const finding of telling) {
      const key = finding.trouble
      const readings = (this.#lasting.get(key) ?? 0) + 1
      this.#lasting.set(key, readings)
      if (readings < LASTING || !this.#raised.take(key, now)) continue
      const row = findingRow(finding, this.#watch.levels(), { addons: [] })
      const reason = `${textOf(row['observation'])}.`
      this.#context.raise({ skill: 'allocator', key, severity: 'warning', reason })
    }
  }

  #snapshot(): JsonRecord {
    const levels = this.#watch.levels()
    const { heapCommittedMb, heapUsedMb } = levels
    return {
      ...levelRow(levels),
      heapUnusedPct:
        heapCommittedMb === 0 ? null : round1(100 * (1 - heapUsedMb / heapCommittedMb)),
      globalHandlesKb: Math.round(this.#context.reader.gauge('globalHandleBytes') / 1024),
      troubles: this.#watch.findings().length,
    }
  }

  #callbacks(): Record<string, BuiltInCallback> {
    const nothing = v.strictObject({})
    return {
      allocator_memory: builtInCallback({
        doc: 'Where the memory is, in MB: rssMb, anonymousMb and fileMb (of it), heapCommittedMb, heapUsedMb, heapPhysicalMb (main), externalMb, arrayBuffersMb (of it), mallocedMb (by V8), ownHeapMb (nodelens), unexplainedMb, threads, contexts, detachedContexts. null: not told by this platform. How each was before: base_history of allocator_….',
        input: nothing,
        run: () => levelRow(this.#watch.levels()),
      }),
      allocator_spaces: builtInCallback({
        doc: "The spaces of main's V8 heap, the largest first: name, usedMb, committedMb (taken from the system), physicalMb, usedPct (the rest is free for later, or fragmented).",
        input: nothing,
        run: () => spaceRows(this.#context.reader.spaces()),
      }),
      allocator_addons: builtInCallback({
        doc: 'Packages whose native addons are loaded: what can leak native memory. Empty where the platform does not tell.',
        input: nothing,
        run: () => this.#addons(),
      }),
      allocator_buffers: builtInCallback({
        doc: 'Watches for some time which places of the application make Buffers of 1 KB and more (Buffer.alloc, from, concat …; not what Node makes for files and sockets), most bytes first: location {file, line, function}, count, meanKb, sharePct, mbPerSecond, alivePct (of those looked at, at the end; a collection may be due). { watchMs = 1500 }',
        input: v.strictObject({ watchMs: countInput(200, 8000, WATCH_MS) }),
        effect: { probe: { mainPauseMs: 5 } },
        defaultTimeoutMs: 12_000,
        run: ({ watchMs }) => bufferRows(this.#context, watchMs),
      }),
      allocator_findings: builtInCallback({
        doc: 'What grows steadily, over minutes or hours: trouble (external_growth, native_growth, contexts_growth; as info: fragmentation), from, to, overSeconds, growthPerMinute, location of who makes the Buffers where one place makes most, addons, observation, explanation, remedy. Empty when nothing does.',
        input: nothing,
        effect: { probe: { mainPauseMs: 5 } },
        defaultTimeoutMs: 12_000,
        run: () => this.#rows(),
      }),
    }
  }

  #addons(): string[] {
    return addonsOf(this.#files.text('/proc/self/maps') ?? '')
  }

  async #rows(): Promise<JsonRecord[]> {
    const findings = this.#watch.findings()
    if (findings.length === 0) return []
    const levels = this.#watch.levels()
    const buffers = await this.#buffers(findings)
    const suspects = { buffers, addons: this.#addons() }
    return findings.map((finding) => findingRow(finding, levels, suspects))
  }

  /** Who makes most Buffers now; undefined where that does not matter, or main does not answer. */
  async #buffers(findings: readonly AllocatorFinding[]): Promise<JsonRecord | undefined> {
    if (!findings.some(({ trouble }) => trouble === 'external_growth')) return undefined
    const rows = await bufferRows(this.#context, WATCH_MS).catch((): JsonRecord[] => [])
    return rows[0]
  }
}
