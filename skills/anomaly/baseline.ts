import type { AgedSketch } from './sketch.ts'

/** The spread is never taken to be smaller than this, on the scale: 10 %. Metrics that never vary have none. */
const LEAST_SPREAD = 0.1
/** Few readings say little of the spread: it is widened by so many readings' worth of doubt. */
const DOUBT = 8
/** The middle, the edges of 90 %, and those of about 68 %, between which lie two standard deviations of a bell curve. */
const SHARES = [0.05, 0.16, 0.5, 0.84, 0.95]

/** What is usual lately, on the scale. */
export interface Baseline {
  readonly low: number
  readonly middle: number
  readonly high: number
  readonly spread: number
  /** Readings that it rests on, by weight. */
  readonly readings: number
}

/** What is usual by a sketch; undefined while it is empty. */
export function baselineOf(sketch: AgedSketch, at: number): Baseline | undefined {
  const readings = sketch.weightAt(at)
  const [low = 0, below = 0, middle = Number.NaN, above = 0, high = 0] = sketch.quantiles(SHARES)
  if (Number.isNaN(middle)) return undefined
  const spread = Math.max(LEAST_SPREAD, (above - below) / 2) * (1 + DOUBT / Math.max(1, readings))
  return { low, middle, high, spread, readings }
}
