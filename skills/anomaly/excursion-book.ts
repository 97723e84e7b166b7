import type { Excursion } from './cusum.ts'

/** Excursions kept of one metric and direction. */
const KEPT = 12
/** After this long they are forgotten: a little more than a week, for what happens once a week. */
const FORGET_MS = 8 * 86_400_000
/** Beyond what passed by itself before, an excursion must be so many times the evidence. */
const MORE_EVIDENCE = 2
/** Or go so much farther from the usual, on the scale: 1.7 times. */
const FARTHER = Math.log(1.7)
/** One that was told of is normal when it has come so often. */
const TOLD_OFTEN = 2

/** An excursion that ended by itself. */
export interface PastExcursion {
  readonly endedAt: number
  readonly peak: number
  readonly farthest: number
  /** It had been told of. */
  readonly told: boolean
}

/**
 * Excursions of one metric in one direction that ended by themselves. What comes and goes (a job at night, a
 * cache that is filled anew) is normal from then on: the next one must be longer or go farther.
 */
export class ExcursionBook {
  #past: PastExcursion[]

  constructor(past: readonly PastExcursion[] = []) {
    this.#past = past.slice(-KEPT)
  }

  get past(): readonly PastExcursion[] {
    return this.#past
  }

  /** Notes one that ended, if it was near to being told of. */
  note({ peak, farthest }: Excursion, endedAt: number, told: boolean, worthPeak: number): void {
    if (peak < worthPeak) return
    const kept = this.#past.filter((one) => endedAt - one.endedAt < FORGET_MS)
    kept.push({ endedAt, peak, farthest, told })
    // Of too many the smallest goes: the large ones say what is normal.
    if (kept.length > KEPT) kept.splice(smallestOf(kept), 1)
    this.#past = kept
  }

  /** Such an excursion has come and gone before. */
  knows({ peak, farthest }: Excursion, now: number): boolean {
    const similar = this.#past.filter(
      (one) =>
        now - one.endedAt < FORGET_MS &&
        peak < one.peak * MORE_EVIDENCE &&
        farthest < one.farthest + FARTHER,
    )
    return similar.some(({ told }) => !told) || similar.length >= TOLD_OFTEN
  }
}

function smallestOf(past: readonly PastExcursion[]): number {
  const least = Math.min(...past.map(({ peak }) => peak))
  return past.findIndex(({ peak }) => peak === least)
}
