import { BARS, evidenceNeeded, SLOW_BAR, WIDENED } from './bars.ts'
import { addEvidence, type Excursion, noExcursion } from './cusum.ts'
import { ExcursionBook, type PastExcursion } from './excursion-book.ts'
import type { AnomalyOptions } from './options.ts'
import { type Envelope, type SavedSeason, SeasonProfile } from './season.ts'
import { AgedSketch, type SavedSketch } from './sketch.ts'
import { scaled, type Traits, unscaled } from './traits.ts'

const MINUTE_MS = 60_000
const SLOW_MINUTES = 10
/** The spread is never taken to be smaller than this, on the scale: 10 %. Metrics that never vary have none. */
const LEAST_SPREAD = 0.1
const LEAST_SLOW_SPREAD = 0.15
/** Beyond what the time of day allows by this much, on the scale. */
const SEASON_MARGIN = 0.15
/** Few readings say little of the spread: it is widened by so many readings' worth of doubt. */
const DOUBT = 8
/** While it deviates, a metric learns at this pace: a new normal is accepted within hours, not minutes. */
const SLOW_LEARNING = 0.25
/** While it deviates it is compared with what was before, for so many readings: then the new is followed. */
const FROZEN_READINGS = 360
/** A gap of so many intervals, and what was begun is not carried on. */
const GAP = 6

export type Direction = 'up' | 'down'

/** What surrounds a reading. */
export interface Surroundings {
  /** How far the work asked for is above the usual, on the scale: what follows it may rise as much. */
  readonly loadShift: number
  /** The same against days before. */
  readonly seasonLoadShift: number
  /** Added to every margin: the process or its code is new. */
  readonly widening: number
  /** Comparison with days before makes sense. */
  readonly isSlowFair: boolean
}

/** What is normal now, on the scale. */
export interface Baseline {
  readonly low: number
  readonly middle: number
  readonly high: number
  readonly spread: number
  /** Readings that it rests on, by weight. */
  readonly readings: number
}

/** A direction in which a metric may go. */
export interface Side {
  readonly fast: Excursion
  readonly slow: Excursion
  readonly book: ExcursionBook
  told: boolean
}

/** What is written to a file of one metric. */
export interface SavedTrack {
  readonly id: string
  readonly firstAt: number
  readonly sketch: SavedSketch
  readonly season: SavedSeason
  readonly up: readonly PastExcursion[]
  readonly down: readonly PastExcursion[]
}

/** All that is known of one metric. */
export class MetricTrack {
  readonly id: string
  readonly traits: Traits
  readonly sides: Readonly<Record<Direction, Side>>
  readonly #options: AnomalyOptions
  readonly #season: SeasonProfile
  #sketch: AgedSketch
  #firstAt: number
  #lastAt = 0
  #place = Number.NaN
  #baseline: Baseline | undefined
  #envelope: Envelope | undefined
  #minute = -1
  #places: number[] = []
  #minutes: number[] = []
  #seasonShift = 0

  constructor(id: string, traits: Traits, options: AnomalyOptions, at: number, saved?: SavedTrack) {
    this.id = id
    this.traits = traits
    this.#options = options
    this.#firstAt = saved?.firstAt ?? at
    this.#sketch = saved
      ? AgedSketch.from(saved.sketch, options.halfLifeMs)
      : new AgedSketch(options.halfLifeMs, at)
    this.#season = saved ? SeasonProfile.from(saved.season) : new SeasonProfile()
    this.sides = { up: newSide(saved?.up), down: newSide(saved?.down) }
  }

  get lastAt(): number {
    return this.#lastAt
  }

  get firstAt(): number {
    return this.#firstAt
  }

