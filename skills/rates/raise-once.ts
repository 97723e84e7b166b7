/** The same symptom again after this long, and any other one after that. */
const SAME_MS = 15 * 60_000
const OTHER_MS = 45_000
const MAX_KEYS = 100

/** Remembers which symptoms were raised, so that each is raised once in a while. */
export class RaiseOnce {
  readonly #raised = new Map<string, number>()
  #lastAt = Number.NEGATIVE_INFINITY

  /** Whether it may be raised now; if so, it counts as raised. */
  take(key: string, now: number): boolean {
    if (!this.isFree(now) || now - (this.#raised.get(key) ?? Number.NEGATIVE_INFINITY) < SAME_MS)
      return false
    this.#lastAt = now
    this.#raised.delete(key)
    this.#raised.set(key, now)
    const oldest = this.#raised.size > MAX_KEYS ? this.#raised.keys().next().value : undefined
    if (oldest !== undefined) this.#raised.delete(oldest)
    return true
  }

  /** Enough time has passed since the last one, whichever it was. */
  isFree(now: number): boolean {
    return now - this.#lastAt >= OTHER_MS
  }
}
