import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { type BuiltInSkill, builtInCallback, countInput } from '../built-in-skill.ts'
import type { DrillStep } from '../contract.ts'
import type { GcEvent, HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import type { Inspector } from '../gateway/inspector.ts'
import { parseStackSample, STACK_EXPRESSION } from '../gateway/stack-sample.ts'
import { readMainThread } from '../gateway/thread-state.ts'
import type { MetricReadings } from '../history/feed.ts'
import type { Json, JsonRecord } from '../json.ts'
import { OVERLOAD_TYPES } from '../overload/types.ts'
import { epochMs } from '../probe/clock.ts'
import { frameText } from '../source/frame.ts'
import { KEEP_MS, type StallLog } from './stall-log.ts'
import type { StallWatch } from './stall-watch.ts'

const PROMPT = `You watch for what stops the event loop of this Node.js process: code that holds the main
thread, and long garbage collections. Everything you read is measured from another thread, so it is
there while the main thread is stuck.
Normal: no stall, or a few below 300 ms at start-up and first use; minor collections below 20 ms,
major ones below 100 ms. A row with kind 'starved' means that the machine gave the process no CPU:
that is not the application's fault. Look first at vm_events_stalls: each row names the function, file
and line that held the loop, how sure that is, and a remedy. Say the facts of the row as they are; do not guess
another cause when the row has one.`

const DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'stalls',
    when: [{ field: 'stallCount5m', above: 0 }],
    code: 'return vm_events_stalls({ limit = 5 })',
    rows: [{ field: 'reportable', equals: true }],
    limit: 3,
    notify: {
      type: 'vm_events_event_loop_blocked',
      severity: '{severity}',
      context:
        'Stalls of the event loop in the last 5 minutes: {snapshot.stallCount5m}; now blocked: {snapshot.isBlocked}',
      observation: '{observation}',
      hypothesis: '{explanation}',
      remediation: '{remedy}',
      location: 'culprit',
      confidence: '{confidence}',
      evidence: [
        'kind',
        'count',
        'longestMs',
        'totalMs',
        'cpuSharePct',
        'looks',
        'looksSharePct',
        'detail',
        'pattern',
        'sourceLine',
        'heapMb',
        'heapLimitMb',
        'stack',
      ],
      explains: [
        ...OVERLOAD_TYPES,
        'vm_loopDelayP99Ms',
        'vm_loopUtilizationPct',
        'vm_gcSharePct',
        'vm_heapUsedPct',
        'gc_pressure',
      ],
    },
  },
  {
    id: 'long_gcs',
    when: [{ field: 'longestGc5mMs', above: 500 }],
    code: 'return vm_events_long_gcs({ limit = 3 })',
    rows: [{ field: 'durationMs', above: 500 }],
    limit: 1,
    notify: {
      type: 'vm_events_long_gc',
      severity: 'warning',
      context: 'Garbage collections listed in the last 5 minutes: {snapshot.longGcCount5m}',
      observation:
        'A {kind} garbage collection stopped the main thread for {durationMs} ms; {heapUsedMb} MB of heap were in use after it',
      hypothesis: 'The heap holds much live data, which each major collection has to walk',
      remediation: 'See what the heap holds (tables skill), and allocate less per request',
      evidence: ['kind', 'durationMs', 'at', 'heapUsedMb'],
    },
  },
]

export interface VmEventsParts {
  readonly reader: HeartbeatReader
  readonly inspector: Inspector
  readonly watch: StallWatch
  readonly log: StallLog
  readonly ownFolders: readonly string[]
}

