import type { Point } from '../series.ts'
import { riseOf } from '../series.ts'

/** The live data after full collections, and where it leads. */
export interface FloorTrend {
  readonly fromMb: number
  readonly toMb: number
  readonly overMs: number
  readonly mbPerMinute: number
  readonly limitMb: number
  /** When the heap is full at this pace. */
  readonly minutesToLimit: number
  /** It has risen for so long, or leads to the limit so soon, that it is told by itself. */
  readonly isTelling: boolean
}

const LEAST_MB = 30
/** Steady growth over this time is told … */
const LONG_MS = 600_000
const LONG_MB = 50
const LONG_MINUTES_LEFT = 24 * 60
/** … or over this time, when little is left. */
const SHORT_MS = 60_000
const SHORT_MINUTES_LEFT = 15
const READINGS = 5
const MINUTE_MS = 60_000

/**
 * Whether the floor under the heap rises steadily. A cache that fills grows as well, but it slows down, and in
 * most cases leads nowhere near the limit. Pure.
 *
 * @param floors Live data in MB after full collections, oldest first.
 */
export function floorTrend(floors: readonly Point[], limitMb: number): FloorTrend | undefined {
  const rise = riseOf(floors, { least: LEAST_MB, factor: 1.3, readings: READINGS })
  if (rise === undefined || limitMb <= 0) return undefined
  const grownMb = rise.to - rise.from
  const mbPerMinute = (grownMb * MINUTE_MS) / Math.max(rise.overMs, 1)
  const minutesToLimit = Math.max(0, (limitMb - rise.to) / mbPerMinute)
  const isLong = rise.overMs >= LONG_MS && grownMb >= LONG_MB && minutesToLimit <= LONG_MINUTES_LEFT
  const isSoon = rise.overMs >= SHORT_MS && minutesToLimit <= SHORT_MINUTES_LEFT
  return {
    fromMb: rise.from,
    toMb: rise.to,
    overMs: rise.overMs,
    mbPerMinute,
    limitMb,
    minutesToLimit,
    isTelling: isLong || isSoon,
  }
}
