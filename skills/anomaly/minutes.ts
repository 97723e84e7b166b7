export const MINUTE_MS = 60_000
/** Minutes in one of the slow readings. */
export const SLOW_MINUTES = 10

/** Medians that are complete with a reading. */
export interface Medians {
  readonly minute?: number
  readonly tenMinutes?: number
}

/** Sums up readings as medians of minutes, and those as medians of ten minutes. */
export class Minutes {
  #minute = -1
  #places: number[] = []
  #medians: number[] = []

  /** Takes in a reading; the first of a new minute completes the one before. */
  add(place: number, at: number): Medians {
    const minute = Math.floor(at / MINUTE_MS)
    const medians = minute === this.#minute ? {} : this.#close()
    this.#minute = minute
    this.#places.push(place)
    return medians
  }

  /** Forgets what is incomplete. */
  clear(): void {
    this.#minute = -1
    this.#places = []
    this.#medians = []
  }

  #close(): Medians {
    if (this.#places.length === 0) return {}
    const minute = medianOf(this.#places)
    this.#places = []
    this.#medians.push(minute)
    if (this.#medians.length < SLOW_MINUTES) return { minute }
    const tenMinutes = medianOf(this.#medians)
    this.#medians = []
    return { minute, tenMinutes }
  }
}

/** The upper median: a value that occurred. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? 0
}
