import type { Metric } from './metric-source.ts'
import { traitsOf } from './traits.ts'

/** A gauge that rose so often and never fell is a counter, whatever it is called. */
const RISES = 30
/** A rate over less time says little. */
const LEAST_MS = 500

interface Seen {
  at: number
  value: number
  rises: number
  everFell: boolean
  isCounter: boolean
}

/**
 * Counters become what they grow by in a second; so do gauges that behave like counters, for a total that is
 * learned as a level leaves every level that it ever had.
 */
export class Rates {
  readonly #seen = new Map<string, Seen>()
  readonly #onCounter: (id: string) => void

  /** @param onCounter A gauge has turned out to be a counter: what was learned of it as a level is void. */
  constructor(onCounter: (id: string) => void) {
    this.#onCounter = onCounter
  }

  /** The value to learn; undefined where there is none yet (the first reading, or the first after a reset). */
  take({ id, name, kind }: Metric, value: number, at: number): number | undefined {
    const seen = this.#seen.get(id)
    if (seen === undefined) {
      const isCounter = kind === 'counter'
      this.#seen.set(id, { at, value, rises: 0, everFell: false, isCounter })
      return isCounter ? undefined : value
    }
    const before = { at: seen.at, value: seen.value }
    this.#note(seen, value, at, id, name)
    if (!seen.isCounter) return value
    if (value < before.value || at - before.at < LEAST_MS) return undefined
    return ((value - before.value) * 1000) / (at - before.at)
  }

  isCounter(id: string): boolean {
    return this.#seen.get(id)?.isCounter ?? false
  }

  forget(id: string): void {
    this.#seen.delete(id)
  }

  #note(seen: Seen, value: number, at: number, id: string, name: string): void {
    if (value > seen.value) seen.rises += 1
    if (value < seen.value) seen.everFell = true
    seen.value = value
    seen.at = at
    if (seen.isCounter || seen.everFell || seen.rises < RISES || !couldCount(name)) return
    seen.isCounter = true
    this.#onCounter(id)
  }
}

/** Open sockets that leak only rise too: what is in use at a time, or has a unit, is a level. */
function couldCount(name: string): boolean {
  const traits = traitsOf(name)
  return traits !== undefined && traits.unit === 'count' && traits.role !== 'use'
}
