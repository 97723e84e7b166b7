import type { HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import { readMainThread } from '../gateway/thread-state.ts'
import { PAUSE_BUCKETS_MS } from '../probe/layout.ts'

/** Main's collections so far, and the time that it has had. */
export interface GcMark {
  readonly at: number
  readonly beats: number
  readonly minors: number
  readonly minorMs: number
  readonly majors: number
  readonly majorMs: number
  /** Of the full ones, those that code asked for. */
  readonly forced: number
  readonly totalMs: number
  readonly minorPauses: readonly number[]
  readonly majorPauses: readonly number[]
  /** On a CPU; undefined where the kernel does not tell. */
  readonly runMs: number | undefined
}

/** What happened between two marks. */
export interface GcWindow {
  readonly spanMs: number
  readonly sharePct: number
  /** The share, but no more than main was on a CPU: what is beyond is other processes' time. */
  readonly ownSharePct: number
  /** Share of the time in which main was on a CPU; 100 where the kernel does not tell. */
  readonly runPct: number
  readonly minorPerSecond: number
  readonly minorMs: number
  readonly majorPerMinute: number
  readonly majors: number
  readonly majorMs: number
  readonly forced: number
  readonly minorP99Ms: number
  readonly majorP50Ms: number
  readonly longestMs: number
}

export function markOf(reader: HeartbeatReader, at: number): GcMark {
  return {
    at,
    beats: reader.beats,
    minors: reader.gauge('gcMinorCount'),
    minorMs: reader.gauge('gcMinorMs'),
    majors: reader.gauge('gcMajorCount'),
    majorMs: reader.gauge('gcMajorMs'),
    forced: reader.gauge('gcForcedCount'),
    totalMs: reader.gauge('gcTotalMs'),
    minorPauses: reader.pauses('minor'),
    majorPauses: reader.pauses('major'),
    runMs: readMainThread()?.runMs,
  }
}

/** Pure. Shares are of the wall clock. */
export function windowOf(from: GcMark, to: GcMark): GcWindow {
  const spanMs = Math.max(to.at - from.at, 1)
  const sharePct = Math.min(100, (100 * (to.totalMs - from.totalMs)) / spanMs)
  const runPct = runPctOf(from, to, spanMs)
  const minorPauses = differences(from.minorPauses, to.minorPauses)
  const majorPauses = differences(from.majorPauses, to.majorPauses)
  return {
    spanMs,
    sharePct,
    ownSharePct: Math.min(sharePct, runPct),
    runPct,
    minorPerSecond: ((to.minors - from.minors) * 1000) / spanMs,
    minorMs: to.minorMs - from.minorMs,
    majorPerMinute: ((to.majors - from.majors) * 60_000) / spanMs,
    majors: to.majors - from.majors,
    majorMs: to.majorMs - from.majorMs,
    forced: to.forced - from.forced,
    minorP99Ms: pauseAt(minorPauses, 0.99),
    majorP50Ms: pauseAt(majorPauses, 0.5),
    longestMs: Math.max(pauseAt(minorPauses, 1), pauseAt(majorPauses, 1)),
  }
}

/** A collection that is interrupted by another process lasts longer: that is no fault of the heap. */
function runPctOf(from: GcMark, to: GcMark, spanMs: number): number {
  if (from.runMs === undefined || to.runMs === undefined) return 100
  return (100 * Math.max(0, to.runMs - from.runMs)) / spanMs
}

function differences(from: readonly number[], to: readonly number[]): number[] {
  return to.map((count, index) => Math.max(0, count - (from[index] ?? 0)))
}

/** Upper bound of the bucket in which the share lies; 0 of none. */
export function pauseAt(buckets: readonly number[], share: number): number {
  const total = buckets.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (const [index, count] of buckets.entries()) {
    below += count
    if (count > 0 && below >= total * share) {
      const last = PAUSE_BUCKETS_MS.at(-1) ?? 0
      return PAUSE_BUCKETS_MS[index] ?? last * 2
    }
  }
  return 0
}
