/** Days that are kept: a week, and the day of today. */
const DAYS = 8
const HOURS = 24
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** Numbers of one hour: what 5, 50 and 95 of a hundred minutes stayed below. */
const FIELDS = 3
/** Places on the scale are kept to a five-hundredth. */
const STEPS = 500
const UNKNOWN = -32_768
/** An hour of which fewer minutes are known is not kept. */
const LEAST_MINUTES = 20
/** Days of the same kind (working day, week-end) that are enough to go by these alone. */
const SAME_KIND = 2
/** Days from which on the time of day says what is normal. */
const LEAST_DAYS = 2

/** What is normal at a time of day, on the scale. */
export interface Envelope {
  readonly low: number
  readonly middle: number
  readonly high: number
  /** Days that this rests on. */
  readonly days: number
  /** All of them are of the same kind (working day, week-end) as this one. */
  readonly isAlike: boolean
}

/** What is written to a file. */
export interface SavedSeason {
  /** Days since the epoch, one for each slot; -1: empty. */
  readonly days: readonly number[]
  /** The hours as 16-bit integers, base64. */
  readonly hours: string
}

/**
 * What one metric was at each hour of the last eight days. All in UTC: the hour before and after are looked at
 * too, so that a change to summer time is not seen.
 */
export class SeasonProfile {
  readonly #days = new Int32Array(DAYS).fill(-1)
  readonly #hours = new Int16Array(DAYS * HOURS * FIELDS).fill(UNKNOWN)
  #minutes: number[] = []
  #hour = -1

  /** Takes in one minute's median. */
  add(place: number, at: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (hour !== this.#hour) {
      this.#closeHour()
      this.#hour = hour
    }
    if (this.#minutes.length < 60) this.#minutes.push(place)
  }

  /** What is normal at this time by what days before were; undefined before there are two. */
  envelope(
    at: number,
    { skipDays = 0 }: { readonly skipDays?: number } = {},
  ): Envelope | undefined {
    const today = Math.floor(at / DAY_MS)
    const known = [...this.#days].filter(
      (day) => day >= Math.max(0, today - DAYS) && day < today - skipDays,
    )
    const alike = known.filter((day) => isWeekend(day) === isWeekend(today) && this.#has(day, at))
    const days = alike.length >= SAME_KIND ? alike : known.filter((day) => this.#has(day, at))
    if (days.length < LEAST_DAYS) return undefined
    const hours = days.map((day) => this.#around(day, at))
    const fields = (which: number): number[][] =>
      hours.map((each) => each.map((hour) => this.#field(hour, which)))
    const lows = ascending(fields(0).map((each) => Math.min(...each)))
    const highs = ascending(fields(2).map((each) => Math.max(...each)))
    const middles = ascending(fields(1).map(([middle = 0]) => middle))
    return {
      low: lows[0] ?? 0,
      middle: middles[middles.length >> 1] ?? 0,
      high: highs.at(-1) ?? 0,
      days: days.length,
      isAlike: alike.length >= SAME_KIND,
    }
  }

  /** Days of which something is known. */
  get knownDays(): number {
    return this.#days.filter((day) => day >= 0).length
  }

  save(): SavedSeason {
    const bytes = Buffer.alloc(this.#hours.length * 2)
    for (const [index, value] of this.#hours.entries()) bytes.writeInt16LE(value, index * 2)
    return { days: [...this.#days], hours: bytes.toString('base64') }
  }

  static from({ days, hours }: SavedSeason): SeasonProfile {
    const season = new SeasonProfile()
    const bytes = Buffer.from(hours, 'base64')
    if (days.length !== DAYS || bytes.length !== season.#hours.length * 2) return season
    season.#days.set(days)
    for (const index of season.#hours.keys()) season.#hours[index] = bytes.readInt16LE(index * 2)
    return season
  }

  /** The hour, and the one that is nearer of those before and after it, as far as they are known. */
  #around(day: number, at: number): number[] {
    const time = day * DAY_MS + (at % DAY_MS)
    const hour = Math.floor(time / HOUR_MS)
    const neighbour = time % HOUR_MS < HOUR_MS / 2 ? hour - 1 : hour + 1
    return [hour, neighbour].filter((each) => this.#isKnown(each))
  }

  #has(day: number, at: number): boolean {
    return this.#isKnown(Math.floor((day * DAY_MS + (at % DAY_MS)) / HOUR_MS))
  }

  #isKnown(hour: number): boolean {
    const slot = this.#slotOf(hour)
    return slot !== undefined && this.#hours[slot] !== UNKNOWN
  }

  #field(hour: number, field: number): number {
    const slot = this.#slotOf(hour)
    return slot === undefined ? Number.NaN : (this.#hours[slot + field] ?? 0) / STEPS
  }

  #slotOf(hour: number): number | undefined {
    const day = Math.floor(hour / HOURS)
    const slot = ((day % DAYS) + DAYS) % DAYS
    return this.#days[slot] === day ? (slot * HOURS + (hour % HOURS)) * FIELDS : undefined
  }

  #closeHour(): void {
    const minutes = this.#minutes.sort((left, right) => left - right)
    this.#minutes = []
    if (minutes.length < LEAST_MINUTES) return
    const day = Math.floor(this.#hour / HOURS)
    const slot = ((day % DAYS) + DAYS) % DAYS
    if (this.#days[slot] !== day) {
      this.#days[slot] = day
      this.#hours.fill(UNKNOWN, slot * HOURS * FIELDS, (slot + 1) * HOURS * FIELDS)
    }
    const quantiles = [0.05, 0.5, 0.95].map(
      (share) => minutes[Math.min(minutes.length - 1, Math.floor(minutes.length * share))] ?? 0,
    )
    const base = (slot * HOURS + (this.#hour % HOURS)) * FIELDS
    for (const [field, place] of quantiles.entries()) this.#hours[base + field] = quantised(place)
  }
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((left, right) => left - right)
}

function quantised(place: number): number {
  return Math.max(UNKNOWN + 1, Math.min(-UNKNOWN - 1, Math.round(place * STEPS)))
}

/** The first day of the epoch was a Thursday. */
function isWeekend(day: number): boolean {
  const weekday = (day + 4) % 7
  return weekday === 0 || weekday === 6
}
