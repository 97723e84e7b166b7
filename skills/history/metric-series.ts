import { FloatRing } from './float-ring.ts'
import { quantileOf } from './statistics.ts'
import { type HistoryPoint, type HistorySpan, spanOf } from './summary.ts'

/** Single readings kept: ten minutes of one a second, twenty of one in two. */
const READINGS = 600
/** Minutes kept: six hours. */
const MINUTES = 360
const MINUTE_MS = 60_000
/** count, min, p50, mean, p95, max, last. */
const FIELDS = 7

/** The readings of one metric: the last ones singly, the hours before by the minute. */
export class MetricSeries {
  readonly #readings = new FloatRing(READINGS, 1)
  readonly #minutes = new FloatRing(MINUTES, FIELDS)
  /** Readings of the minute under way. */
  #open = 0

  /** Time of the newest reading; -Infinity before the first. */
  get lastAt(): number {
    return this.#readings.length === 0
      ? Number.NEGATIVE_INFINITY
      : this.#readings.at(this.#readings.length - 1)
  }

  get last(): HistoryPoint | undefined {
    const index = this.#readings.length - 1
    return index < 0
      ? undefined
      : { at: this.#readings.at(index), value: this.#readings.value(index) }
  }

  /** Time of the oldest thing that is known; Infinity before the first reading. */
  get firstAt(): number {
    const oldest = [this.#minutes.at(0), this.#readings.at(0)].filter((at) => !Number.isNaN(at))
    return Math.min(Number.POSITIVE_INFINITY, ...oldest)
  }

  get bytes(): number {
    return this.#readings.bytes + this.#minutes.bytes
  }

  /** What is not newer than the last reading is not taken. */
  add(at: number, value: number): void {
    const { lastAt } = this
    if (at <= lastAt) return
    if (this.#open > 0 && Math.floor(at / MINUTE_MS) !== Math.floor(lastAt / MINUTE_MS)) {
      this.#closeMinute()
    }
    this.#readings.push(at, value)
    this.#open = Math.min(this.#open + 1, READINGS)
  }

  /** Single readings, oldest first. */
  points(from: number, to: number): HistoryPoint[] {
    const found: HistoryPoint[] = []
    for (
      let index = this.#readings.firstFrom(from);
      index < this.#readings.length && this.#readings.at(index) <= to;
      index += 1
    ) {
      found.push({ at: this.#readings.at(index), value: this.#readings.value(index) })
    }
    return found
  }

  /** Minutes as far as single readings do not reach back, then those. Oldest first. */
  spans(from: number, to: number): HistorySpan[] {
    const oldest = this.#readings.at(0)
    const minutes: HistorySpan[] = []
    for (let index = this.#minutes.firstFrom(from); index < this.#minutes.length; index += 1) {
      const span = this.#minute(index)
      // the minute in which the single readings begin is told by them
      if (span.at > to || span.at + MINUTE_MS / 2 > oldest) break
      minutes.push(span)
    }
    return [...minutes, ...this.points(from, to).map(spanOf)]
  }

  #minute(index: number): HistorySpan {
    const field = (which: number): number => this.#minutes.value(index, which)
    return {
      at: this.#minutes.at(index),
      count: field(0),
      min: field(1),
      p50: field(2),
      mean: field(3),
      p95: field(4),
      max: field(5),
      last: field(6),
    }
  }

  #closeMinute(): void {
    const first = this.#readings.length - this.#open
    const values = Array.from({ length: this.#open }, (_, index) =>
      this.#readings.value(first + index),
    )
    const weighted = values.map((value) => ({ value, weight: 1 }))
    const minute = Math.floor(this.lastAt / MINUTE_MS)
    this.#minutes.push(
      (minute + 0.5) * MINUTE_MS,
      values.length,
      Math.min(...values),
      quantileOf(weighted, 0.5),
      values.reduce((sum, value) => sum + value, 0) / values.length,
      quantileOf(weighted, 0.95),
      Math.max(...values),
      values.at(-1) ?? Number.NaN,
    )
    this.#open = 0
  }
}
