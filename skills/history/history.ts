import { MetricSeries } from './metric-series.ts'
import { type HistoryPoint, type HistorySpan, type HistorySummary, summarise } from './summary.ts'

/** Metrics kept at most: 20 KB each after six hours. */
export const MAX_METRICS = 300
/** A metric without a reading for so long makes room when there is none. */
const FORGET_MS = 30 * 60_000

/** What others read of the history. */
export interface HistoryReader {
  /** Metrics that have readings, in the order in which they came. */
  ids(): string[]
  /** The single readings of the last ten minutes or so that lie in a stretch of time, oldest first. */
  points(id: string, from: number, to: number): HistoryPoint[]
  /** What a metric did in a stretch of time (epoch milliseconds); undefined where nothing is known of it. */
  query(id: string, from: number, to: number): HistorySummary | undefined
  /** Minutes as far as single readings do not reach back, then those, oldest first. */
  spans(id: string, from: number, to: number): HistorySpan[]
  /** The newest reading. */
  last(id: string): HistoryPoint | undefined
  /** Time of the oldest thing known; undefined of an unknown metric. */
  since(id: string): number | undefined
}

/**
 * Numbers over time: single readings for ten minutes, minutes (min, p50, mean, p95, max) for six hours.
 *
 * Bounded: 300 metrics; what comes beyond is not kept, and `onFull` is told once for each such metric.
 */
export class History implements HistoryReader {
  readonly #series = new Map<string, MetricSeries>()
  readonly #refused = new Set<string>()
  readonly #onFull: (id: string) => void

  constructor(onFull: (id: string) => void = () => {}) {
    this.#onFull = onFull
  }

  /**
   * Takes in one reading. What is no finite number is unknown, and no reading; neither is one that is older
   * than the newest of its metric.
   *
   * @param at Epoch milliseconds.
   */
  record(id: string, at: number, value: number): void {
    if (!Number.isFinite(value)) return
    const known = this.#series.get(id) ?? this.#make(id, at)
    known?.add(at, value)
  }

  ids(): string[] {
    return [...this.#series.keys()]
  }

  points(id: string, from: number, to: number): HistoryPoint[] {
    return this.#series.get(id)?.points(from, to) ?? []
  }

  query(id: string, from: number, to: number): HistorySummary | undefined {
    return summarise(this.spans(id, from, to))
  }

  spans(id: string, from: number, to: number): HistorySpan[] {
    return this.#series.get(id)?.spans(from, to) ?? []
  }

  last(id: string): HistoryPoint | undefined {
    return this.#series.get(id)?.last
  }

  since(id: string): number | undefined {
    return this.#series.get(id)?.firstAt
  }

  /** Bytes of all readings. */
  get bytes(): number {
    return [...this.#series.values()].reduce((total, series) => total + series.bytes, 0)
  }

  #make(id: string, at: number): MetricSeries | undefined {
    if (this.#series.size >= MAX_METRICS && !this.#forget(at)) {
      if (this.#refused.size < MAX_METRICS && !this.#refused.has(id)) {
        this.#refused.add(id)
        this.#onFull(id)
      }
      return undefined
    }
    const series = new MetricSeries()
    this.#series.set(id, series)
    return series
  }

  /** Drops the metric that has been silent longest, if that is long. */
  #forget(now: number): boolean {
    const [oldest] = [...this.#series].toSorted(([, left], [, right]) => left.lastAt - right.lastAt)
    if (oldest === undefined || now - oldest[1].lastAt < FORGET_MS) return false
    return this.#series.delete(oldest[0])
  }
}
