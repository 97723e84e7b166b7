/** A reading at one moment. */
interface Reading {
  readonly at: number
  readonly value: number
}

/** How a number moved over a stretch of time. */
export interface Trend {
  /** On the straight line, at its beginning and its end; never below 0. */
  readonly from: number
  readonly to: number
  readonly overMs: number
  readonly slopePerSecond: number
  /** Kendall's tau: 1 every later reading is higher than every earlier one, 0 no order, -1 always falling. */
  readonly steadiness: number
  readonly readings: number
}

const LEAST_READINGS = 5
const MOST_READINGS = 40

/**
 * The trend of some readings, oldest first; undefined of fewer than five. Pure.
 *
 * The slope is the median of the slopes of all pairs (Theil-Sen), which a few odd readings do not turn.
 * @see https://en.wikipedia.org/wiki/Theil%E2%80%93Sen_estimator
 * @see https://en.wikipedia.org/wiki/Kendall_rank_correlation_coefficient
 */
export function trendOf(all: readonly Reading[]): Trend | undefined {
  const points = thinned(all)
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < LEAST_READINGS) return undefined
  const overMs = last.at - first.at
  if (overMs <= 0) return undefined
  // at rest most numbers stand still, and this runs each other second for several of them
  if (points.every(({ value }) => value === first.value)) return flat(first.value, overMs, points)
  const { slopes, order } = pairsOf(points)
  const slope = median(slopes)
  const middle = median(points.map(({ at, value }) => value - slope * (at - first.at)))
  return {
    from: Math.max(0, middle),
    to: Math.max(0, middle + slope * overMs),
    overMs,
    slopePerSecond: slope * 1000,
    steadiness: order / Math.max(1, slopes.length),
    readings: points.length,
  }
}

function flat(value: number, overMs: number, points: readonly Reading[]): Trend {
  const level = Math.max(0, value)
  const { length: readings } = points
  return { from: level, to: level, overMs, slopePerSecond: 0, steadiness: 0, readings }
}

/** The slopes of all pairs, and how many rise more than fall. */
function pairsOf(points: readonly Reading[]): { slopes: number[]; order: number } {
  const slopes: number[] = []
  let order = 0
  points.forEach((early, index) => {
    for (let other = index + 1; other < points.length; other += 1) {
      const late = points[other]
      if (late === undefined || late.at <= early.at) continue
      slopes.push((late.value - early.value) / (late.at - early.at))
      order += Math.sign(late.value - early.value)
    }
  })
  return { slopes, order }
}

/** When a number that grows reaches a limit. */
export interface Forecast {
  readonly seconds: number
  /** 'high': it grows steadily, and was watched for a fifth of the time that is left. */
  readonly confidence: 'high' | 'medium' | 'low'
}

/** What lies further away is no forecast. */
const FURTHEST_SECONDS = 86_400

/** Extrapolates to a limit; undefined: it does not grow, or is a day away. Pure. */
export function timeTo(limit: number, trend: Trend | undefined): Forecast | undefined {
  if (trend === undefined || trend.slopePerSecond <= 0 || trend.steadiness < 0.4) return undefined
  const seconds = Math.max(0, (limit - trend.to) / trend.slopePerSecond)
  if (seconds > FURTHEST_SECONDS) return undefined
  const { steadiness } = trend
  const reach = (seconds * 1000) / trend.overMs
  if (steadiness >= 0.85 && reach <= 5) return { seconds, confidence: 'high' }
  return { seconds, confidence: steadiness >= 0.65 && reach <= 20 ? 'medium' : 'low' }
}

/** Growth that counts: steady, large in itself, and large against where it began. */
export function isGrowing(
  trend: Trend | undefined,
  limits: { readonly least: number; readonly factor: number },
): boolean {
  if (trend === undefined || trend.steadiness < 0.6) return false
  const { from, to } = trend
  return to - from >= limits.least && to >= from * limits.factor
}

/** The last readings each rose over the one before, together by so much and to so many times the first. Pure. */
export function isRising(
  points: readonly Reading[],
  limits: { readonly least: number; readonly factor: number; readonly rises: number },
): boolean {
  const tail = points.slice(-1 - limits.rises)
  const [first] = tail
  const last = tail.at(-1)
  if (first === undefined || last === undefined || tail.length <= limits.rises) return false
  const isSteady = tail.slice(1).every(({ value }, index) => value > (tail[index]?.value ?? value))
  const { least, factor } = limits
  return isSteady && last.value - first.value >= least && last.value >= first.value * factor
}

/** Evenly chosen, the last one always. */
function thinned(points: readonly Reading[]): readonly Reading[] {
  if (points.length <= MOST_READINGS) return points
  const step = (points.length - 1) / (MOST_READINGS - 1)
  return Array.from(
    { length: MOST_READINGS },
    (_, index) => points[Math.round(index * step)],
  ).filter((point) => point !== undefined)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