  get value(): number {
    return unscaled(this.#place, this.traits)
  }

  get baseline(): Baseline | undefined {
    return this.#baseline
  }

  get envelope(): Envelope | undefined {
    return this.#envelope
  }

  get knownDays(): number {
    return this.#season.knownDays
  }

  /** Enough is known to judge it. */
  get isLearned(): boolean {
    const { learnMs, intervalMs } = this.#options
    return this.#baseline !== undefined && this.#baseline.readings >= (learnMs / intervalMs) * 0.9
  }

  /** How far above the usual it is, on the scale; 0 while nothing is known. */
  get shift(): number {
    return this.isLearned && this.#baseline !== undefined ? this.#place - this.#baseline.middle : 0
  }

  /** The same against days before. */
  get seasonShift(): number {
    return this.#seasonShift
  }

  /** From 0, nothing known, to 1, known for two days. */
  maturityAt(at: number): number {
    const { matureMs } = this.#options
    return matureMs === 0 ? 1 : Math.min(1, Math.max(0, (at - this.#firstAt) / matureMs))
  }

  /** The evidence that it takes against the last hours. */
  get needed(): number {
    return this.#needed(this.maturityAt(this.#lastAt))
  }

  /** Takes in one reading and judges it. */
  take(at: number, value: number, around: Surroundings): void {
    const place = scaled(value, this.traits)
    const previousAt = this.#lastAt
    if (at - previousAt > this.#options.intervalMs * GAP) this.#begin()
    this.#lastAt = at
    this.#place = place
    this.#turnMinute(place, at, around)
    const isBeyond = this.isLearned && this.#judge(at, previousAt === 0 ? at : previousAt, around)
    this.#sketch.add(place, at, isBeyond ? SLOW_LEARNING : 1)
  }

  /** A new version of the application: what was learned counts as little as it takes to judge. */
  relearn(at: number): void {
    this.#sketch.lighten(this.#options.learnMs / this.#options.intervalMs, at)
    this.#begin()
  }

  save(at: number): SavedTrack {
    const { up, down } = this.sides
    return {
      id: this.id,
      firstAt: this.#firstAt,
      sketch: this.#sketch.save(at),
      season: this.#season.save(),
      up: up.book.past,
      down: down.book.past,
    }
  }

  #begin(): void {
    for (const side of Object.values(this.sides)) {
      Object.assign(side.fast, noExcursion())
      Object.assign(side.slow, noExcursion())
      side.told = false
    }
    this.#places = []
    this.#minutes = []
    this.#minute = -1
  }

  #turnMinute(place: number, at: number, around: Surroundings): void {
    const minute = Math.floor(at / MINUTE_MS)
    if (minute !== this.#minute) {
      if (this.#places.length > 0) this.#closeMinute(at, around)
      this.#minute = minute
      this.#refresh(at)
    } else if (!this.isLearned) this.#refresh(at)
    this.#places.push(place)
  }

  #closeMinute(at: number, around: Surroundings): void {
    const median = medianOf(this.#places)
    this.#places = []
    this.#season.add(median, at - MINUTE_MS)
    this.#minutes.push(median)
    if (this.#minutes.length < SLOW_MINUTES) return
    const place = medianOf(this.#minutes)
    this.#minutes = []
    this.#judgeSlowly(place, at, around)
  }

  #refresh(at: number): void {
    const readings = this.#sketch.weightAt(at)
    this.#envelope = this.#season.envelope(at)
    if (this.#isFrozen()) return
    const [low = 0, below = 0, middle = 0, above = 0, high = 0] = this.#sketch.quantiles([
      0.05, 0.16, 0.5, 0.84, 0.95,
    ])
    if (Number.isNaN(middle)) return
    const spread = Math.max(LEAST_SPREAD, (above - below) / 2) * (1 + DOUBT / Math.max(1, readings))
    this.#baseline = { low, middle, high, spread, readings }
  }

  #isFrozen(): boolean {
    return (['up', 'down'] as const).some((direction) => {
      const { sum, readings } = this.sides[direction].fast
      return sum > 0 && readings <= FROZEN_READINGS && this.#hurts(direction)
    })
  }

  /** Whether it is beyond the allowed in a direction that matters. */
  #judge(at: number, previousAt: number, around: Surroundings): boolean {
    const baseline = this.#baseline
    if (baseline === undefined) return false
    const isUp = this.#judgeSide('up', baseline, at, previousAt, around)
    const isDown = this.#judgeSide('down', baseline, at, previousAt, around)
    return (isUp && this.#hurts('up')) || (isDown && this.#hurts('down'))
  }

  #judgeSide(
    direction: Direction,
    { middle, spread }: Baseline,
    at: number,
    previousAt: number,
    around: Surroundings,
  ): boolean {
    const sign = direction === 'up' ? 1 : -1
    const side = this.sides[direction]
    const { margin } = BARS[this.traits.role]
    const room = Math.max(around.widening, WIDENED * (1 - this.maturityAt(at))) / spread
    const excused = direction === 'up' && this.traits.role !== 'work' ? around.loadShift : 0
    const season = this.#envelope
    const edge = season === undefined ? -Infinity : sign * (sign > 0 ? season.high : season.low)
    const allowed = Math.max(sign * middle + Math.max(margin, spread), edge + SEASON_MARGIN)
    const beyond = (sign * this.#place - allowed - excused) / spread
    const shift = sign * (this.#place - middle)
    const ended = addEvidence(side.fast, { previousAt, beyond, room, shift, usual: middle })
    if (ended !== undefined) this.#close(side, ended, at)
    return beyond > 0
  }

  #close(side: Side, ended: Excursion, at: number): void {
    side.book.note(ended, at, side.told, this.#needed(1) / 2)
    if (side.slow.sum === 0) side.told = false
  }

  /** Against the same hours of days before yesterday: what creeps is not followed there. */
  #judgeSlowly(place: number, at: number, around: Surroundings): void {
    const season = this.#season.envelope(at, { skipDays: 1 })
    this.#seasonShift = season === undefined ? 0 : Math.max(0, place - season.high)
    if (season === undefined || !around.isSlowFair) return
    const previousAt = at - SLOW_MINUTES * MINUTE_MS
    const bars = BARS[this.traits.role]
    const margin = Math.max(SLOW_BAR.margin, this.traits.role === 'work' ? bars.margin : 0)
    for (const direction of ['up', 'down'] as const) {
      const sign = direction === 'up' ? 1 : -1
      const side = this.sides[direction]
      const excused = direction === 'up' && this.traits.role !== 'work' ? around.seasonLoadShift : 0
      const edge = sign * (direction === 'up' ? season.high : season.low)
      const beyond = (sign * place - edge - margin - excused) / LEAST_SLOW_SPREAD
      const shift = sign * (place - season.middle)
      const ended = addEvidence(side.slow, {
        previousAt,
        beyond,
        room: 0,
        shift,
        usual: season.middle,
      })
      if (ended !== undefined && side.fast.sum === 0) side.told = false
    }
  }

  #needed(maturity: number): number {
    const spread = this.#baseline?.spread ?? 0
    return evidenceNeeded(BARS[this.traits.role], spread, maturity)
  }

  #hurts(direction: Direction): boolean {
    return this.traits.harm === 'both' || this.traits.harm === direction
  }
}

function newSide(past: readonly PastExcursion[] = []): Side {
  return { fast: noExcursion(), slow: noExcursion(), book: new ExcursionBook(past), told: false }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? 0
}
