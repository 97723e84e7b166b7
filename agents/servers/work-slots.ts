/**
 * Turns to work: so many at a time, the others wait in the order in which they came. Each operator
 * at work is a thread of some 15 MB in a process that may be short of memory already.
 */
export class WorkSlots {
  readonly #most: number
  readonly #atWork = new Set<string>()
  readonly #waiting = new Map<string, (isGranted: boolean) => void>()

  constructor(most: number) {
    this.#most = most
  }

  /** Whether one that comes now has to wait. */
  get isFull(): boolean {
    return this.#atWork.size >= this.#most
  }

  /** Resolves with true when its turn has come, with false when it was given up before. */
  take(id: string): Promise<boolean> {
    if (!this.isFull) {
      this.#atWork.add(id)
      return Promise.resolve(true)
    }
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** It is done, or given up; the next one has its turn. Harmless when repeated. */
  release(id: string): void {
    this.#waiting.get(id)?.(false)
    this.#waiting.delete(id)
    if (this.#atWork.delete(id)) this.#next()
  }

  /** All that begin so. */
  releaseAll(prefix: string): void {
    const ids = [...this.#waiting.keys(), ...this.#atWork]
    for (const id of ids) if (id.startsWith(prefix)) this.release(id)
  }

  #next(): void {
    const next = this.#waiting.entries().next().value
    if (next === undefined || this.isFull) return
    const [id, grant] = next
    this.#waiting.delete(id)
    this.#atWork.add(id)
    grant(true)
  }
}
