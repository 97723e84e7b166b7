import { isRecord, type Json } from '../json.ts'
import { judgeRise, type Mark, type Rise, type RiseLimits } from './rise.ts'

/** What main reports of its patterns at each patrol. */
export type ActivePatterns = readonly (readonly [id: number, count: number])[]

/** Readings kept: five minutes of them. */
const KEEP_MARKS = 150
const KEEP_SERIES = 120

/**
 * Follows the counters of main's patterns from reading to reading. A pattern that comes up later was
 * zero until then, so that a new error stands against the quiet before it.
 */
export class Counters {
  readonly #series = new Map<number, Mark[]>()
  readonly #readings: number[] = []

  /** Takes in one reading: all counters that changed since the last. */
  take(active: ActivePatterns, now: number): void {
    const changed = new Map(active)
    for (const [id, count] of active) {
      if (this.#series.has(id)) continue
      // Counted before the first reading: nothing is known of when.
      const start = this.#readings.length === 0 ? count : 0
      this.#series.set(
        id,
        this.#readings.map((at) => ({ at, count: start })),
      )
    }
    for (const [id, marks] of this.#series) {
      marks.push({ at: now, count: changed.get(id) ?? marks.at(-1)?.count ?? 0 })
      if (marks.length > KEEP_MARKS) marks.shift()
    }
    this.#readings.push(now)
    if (this.#readings.length > KEEP_MARKS) this.#readings.shift()
    if (this.#series.size > KEEP_SERIES) this.#forgetQuiet()
  }

  ids(): number[] {
    return [...this.#series.keys()]
  }

  judge(id: number, limits: RiseLimits): Rise {
    return judgeRise(this.#series.get(id) ?? [], limits)
  }

  /** Events of one pattern in the last `overMs`, as far as readings reach. */
  within(id: number, overMs: number): number {
    const marks = this.#series.get(id) ?? []
    const last = marks.at(-1)
    if (last === undefined) return 0
    const from = marks.findLast((mark) => mark.at <= last.at - overMs) ?? marks[0] ?? last
    return last.count - from.count
  }

  /** Milliseconds that the readings span. */
  get spanMs(): number {
    return (this.#readings.at(-1) ?? 0) - (this.#readings[0] ?? 0)
  }

  #forgetQuiet(): void {
    for (const [id, marks] of this.#series) {
      if (marks[0]?.count === marks.at(-1)?.count) this.#series.delete(id)
    }
  }
}

/** Reads the `active` list of a reading; anything else is none. */
export function activeOf(reading: Json): ActivePatterns {
  const list: unknown = isRecord(reading) ? reading['active'] : undefined
  if (!Array.isArray(list)) return []
  return list.flatMap((entry: unknown): (readonly [number, number])[] => {
    if (!Array.isArray(entry)) return []
    const [id, count]: unknown[] = entry
    return typeof id === 'number' && typeof count === 'number' ? [[id, count]] : []
  })
}
