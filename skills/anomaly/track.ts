import { BARS, evidenceNeeded, WIDENED } from './bars.ts'
import { type Baseline, baselineOf } from './baseline.ts'
import type { PastExcursion } from './excursion-book.ts'
import { MINUTE_MS, Minutes } from './minutes.ts'
import type { AnomalyOptions } from './options.ts'
import { type Envelope, type SavedSeason, SeasonProfile } from './season.ts'
import { type Direction, Side } from './side.ts'
import { AgedSketch, type SavedSketch } from './sketch.ts'
import { scaled, type Traits, unscaled } from './traits.ts'

/** While it deviates, a metric learns at this pace: a new normal is accepted within hours, not minutes. */
const SLOW_LEARNING = 0.25
/** A gap of so many intervals, and what was begun is not carried on. */
const GAP = 6

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
  readonly firstAt: number
  readonly sides: Readonly<Record<Direction, Side>>
  readonly #options: AnomalyOptions
  readonly #season: SeasonProfile
  readonly #sketch: AgedSketch
  readonly #minutes = new Minutes()
  #lastAt = 0
  #place = Number.NaN
  #baseline: Baseline | undefined
  #envelope: Envelope | undefined
  #seasonShift = 0

  constructor(id: string, traits: Traits, options: AnomalyOptions, at: number, saved?: SavedTrack) {
    this.id = id
    this.traits = traits
    this.#options = options
    this.firstAt = saved?.firstAt ?? at
    this.#sketch = saved
      ? AgedSketch.from(saved.sketch, options.halfLifeMs)
      : new AgedSketch(options.halfLifeMs, at)
    this.#season = saved ? SeasonProfile.from(saved.season) : new SeasonProfile()
    this.sides = {
      up: new Side('up', traits, saved?.up),
      down: new Side('down', traits, saved?.down),
    }
  }

  get lastAt(): number {
    return this.#lastAt
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

  get hasEvidence(): boolean {
    return this.sides.up.hasEvidence || this.sides.down.hasEvidence
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
    return matureMs === 0 ? 1 : Math.min(1, Math.max(0, (at - this.firstAt) / matureMs))
  }

  /** The evidence that it takes against the last hours. */
  get needed(): number {
    return this.#needed(this.maturityAt(this.#lastAt))
  }

  /** Takes in one reading and judges it. */
  take(at: number, value: number, around: Surroundings): void {
    const place = scaled(value, this.traits)
    const previousAt = this.#lastAt === 0 ? at : this.#lastAt
    if (at - this.#lastAt > this.#options.intervalMs * GAP) this.#clear()
    this.#lastAt = at
    this.#place = place
    const { minute, tenMinutes } = this.#minutes.add(place, at)
    if (minute !== undefined) this.#season.add(minute, at - MINUTE_MS)
    if (tenMinutes !== undefined) this.#judgeSlowly(tenMinutes, at, around)
    if (minute !== undefined || !this.isLearned) this.#refresh(at)
    const isBeyond = this.isLearned && this.#judge(at, previousAt, around)
    this.#sketch.add(place, at, isBeyond ? SLOW_LEARNING : 1)
  }

  /** A new version of the application: what was learned counts as little as it takes to judge. */
  relearn(at: number): void {
    this.#sketch.lighten(this.#options.learnMs / this.#options.intervalMs, at)
    this.#clear()
  }

  save(at: number): SavedTrack {
    const { id, firstAt, sides } = this
    const [up, down] = [sides.up.book.past, sides.down.book.past]
    return { id, firstAt, sketch: this.#sketch.save(at), season: this.#season.save(), up, down }
  }

  #clear(): void {
    this.sides.up.clear()
    this.sides.down.clear()
    this.#minutes.clear()
  }

  #refresh(at: number): void {
    this.#envelope = this.#season.envelope(at)
    if (!this.sides.up.isFrozen && !this.sides.down.isFrozen)
      this.#baseline = baselineOf(this.#sketch, at)
  }

  /** Whether it is beyond the allowed in a direction that matters. */
  #judge(at: number, previousAt: number, { loadShift, widening }: Surroundings): boolean {
    const baseline = this.#baseline
    if (baseline === undefined) return false
    const compared = {
      at,
      previousAt,
      place: this.#place,
      baseline,
      envelope: this.#envelope,
      loadShift,
      room: Math.max(widening, WIDENED * (1 - this.maturityAt(at))),
      worthPeak: this.#needed(1) / 2,
    }
    const { up, down } = this.sides
    const isUp = up.judge(compared)
    const isDown = down.judge(compared)
    return (isUp && up.hurts) || (isDown && down.hurts)
  }

  /** Against the same hours of days before yesterday: what creeps is not followed there. */
  #judgeSlowly(place: number, at: number, around: Surroundings): void {
    const season = this.#season.envelope(at, { skipDays: 1 })
    this.#seasonShift = season === undefined ? 0 : Math.max(0, place - season.high)
    if (season === undefined || !around.isSlowFair) return
    const { up, down } = this.sides
    for (const side of [up, down]) side.judgeSlowly(place, season, around.seasonLoadShift, at)
  }

  #needed(maturity: number): number {
    return evidenceNeeded(BARS[this.traits.role], this.#baseline?.spread ?? 0, maturity)
  }
}
