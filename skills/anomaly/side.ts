import { BARS, SLOW_BAR } from './bars.ts'
import type { Baseline } from './baseline.ts'
import { addEvidence, type Excursion, noExcursion } from './cusum.ts'
import { ExcursionBook, type PastExcursion } from './excursion-book.ts'
import { MINUTE_MS, SLOW_MINUTES } from './minutes.ts'
import type { Envelope } from './season.ts'
import { type Traits, unscaled } from './traits.ts'

/** Beyond what the time of day allows by this much, on the scale. */
const SEASON_MARGIN = 0.15
const LEAST_SLOW_SPREAD = 0.15
/** While it deviates it is compared with what was before, for so many readings: then the new is followed. */
const FROZEN_READINGS = 360

export type Direction = 'up' | 'down'

/** One reading with all that it is compared with, on the scale. */
export interface Compared {
  readonly at: number
  readonly previousAt: number
  readonly place: number
  readonly baseline: Baseline
  readonly envelope: Envelope | undefined
  /** The work asked for is so far above the usual: what follows it may rise as much. */
  readonly loadShift: number
  /** More room because little is known. */
  readonly room: number
  /** An excursion of less evidence is not worth remembering. */
  readonly worthPeak: number
}

/** One direction in which a metric may go. */
export class Side {
  readonly direction: Direction
  /** Against the last hours. */
  readonly fast: Excursion = noExcursion()
  /** Against the same hours of days before. */
  readonly slow: Excursion = noExcursion()
  readonly book: ExcursionBook
  told = false
  readonly #traits: Traits
  readonly #sign: number

  constructor(direction: Direction, traits: Traits, past: readonly PastExcursion[] = []) {
    this.direction = direction
    this.book = new ExcursionBook(past)
    this.#traits = traits
    this.#sign = direction === 'up' ? 1 : -1
  }

  /** A change in this direction is worth a word. */
  get hurts(): boolean {
    return this.#traits.harm === 'both' || this.#traits.harm === this.direction
  }

  get hasEvidence(): boolean {
    return this.fast.sum > 0 || this.slow.sum > 0
  }

  /** What was usual before is still what counts. */
  get isFrozen(): boolean {
    return this.hurts && this.fast.sum > 0 && this.fast.readings <= FROZEN_READINGS
  }

  /** Forgets what is under way. */
  clear(): void {
    Object.assign(this.fast, noExcursion())
    Object.assign(this.slow, noExcursion())
    this.told = false
  }

  /** Adds a reading's evidence; whether it is beyond what is allowed. */
  judge(compared: Compared): boolean {
    const { at, previousAt, place, baseline, envelope, room, worthPeak } = compared
    const { middle, spread } = baseline
    const { margin } = BARS[this.#traits.role]
    const allowed = Math.max(
      this.#sign * middle + Math.max(margin, spread),
      this.#edge(envelope) + SEASON_MARGIN,
    )
    const excess = this.#sign * place - allowed - this.#excused(compared.loadShift)
    const beyond = this.#weighed(excess / spread, place, middle)
    const shift = this.#sign * (place - middle)
    const observed = { previousAt, beyond, room: room / spread, shift, usual: middle }
    const ended = addEvidence(this.fast, observed)
    if (ended !== undefined) {
      this.book.note(ended, at, this.told, worthPeak)
      if (this.slow.sum === 0) this.told = false
    }
    return beyond > 0
  }

  /** Adds the evidence of ten minutes, against days before. */
  judgeSlowly(place: number, season: Envelope, loadShift: number, at: number): void {
    const { role } = this.#traits
    const margin = Math.max(SLOW_BAR.margin, role === 'work' ? BARS.work.margin : 0)
    const excess = this.#sign * place - this.#edge(season) - margin - this.#excused(loadShift)
    const ended = addEvidence(this.slow, {
      previousAt: at - SLOW_MINUTES * MINUTE_MS,
      beyond: this.#weighed(excess / LEAST_SLOW_SPREAD, place, season.middle),
      room: 0,
      shift: this.#sign * (place - season.middle),
      usual: season.middle,
    })
    if (ended !== undefined && this.fast.sum === 0) this.told = false
  }

  #edge(envelope: Envelope | undefined): number {
    if (envelope === undefined) return Number.NEGATIVE_INFINITY
    return this.#sign * (this.direction === 'up' ? envelope.high : envelope.low)
  }

  #excused(loadShift: number): number {
    return this.direction === 'up' && this.#traits.role !== 'work' ? loadShift : 0
  }

  /** A change by less than the amount that matters is none, whatever its ratio. */
  #weighed(beyond: number, place: number, usual: number): number {
    const change = unscaled(place, this.#traits) - unscaled(usual, this.#traits)
    return Math.abs(change) < this.#traits.atom ? Math.min(-1, beyond) : beyond
  }
}
