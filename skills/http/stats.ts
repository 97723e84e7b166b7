/** Upper bounds of the latency buckets, milliseconds; what is longer falls into one more. */
export const BUCKETS_MS: readonly number[] = [
  1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765, 10_946,
  20_000,
]

/** Counts of one route or host since the probe came; they only rise. */
export interface Counts {
  count: number
  /** Answers of 500 and above, and failures of the connection. */
  errors: number
  /** Answers of 400 to 499. */
  refusals: number
  /** Ended by the client before the answer was complete. */
  aborted: number
  readonly buckets: number[]
}

const MAX_KEYS = 120
const OTHER = '(others)'

/** Counts by route or host; bounded: what comes after 120 names counts as others. */
export class StatsBook {
  readonly #byKey = new Map<string, Counts>()

  note(key: string, status: number, durationMs: number, isAborted: boolean): void {
    const counts = this.#countsOf(key)
    counts.count += 1
    if (isAborted) counts.aborted += 1
    else if (status >= 500 || status === 0) counts.errors += 1
    else if (status >= 400) counts.refusals += 1
    let bucket = 0
    while (bucket < BUCKETS_MS.length && durationMs > (BUCKETS_MS[bucket] ?? 0)) bucket += 1
    counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1
  }

  entries(): [string, Counts][] {
    return [...this.#byKey]
  }

  #countsOf(key: string): Counts {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    if (this.#byKey.size >= MAX_KEYS && key !== OTHER) return this.#countsOf(OTHER)
    const counts: Counts = {
      count: 0,
      errors: 0,
      refusals: 0,
      aborted: 0,
      buckets: Array.from({ length: BUCKETS_MS.length + 1 }, () => 0),
    }
    this.#byKey.set(key, counts)
    return counts
  }
}

/** Value at a share of what the buckets hold, by linear interpolation; 0 of none. */
export function bucketPercentile(buckets: readonly number[], share: number): number {
  const total = buckets.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (const [index, count] of buckets.entries()) {
    if (count > 0 && below + count >= total * share) {
      const low = BUCKETS_MS[index - 1] ?? 0
      const high = BUCKETS_MS[index] ?? low * 2
      return Math.round((low + ((high - low) * (total * share - below)) / count) * 10) / 10
    }
    below += count
  }
  return 0
}
