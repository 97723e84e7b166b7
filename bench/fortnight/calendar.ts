/**
 * What happens in a healthy fortnight: deploys, restarts, crowds, jobs, and the curve of the day. Times are
 * milliseconds since the beginning, a Monday at midnight.
 */
import { between, type Random, uniform } from './random.ts'

export const STEP_MS = 10_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

export interface Start {
  readonly at: number
  /** Of the application; a restart keeps it. */
  readonly version: number
  readonly coldMs: number
  /** Factors by which this version differs from the first. */
  readonly slower: number
  readonly larger: number
}

export interface Stretch {
  readonly from: number
  readonly to: number
  readonly size: number
}

export interface Calendar {
  readonly starts: readonly Start[]
  readonly crowds: readonly Stretch[]
  readonly nights: readonly Stretch[]
  readonly sundays: readonly Stretch[]
  /** One working day is like a Sunday. */
  readonly holiday: number
  /** Night to noon: factors of the mean. */
  readonly swing: number
  readonly peakHour: number
  readonly weekend: number
}

export function calendarOf(random: Random, days: number): Calendar {
  const each = <Value>(make: (day: number) => readonly Value[]): Value[] =>
    Array.from({ length: days }, (_, day) => make(day)).flat()
  return {
    starts: startsOf(random, days),
    crowds: each((day) => crowdsOf(random, day)),
    nights: each((day) => {
      const from = day * DAY_MS + 3 * HOUR_MS
      return [{ from, to: from + between(random, 8, 14) * 60_000, size: between(random, 0.8, 1.2) }]
    }),
    sundays: each((day) => {
      const from = day * DAY_MS + 4.5 * HOUR_MS
      return day % 7 === 6 ? [{ from, to: from + between(random, 30, 45) * 60_000, size: 1 }] : []
    }),
    holiday: Math.floor(between(random, 7, 11.99)),
    swing: between(random, 0.65, 0.9),
    peakHour: between(random, 12, 20),
    weekend: between(random, 0.35, 0.8),
  }
}

/** Requests wanted, as a factor of the mean, without noise. */
export function demandAt(calendar: Calendar, at: number): number {
  const day = Math.floor(at / DAY_MS)
  const hour = (at % DAY_MS) / HOUR_MS
  const curve = 1 + calendar.swing * Math.cos(((hour - calendar.peakHour) / 24) * 2 * Math.PI)
  const weekend = day % 7 >= 5 || day === calendar.holiday ? calendar.weekend : 1
  const crowd = sizeAt(calendar.crowds, at)
  return curve * weekend * (1 + crowd)
}

/** The size of the stretch that is under way, rising and falling within two minutes; 0 of none. */
export function sizeAt(stretches: readonly Stretch[], at: number): number {
  const now = stretches.find(({ from, to }) => at >= from && at < to)
  if (now === undefined) return 0
  return now.size * Math.min(1, (at - now.from) / 120_000, (now.to - at) / 120_000)
}

function startsOf(random: Random, days: number): Start[] {
  const starts: Start[] = [{ at: 0, version: 0, coldMs: 120_000, slower: 1, larger: 1 }]
  for (let day = 1; day < days; day += 1) {
    const isWorkday = day % 7 < 5
    const isDeploy = isWorkday && uniform(random) < 0.6
    if (!isDeploy && uniform(random) > 0.12) continue
    const last = starts.at(-1)
    starts.push({
      at: Math.round((day * DAY_MS + between(random, 9, 18) * HOUR_MS) / STEP_MS) * STEP_MS,
      version: (last?.version ?? 0) + (isDeploy ? 1 : 0),
      coldMs: between(random, 2, 8) * 60_000,
      slower: isDeploy ? between(random, 0.9, 1.15) : (last?.slower ?? 1),
      larger: isDeploy ? between(random, 0.9, 1.15) : (last?.larger ?? 1),
    })
  }
  return starts
}

function crowdsOf(random: Random, day: number): Stretch[] {
  if (uniform(random) > 0.25) return []
  const from = day * DAY_MS + between(random, 8, 22) * HOUR_MS
  return [{ from, to: from + between(random, 8, 40) * 60_000, size: between(random, 0.4, 1.6) }]
}
