/** A reading counts as no more than this, up or down: a single one decides nothing, however wild. */
const CLIP = 3
/** So many readings in a row inside the normal band end an excursion. */
const CALM_READINGS = 6
/** Evidence is not counted beyond this. */
const MOST = 1e6

/** The evidence for a change in one direction. */
export interface Excursion {
  /** Evidence so far; 0: none. */
  sum: number
  /** The part of it that is beyond the room that the young and the new are given. */
  strict: number
  /** The most that it was. */
  peak: number
  /** Time of the last reading before it began, epoch milliseconds. */
  since: number
  /** Readings since then. */
  readings: number
  /** Readings in a row that were normal. */
  calm: number
  /** What was usual when it began, on the scale. */
  before: number
  /** The farthest from it, on the scale. */
  farthest: number
}

export function noExcursion(): Excursion {
  return { sum: 0, strict: 0, peak: 0, since: 0, readings: 0, calm: 0, before: 0, farthest: 0 }
}

/** One reading, seen in the direction in question. */
export interface Observed {
  /** Time of the reading before it, epoch milliseconds. */
  readonly previousAt: number
  /** How far beyond what is allowed, in spreads; negative inside. */
  readonly beyond: number
  /** More room, in spreads, because little is known. */
  readonly room: number
  /** How far from what is usual, on the scale, positive in the direction in question. */
  readonly shift: number
  /** What is usual, on the scale. */
  readonly usual: number
}

/**
 * Adds a reading's evidence. Returns the excursion that ended with this reading, if one did.
 *
 * One-sided cumulative sum with the allowance of half a shift replaced by a dead band, clipped readings, and
 * the last zero as the estimate of when the change began.
 * @see Page (1954), "Continuous inspection schemes", Biometrika 41; Hawkins (1993), "Robustification of
 * cumulative sum charts by winsorization", Journal of Quality Technology 25
 */
export function addEvidence(excursion: Excursion, observed: Observed): Excursion | undefined {
  const { previousAt, beyond, room, shift, usual } = observed
  if (excursion.sum === 0) {
    if (beyond <= 0) return undefined
    Object.assign(excursion, noExcursion(), { since: previousAt, before: usual })
  }
  excursion.readings += 1
  excursion.calm = beyond <= 0 ? excursion.calm + 1 : 0
  excursion.farthest = Math.max(excursion.farthest, shift)
  excursion.sum = added(excursion.sum, beyond)
  excursion.strict = added(excursion.strict, beyond - room)
  excursion.peak = Math.max(excursion.peak, excursion.sum)
  if (excursion.sum > 0 && excursion.calm < CALM_READINGS) return undefined
  const ended = { ...excursion }
  Object.assign(excursion, noExcursion())
  return ended
}

function added(sum: number, beyond: number): number {
  return Math.min(MOST, Math.max(0, sum + Math.min(CLIP, Math.max(-CLIP, beyond))))
}
