import { quantileOf, slopeOf } from './statistics.ts'

/** A reading of one metric. */
export interface HistoryPoint {
  /** Epoch milliseconds. */
  readonly at: number
  readonly value: number
}

/** The readings of one minute, or one reading: then all of its numbers are the same. */
export interface HistorySpan {
  /** Middle of the time, epoch milliseconds. */
  readonly at: number
  /** Readings in it. */
  readonly count: number
  readonly min: number
  readonly p50: number
  readonly mean: number
  readonly p95: number
  readonly max: number
  readonly last: number
}

/** What one metric did in a stretch of time. Numbers are in the metric's own unit. */
export interface HistorySummary {
  /** Times of the first and last reading, epoch milliseconds. */
  readonly from: number
  readonly to: number
  /** Readings. */
  readonly points: number
  readonly first: number
  readonly last: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  /** Of the straight line through all readings (least squares); 0 of fewer than three. */
  readonly slopePerMinute: number
  /** 'minutes': a part is older than the single readings; p50 and p95 are then close, not exact. */
  readonly resolution: 'readings' | 'minutes'
}

const MINUTE_MS = 60_000

/** One reading as a span. */
export function spanOf({ at, value }: HistoryPoint): HistorySpan {
  return {
    at,
    count: 1,
    min: value,
    p50: value,
    mean: value,
    p95: value,
    max: value,
    last: value,
  }
}

/** Sums up spans, oldest first; undefined of none. Pure. */
export function summarise(spans: readonly HistorySpan[]): HistorySummary | undefined {
  const [first] = spans
  const last = spans.at(-1)
  if (first === undefined || last === undefined) return undefined
  const points = spans.reduce((total, span) => total + span.count, 0)
  const mean = spans.reduce((total, span) => total + span.mean * span.count, 0) / points
  const atoms = spans.flatMap(atomsOf)
  return {
    from: first.at,
    to: last.at,
    points,
    first: first.mean,
    last: last.last,
    min: Math.min(...spans.map(({ min }) => min)),
    max: Math.max(...spans.map(({ max }) => max)),
    mean,
    p50: quantileOf(atoms, 0.5),
    p95: quantileOf(atoms, 0.95),
    slopePerMinute: points < 3 ? 0 : slopeOf(spans) * MINUTE_MS,
    resolution: spans.some(({ count }) => count > 1) ? 'minutes' : 'readings',
  }
}

/** A minute's readings as five values with weights that keep its own percentiles. */
function atomsOf({ count, min, p50, p95, max }: HistorySpan): { value: number; weight: number }[] {
  if (count === 1) return [{ value: p50, weight: 1 }]
  return [
    { value: min, weight: count * 0.25 },
    { value: p50, weight: count * 0.5 },
    { value: p95, weight: count * 0.2 },
    { value: max, weight: count * 0.05 },
  ]
}
