/** When a rate counts as having risen. */
export interface RiseLimits {
  /** A rate below this is never a rise, per second. */
  readonly floorPerSecond: number
  /** So many times what was normal before. */
  readonly factor: number
  /** So many events must have come since the rise began. */
  readonly leastEvents: number
  /** So many readings in a row must be high. Default 3. */
  readonly consecutive?: number
}

/** What a series of readings says. */
export type Rise =
  /** Too few readings. */
  | { readonly type: 'learning' }
  /** As before; or high for so long that there is no before. */
  | { readonly type: 'normal'; readonly perSecond: number }
  | {
      readonly type: 'risen'
      readonly perSecond: number
      readonly beforePerSecond: number
      /** Events since it began. */
      readonly events: number
      /** Epoch milliseconds; the reading before the first high one. */
      readonly since: number
      /** How long the time before it was watched, milliseconds. */
      readonly learnedMs: number
    }

/** A counter at one moment. */
export interface Mark {
  readonly at: number
  readonly count: number
}

const CONSECUTIVE = 3
/** Readings from before, at least; and the time that they span. */
const LEAST_BEFORE = 3
const LEARN_MS = 5000
/** Readings down to this share of the newest ones belong to the same rise. */
const SAME_RISE = 0.4
/** Above what was usual in bursts: a counter that comes in bursts has no spread about its median. */
const ABOVE_BURSTS = 1.5
/** Makes the median absolute deviation comparable to a standard deviation. https://en.wikipedia.org/wiki/Median_absolute_deviation */
const MAD_SCALE = 1.4826

/**
 * Judges the newest readings of a counter against those from before them. Pure.
 *
 * The rise begins where the readings begin to be like the newest ones; what lies before that is what
 * was normal, by its median and median absolute deviation. A rate that was high from the start has no
 * before, and is no rise.
 */
export function judgeRise(marks: readonly Mark[], limits: RiseLimits): Rise {
  const rates = ratesOf(marks)
  const consecutive = limits.consecutive ?? CONSECUTIVE
  const newest = rates.slice(-consecutive)
  const level = median(newest)
  if (newest.length < consecutive) return { type: 'learning' }
  if (Math.min(...newest) <= limits.floorPerSecond) return { type: 'normal', perSecond: level }
  let from = rates.length - consecutive
  while (from > 0 && (rates[from - 1] ?? 0) >= level * SAME_RISE) from -= 1
  const before = rates.slice(0, from)
  const [first, start, last] = [marks[0], marks[from], marks.at(-1)]
  if (first === undefined || start === undefined || last === undefined) return { type: 'learning' }
  const learnedMs = start.at - first.at
  if (before.length < LEAST_BEFORE || learnedMs < LEARN_MS) {
    const isKnown = rates.length >= consecutive + LEAST_BEFORE
    return isKnown ? { type: 'normal', perSecond: level } : { type: 'learning' }
  }
  const normal = median(before)
  const spread = median(before.map((rate) => Math.abs(rate - normal))) * MAD_SCALE
  const bound = Math.max(
    limits.floorPerSecond,
    normal * limits.factor,
    normal + 6 * spread,
    quantile(before, 0.75) * ABOVE_BURSTS,
  )
  const events = last.count - start.count
  if (Math.min(...newest) <= bound || events < limits.leastEvents)
    return { type: 'normal', perSecond: level }
  const perSecond = (events * 1000) / Math.max(last.at - start.at, 1)
  return {
    type: 'risen',
    perSecond,
    beforePerSecond: mean(before),
    events,
    since: start.at,
    learnedMs,
  }
}

/** Events per second between each two marks. */
function ratesOf(marks: readonly Mark[]): number[] {
  return marks.slice(1).map((mark, index) => {
    const before = marks[index] ?? mark
    return ((mark.count - before.count) * 1000) / Math.max(mark.at - before.at, 1)
  })
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / Math.max(values.length, 1)
}
