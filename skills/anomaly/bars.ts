import type { Role } from './traits.ts'

/** How much it takes until a change counts. */
export interface Bar {
  /** A shift up to this is no change, on the scale: 0.69 is a doubling. */
  readonly margin: number
  /** Evidence that is needed, in spreads beyond the margin; a reading gives 3 at most. */
  readonly evidence: number
  /** Readings that the change must have lasted. */
  readonly readings: number
}

/**
 * What hurts is told within half a minute. What is merely used more is told when it lasts for ten minutes:
 * jobs use much for a while, and that is their work. Work that vanishes is told only against the time of day.
 * Chosen on the simulated fortnights of `bench/fortnight`, seeds 1 to 8; judged there on other seeds.
 */
export const BARS: Readonly<Record<Role, Bar>> = {
  pain: { margin: Math.log(1.6), evidence: 10, readings: 3 },
  use: { margin: Math.log(2.2), evidence: 90, readings: 90 },
  other: { margin: Math.log(2), evidence: 60, readings: 60 },
  work: { margin: Math.log(4), evidence: 60, readings: 60 },
}

/** Against the same hours of days before, in steps of ten minutes. */
export const SLOW_BAR: Bar = { margin: Math.log(1.4), evidence: 18, readings: 6 }

/** Added to the margin while little is known: of a metric, or of a new version of the application. */
export const WIDENED = Math.log(3)

/** A metric with a spread beyond this, on the scale, needs more evidence in proportion, up to four times. */
const CALM_SPREAD = 0.15
const MOST_NOISE = 4
/** Of a metric that is not known for two days yet, up to so many times the evidence. */
const YOUNG = 10

/** The evidence that a metric needs. @param maturity 0 to 1 */
export function evidenceNeeded({ evidence }: Bar, spread: number, maturity: number): number {
  const noise = Math.min(MOST_NOISE, Math.max(1, spread / CALM_SPREAD))
  return evidence * noise * (1 + (YOUNG - 1) * (1 - maturity) ** 2)
}