/** Event-loop stalls with their culprit, and long garbage collections; needs nothing of main. */
export function vmEventsSkill(parts: VmEventsParts): BuiltInSkill {
  const { log } = parts
  const input = v.strictObject({ limit: countInput(1, 50, 5) })
  return {
    id: 'vm_events',
    title: 'Event-loop stalls and long garbage collections',
    description: 'What blocks the main thread, down to function, file and line; long collections.',
    systemPrompt: PROMPT,
    watch: [],
    drilldown: DRILLDOWN,
    snapshot: async () => ({ data: snapshot(parts), via: 'outside' }),
    callbacks: {
      vm_events_stalls: builtInCallback({
        doc: 'Places that blocked the event loop in the last 5 minutes, the worst first: kind, severity, count, longestMs, totalMs, culprit {file, line, function, package}, confidence, observation, explanation, remedy, stack. A stall that has just begun is first watched until it ends or can be judged, 1.5 s at most. { limit = 5 }',
        input,
        run: async ({ limit }) => {
          await untilJudged(parts)
          return log.rows(limit, epochMs())
        },
      }),
      vm_events_long_gcs: builtInCallback({
        doc: 'Major garbage collections, and minor ones from 20 ms, newest first: at, kind, durationMs, heapUsedMb (after it). { limit = 5 }',
        input,
        run: ({ limit }) => recentGcs(parts.reader).slice(0, limit).map(gcRow),
      }),
      vm_events_now: builtInCallback({
        doc: 'What the main thread does this moment: isBlocked, blockedMs, its stack (innermost first; empty when idle), and its state as the kernel sees it.',
        input: v.strictObject({}),
        effect: { probe: { mainPauseMs: 0.3 } },
        run: () => now(parts),
      }),
    },
  }
}

/** Numbers for the history. */
export function stallReadings(
  { log, watch }: Pick<VmEventsParts, 'log' | 'watch'>,
  now: number,
): MetricReadings {
  return {
    gauges: { blockedMs: watch.current?.durationMs ?? 0, stallCount5m: log.count(now) },
  }
}

function snapshot({ log, watch, reader }: VmEventsParts): JsonRecord {
  const at = epochMs()
  const places = log.places(at)
  const gcs = recentGcs(reader)
  const open = watch.current
  return {
    isBlocked: open !== undefined,
    blockedMs: Math.round(open?.durationMs ?? 0),
    stallCount5m: log.count(at),
    stallTotal5mMs: Math.round(places.reduce((total, place) => total + place.totals.totalMs, 0)),
    longestStall5mMs: Math.round(Math.max(0, ...places.map((place) => place.totals.longestMs))),
    longGcCount5m: gcs.filter((event) => event.durationMs >= 100).length,
    longestGc5mMs: Math.round(Math.max(0, ...gcs.map((event) => event.durationMs))),
  }
}

/** Of a stall as young as this nothing is certain yet: a native call shows its stack when it returns. */
const JUDGED_AFTER_MS = 1500

/** Waits for what is under way: who asks at a stall's first moment is not told that all is well. */
async function untilJudged({ watch, log }: VmEventsParts): Promise<void> {
  while ((watch.current?.durationMs ?? JUDGED_AFTER_MS) < JUDGED_AFTER_MS) {
    const isJudged = log
      .places(epochMs())
      .some(({ totals, severity }) => totals.ongoing && severity !== 'info')
    if (isJudged) return
    await delay(50, undefined, { ref: false })
  }
}

function recentGcs(reader: HeartbeatReader): GcEvent[] {
  const from = epochMs() - KEEP_MS
  return reader
    .gcEvents()
    .filter((event) => event.at > from)
    .toReversed()
}

function gcRow(event: GcEvent): JsonRecord {
  return {
    at: new Date(event.at).toISOString(),
    kind: event.kind,
    durationMs: Math.round(event.durationMs * 10) / 10,
    heapUsedMb: event.heapUsedBytes === 0 ? null : Math.round(event.heapUsedBytes / 1e5) / 10,
  }
}

async function now({ inspector, watch, ownFolders }: VmEventsParts): Promise<Json> {
  const state = readMainThread()
  const common = {
    isBlocked: watch.current !== undefined,
    blockedMs: Math.round(watch.current?.durationMs ?? 0),
    threadState: state?.state ?? null,
    syscall: state?.syscall ?? null,
    target: state?.target ?? null,
  }
  try {
    const options = { timeoutMs: 300, chargeMs: 0.3 }
    const sample = parseStackSample(await inspector.evaluate(STACK_EXPRESSION, options), ownFolders)
    return { ...common, answered: true, stack: sample.frames.slice(0, 30).map(frameText) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ...common, answered: false, why, stack: [] }
  }
}
