import { type History, MAX_METRICS } from './history.ts'

/** The numbers that a skill reads cheaply. Names carry their units; null: unknown just now. */
export interface MetricReadings {
  /** Levels: kept as they are, as `${skill}_${name}`. */
  readonly gauges?: Readonly<Record<string, number | null>>
  /** Totals that only grow: kept as what they grow by in a second, as `${skill}_${name}PerSecond`. */
  readonly counters?: Readonly<Record<string, number | null>>
}

/** A reading shortly after another gives no rate. */
const LEAST_MS = 200

/** Brings the readings of skills into the history; counters become rates. */
export class MetricFeed {
  readonly #history: History
  readonly #onFailed: (skill: string, message: string) => void
  readonly #counters = new Map<string, { readonly at: number; readonly value: number }>()
  readonly #failed = new Set<string>()

  constructor(history: History, onFailed: (skill: string, message: string) => void = () => {}) {
    this.#history = history
    this.#onFailed = onFailed
  }

  /** Asks a skill for its readings; one that throws is told of once, and hurts nobody else. */
  ask(skill: string, metrics: (now: number) => MetricReadings, now: number): void {
    try {
      this.take(skill, metrics(now), now)
    } catch (error) {
      if (this.#failed.has(skill)) return
      this.#failed.add(skill)
      this.#onFailed(skill, error instanceof Error ? error.message : String(error))
    }
  }

  take(skill: string, { gauges = {}, counters = {} }: MetricReadings, now: number): void {
    for (const [name, value] of Object.entries(gauges)) {
      if (value !== null) this.#history.record(`${skill}_${name}`, now, value)
    }
    for (const [name, value] of Object.entries(counters)) {
      if (value !== null) this.#count(`${skill}_${name}PerSecond`, value, now)
    }
  }

  /** A counter that fell began anew: nothing is known of the time between. */
  #count(id: string, value: number, now: number): void {
    const before = this.#counters.get(id)
    if (before !== undefined && now - before.at < LEAST_MS) return
    if (before === undefined && this.#counters.size >= MAX_METRICS * 2) return
    this.#counters.set(id, { at: now, value })
    if (before === undefined || value < before.value) return
    this.#history.record(id, now, ((value - before.value) * 1000) / (now - before.at))
  }
}
