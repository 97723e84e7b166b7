import type { ThreadState } from '../gateway/thread-state.ts'

/** Time on a CPU and time spent waiting for one, since the thread began. */
export type CpuTimes = Pick<ThreadState, 'runMs' | 'waitMs'>

/** Waiting for less than this share of the wall's time slows nothing. */
const LEAST_WAIT = 0.03

/**
 * Whether a thread spent more than a share of its time awake waiting for a CPU: then latencies and delays speak of
 * the machine. Pure.
 *
 * @param starvedPct 0 to 100; 100: never.
 */
export function isStarved(
  before: CpuTimes,
  after: CpuTimes,
  wallMs: number,
  starvedPct: number,
): boolean {
  const waitMs = after.waitMs - before.waitMs
  const awakeMs = after.runMs - before.runMs + waitMs
  if (wallMs <= 0 || waitMs < wallMs * LEAST_WAIT) return false
  return (100 * waitMs) / awakeMs > starvedPct
}

/** Readings that are remembered: an hour of them at the default pace. */
const REMEMBERED = 360
/** So many must be known before starvation can be what is usual. */
const LEAST_KNOWN = 12

/**
 * Decides which readings are left out: those of a starved main thread, unless half of all are such. Where a machine is
 * always crowded, that is what is usual there.
 */
export class StarvationBook {
  #starved: boolean[] = []

  /** Whether the reading is left out. */
  take(isStarvedNow: boolean): boolean {
    const before = this.#starved
    this.#starved = [...before, isStarvedNow].slice(-REMEMBERED)
    if (!isStarvedNow) return false
    const isUsual = before.filter(Boolean).length * 2 >= before.length
    return !(isUsual && before.length >= LEAST_KNOWN)
  }
}
