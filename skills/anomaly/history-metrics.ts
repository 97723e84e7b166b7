import type { HistoryReader } from '../history/history.ts'
import type { Metric, MetricSource } from './metric-source.ts'
import { medianOf } from './minutes.ts'

/** Nodelens's own actors, and clocks: not the application. */
const EXCLUDED = ['anomaly', 'supervisor', 'base']

/** The metrics of the history: each reading is the median of what was read since the last. */
export class HistoryMetrics implements MetricSource {
  readonly #history: HistoryReader
  readonly #skills: readonly string[]
  readonly #known = new Map<string, Metric | undefined>()
  #readAt: number | undefined

  /** @param skills Ids of the skills in use: a metric's id begins with its skill's. */
  constructor(history: HistoryReader, skills: readonly string[]) {
    this.#history = history
    // the longest first: `vm_events_blockedMs` is none of `vm`
    this.#skills = skills.toSorted((left, right) => right.length - left.length)
  }

  list(): readonly Metric[] {
    return this.#history.ids().flatMap((id) => {
      if (!this.#known.has(id)) this.#known.set(id, this.#metricOf(id))
      const metric = this.#known.get(id)
      return metric === undefined ? [] : [metric]
    })
  }

  read(now: number): ReadonlyMap<string, number> {
    const from = this.#readAt === undefined ? now : this.#readAt + 1
    this.#readAt = now
    const values = new Map<string, number>()
    for (const { id } of this.list()) {
      const points = this.#history.points(id, from, now)
      if (points.length > 0) values.set(id, medianOf(points.map(({ value }) => value)))
    }
    return values
  }

  /** Counters come as rates already. */
  #metricOf(id: string): Metric | undefined {
    const skill = this.#skills.find((one) => id.startsWith(`${one}_`)) ?? id.split('_')[0] ?? id
    if (EXCLUDED.includes(skill)) return undefined
    return { id, skill, name: id.slice(skill.length + 1), kind: 'gauge' }
  }
}
