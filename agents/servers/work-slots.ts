/**
 * Turns to work: so many at a time, the others wait, by their rank and then in the order in which
 * they came. Each operator at work is a thread of some 15 MB in a process that may be short of
 * memory already.
 */
export class WorkSlots {
  readonly #most: number
  readonly #reserved: number
  readonly #atWork = new Set<string>()
  readonly #waiting = new Map<string, Waiting>()

  /** @param reserved As many more for rank 0 alone. */
  constructor(most: number, reserved = 0) {
    this.#most = most
    this.#reserved = reserved
  }

  /** Whether one of that rank that comes now has to wait. */
  isFullFor(rank: number): boolean {
    return this.#atWork.size >= this.#most + (rank === 0 ? this.#reserved : 0)
  }

  /**
   * Resolves with true when its turn has come, with false when it was given up before.
   *
   * @param rank Lower goes first. Default 0.
   */
  take(id: string, rank = 0): Promise<boolean> {
    if (!this.isFullFor(rank)) {
      this.#atWork.add(id)
      return Promise.resolve(true)
    }
    return new Promise((resolve) => this.#waiting.set(id, { rank, answer: resolve }))
  }

  /** It is done, or given up; the next one has its turn. Harmless when repeated. */
  release(id: string): void {
    this.#waiting.get(id)?.answer(false)
    this.#waiting.delete(id)
    if (this.#atWork.delete(id)) this.#next()
  }

  /** All that begin so. */
  releaseAll(prefix: string): void {
    const ids = [...this.#waiting.keys(), ...this.#atWork]
    for (const id of ids) if (id.startsWith(prefix)) this.release(id)
  }

  #next(): void {
    const [next] = [...this.#waiting].toSorted(([, left], [, right]) => left.rank - right.rank)
    if (next === undefined) return
    const [id, { rank, answer }] = next
    if (this.isFullFor(rank)) return
    this.#waiting.delete(id)
    this.#atWork.add(id)
    answer(true)
  }
}

interface Waiting {
  readonly rank: number
  readonly answer: (isGranted: boolean) => void
}
