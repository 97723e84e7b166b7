/** A value and how much it counts. */
export interface Weighted {
  readonly value: number
  readonly weight: number
}

/** The least value that has this share of all weight at or below it; NaN of none. */
export function quantileOf(values: readonly Weighted[], share: number): number {
  const sorted = values.toSorted((left, right) => left.value - right.value)
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { value, weight } of sorted) {
    below += weight
    // a rounding error of the sum must not skip the value that is meant
    if (below >= total * share * (1 - 1e-9)) return value
  }
  return sorted.at(-1)?.value ?? Number.NaN
}

/** Slope of the straight line through spans, by least squares, in units a millisecond; 0 where there is none. */
export function slopeOf(
  spans: readonly { readonly at: number; readonly mean: number; readonly count: number }[],
): number {
  const weight = spans.reduce((sum, { count }) => sum + count, 0)
  if (weight === 0) return 0
  const origin = spans[0]?.at ?? 0
  const middle = spans.reduce((sum, { at, count }) => sum + (at - origin) * count, 0) / weight
  const level = spans.reduce((sum, { mean, count }) => sum + mean * count, 0) / weight
  let covariance = 0
  let variance = 0
  for (const { at, mean, count } of spans) {
    const distance = at - origin - middle
    covariance += count * distance * (mean - level)
    variance += count * distance * distance
  }
  return variance === 0 ? 0 : covariance / variance
}
