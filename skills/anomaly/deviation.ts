import { BARS, SLOW_BAR } from './bars.ts'
import type { Excursion } from './cusum.ts'
import type { Direction, Side } from './side.ts'
import type { MetricTrack } from './track.ts'
import { type Role, unscaled } from './traits.ts'

/** Below so many readings and so much evidence nothing is said: the most that two readings can give. */
const LEAST_READINGS = 3
const LEAST_EVIDENCE = 6

/** A metric that is not as usual. */
export interface Deviation {
  readonly id: string
  readonly role: Role
  readonly direction: Direction
  /** Against the last hours, or against the same hours of days before. */
  readonly against: 'hours' | 'days'
  /** Evidence; 1 is what it takes. */
  readonly score: number
  /** The last reading before it began, epoch milliseconds. */
  readonly since: number
  /** What was usual, and what is now, in the metric's unit. */
  readonly before: number
  readonly now: number
  /** The farthest from the usual, in the metric's unit. */
  readonly farthest: number
  /** It is worth an investigation. */
  readonly isAlarming: boolean
  /** Why not: such excursions came and went before; more of it is no harm; too little evidence. */
  readonly excuse: 'none' | 'seen-before' | 'harmless' | 'time-of-day-unknown' | 'little-evidence'
  readonly isTold: boolean
}

/** How a metric deviates, if it does: one for each direction, the stronger comparison. */
export function deviationsOf(track: MetricTrack): Deviation[] {
  return (['up', 'down'] as const).flatMap((direction) => {
    const side = track.sides[direction]
    const both = (['hours', 'days'] as const)
      .filter((against) => isWorthAWord(against === 'hours' ? side.fast : side.slow))
      .map((against) => deviationOf(track, direction, side, against))
    const [best] = both.sort(
      (left, right) =>
        Number(right.isAlarming) - Number(left.isAlarming) || right.score - left.score,
    )
    return best === undefined ? [] : [best]
  })
}

function isWorthAWord({ strict, readings }: Excursion): boolean {
  return readings >= LEAST_READINGS && strict >= LEAST_EVIDENCE
}

function deviationOf(
  track: MetricTrack,
  direction: Direction,
  side: Side,
  against: Deviation['against'],
): Deviation {
  const excursion = against === 'hours' ? side.fast : side.slow
  const { readings } = against === 'hours' ? BARS[track.traits.role] : SLOW_BAR
  const needed = against === 'hours' ? track.needed : SLOW_BAR.evidence
  const sign = direction === 'up' ? 1 : -1
  const score = Math.min(excursion.strict / needed, excursion.readings / readings)
  const excuse = excuseOf(track, direction, side, against, score)
  return {
    id: track.id,
    role: track.traits.role,
    direction,
    against,
    score,
    since: excursion.since,
    before: unscaled(excursion.before, track.traits),
    now: track.value,
    farthest: unscaled(excursion.before + sign * excursion.farthest, track.traits),
    isAlarming: excuse === 'none',
    excuse,
    isTold: side.told,
  }
}

function excuseOf(
  track: MetricTrack,
  direction: Direction,
  { fast, book }: Side,
  against: Deviation['against'],
  score: number,
): Deviation['excuse'] {
  const { harm, role } = track.traits
  if (harm !== 'both' && harm !== direction) return 'harmless'
  if (score < 1) return 'little-evidence'
  if (role === 'work' && track.envelope?.isAlike !== true) return 'time-of-day-unknown'
  if (against === 'days') return 'none'
  return book.knows(fast, track.lastAt) ? 'seen-before' : 'none'
}
