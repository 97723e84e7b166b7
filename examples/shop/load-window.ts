import type { LoadStats } from './messages.ts'

/** Collects waiting times of a stretch of time; at most `mostSamples`, the newest. */
export class LoadWindow {
  static readonly #mostSamples = 50_000
  readonly #openedAt: number
  readonly #latenciesMs: number[] = []
  #answered = 0
  #failed = 0
  #turnedAway = 0
  readonly #heapBytes: number[] = []

  constructor(now: number) {
    this.#openedAt = now
  }

  answered(latencyMs: number): void {
    this.#latenciesMs[this.#answered % LoadWindow.#mostSamples] = latencyMs
    this.#answered += 1
  }

  failed(): void {
    this.#failed += 1
  }

  turnedAway(): void {
    this.#turnedAway += 1
  }

  heap(bytes: number): void {
    this.#heapBytes.push(bytes)
  }

  /** @param waitingMs Ages of the requests that have no answer yet: leaving them out would flatter. */
  close(now: number, waitingMs: readonly number[]): LoadStats {
    const seconds = (now - this.#openedAt) / 1000
    const sorted = [...this.#latenciesMs, ...waitingMs].sort((a, b) => a - b)
    return {
      seconds,
      answered: this.#answered,
      failed: this.#failed,
      turnedAway: this.#turnedAway,
      perSecond: seconds > 0 ? this.#answered / seconds : 0,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      heapGrowthBytes: floorGrowth(this.#heapBytes),
    }
  }
}

/**
 * From the lowest reading of the first third to the lowest of the last: what garbage collection
 * leaves is what has grown. 0 with fewer than three readings.
 */
function floorGrowth(readings: readonly number[]): number {
  const third = Math.floor(readings.length / 3)
  if (third === 0) return 0
  return Math.min(...readings.slice(-third)) - Math.min(...readings.slice(0, third))
}

/** The value below which the given share of the sorted values lies; 0 if there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
