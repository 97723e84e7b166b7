import { isGrowing, type Trend } from './trend.ts'

/** Where what comes in piles up. */
export type Bottleneck =
  | 'main_thread'
  | 'thread_pool'
  | 'database'
  | 'upstream'
  | 'slow_clients'
  | 'unknown'

/** Numbers of now and of before; undefined: not known. */
export interface Load {
  /** Requests that came in and have no answer yet. */
  readonly waiting: Trend | undefined
  readonly waitingNow: number
  readonly inPerSecond: number | undefined
  readonly inPerSecondBefore: number | undefined
  readonly loopPct: number | undefined
  readonly loopPctBefore: number | undefined
  readonly upstream: Trend | undefined
  readonly poolRequests: Trend | undefined
  readonly databaseWaiting: number
  readonly responseMb: Trend | undefined
  readonly socketMb: Trend | undefined
}

/** What is judged of it. */
export interface Overload {
  readonly isGrowing: boolean
  readonly bottleneck: Bottleneck
  /** More comes in than before, at the cost per request of before. */
  readonly isSurge: boolean
  /** How long who comes now waits at this pace of answers (Little's law), milliseconds. */
  readonly waitMs: number | undefined
}

/** Requests without an answer that count, and how many times as many as before. */
const WAITING = { least: 25, factor: 2 }
const POOL = { least: 16, factor: 2 }
const UPSTREAM = { least: 20, factor: 2 }
const BYTES_MB = { least: 16, factor: 2 }
const BUSY_PCT = 90
const SURGE = 1.5
/** The loop's time for one request may be so many times that of before. */
const SAME_COST = 1.4
const LEAST_PER_SECOND = 5

/** Judges the load. Pure. */
export function judgeLoad(load: Load): Overload {
  const { inPerSecond, waitingNow } = load
  const waitMs =
    inPerSecond === undefined || inPerSecond <= 0 ? undefined : (waitingNow / inPerSecond) * 1000
  return {
    isGrowing: isGrowing(load.waiting, WAITING),
    bottleneck: bottleneckOf(load),
    isSurge: isSurge(load),
    waitMs,
  }
}

/** The narrowest place that shows: what waits elsewhere comes before a busy loop, which may be a mere consequence. */
function bottleneckOf(load: Load): Bottleneck {
  if (load.databaseWaiting >= 5) return 'database'
  if (isGrowing(load.poolRequests, POOL)) return 'thread_pool'
  if ((load.loopPct ?? 0) >= BUSY_PCT) return 'main_thread'
  if (isGrowing(load.upstream, UPSTREAM)) return 'upstream'
  if (isGrowing(load.responseMb, BYTES_MB) || isGrowing(load.socketMb, BYTES_MB))
    return 'slow_clients'
  return 'unknown'
}

/** What comes is what is answered and what is added to those that wait. */
function isSurge({
  waiting,
  inPerSecond,
  inPerSecondBefore,
  loopPct,
  loopPctBefore,
}: Load): boolean {
  if (inPerSecond === undefined || inPerSecondBefore === undefined) return false
  const comes = inPerSecond + Math.max(0, waiting?.slopePerSecond ?? 0)
  if (inPerSecondBefore < LEAST_PER_SECOND || comes < inPerSecondBefore * SURGE) return false
  if (loopPct === undefined || loopPctBefore === undefined || loopPct < BUSY_PCT) return false
  const before = loopPctBefore / inPerSecondBefore
  return loopPct / Math.max(inPerSecond, 0.1) <= before * SAME_COST
}
