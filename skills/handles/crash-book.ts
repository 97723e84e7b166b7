/** Crashes of one kind: the same place that starts, the same error. */
export interface CrashGroup {
  readonly id: number
  readonly siteId: number
  readonly what: 'worker' | 'child'
  readonly error: {
    readonly name: string
    readonly message: string
    readonly stack: string
    readonly code: string
  }
  count: number
  firstAt: number
  lastAt: number
  /** How long the last ones lived, milliseconds; 16 at most. */
  livesMs: number[]
}

const MAX_GROUPS = 40
const MAX_LIVES = 16

/** Ends of workers and child processes that were no ordinary ends, grouped; bounded. */
export class CrashBook {
  readonly #groups = new Map<string, CrashGroup>()
  #nextId = 1

  note(
    what: CrashGroup['what'],
    siteId: number,
    error: CrashGroup['error'],
    lifeMs: number,
    at: number,
  ): void {
    // numbers differ from one crash to the next; the error is the same
    const key = `${what} ${siteId} ${error.name} ${error.message.replaceAll(/\d+/g, '#')}`
    const group = this.#groups.get(key) ?? this.#begin(key, what, siteId, error, at)
    group.count += 1
    group.lastAt = at
    group.livesMs = [...group.livesMs.slice(1 - MAX_LIVES), Math.max(0, Math.round(lifeMs))]
  }

  groups(): CrashGroup[] {
    return [...this.#groups.values()].sort((left, right) => right.lastAt - left.lastAt)
  }

  #begin(
    key: string,
    what: CrashGroup['what'],
    siteId: number,
    error: CrashGroup['error'],
    at: number,
  ): CrashGroup {
    if (this.#groups.size >= MAX_GROUPS) this.#dropStalest()
    const group: CrashGroup = {
      id: this.#nextId,
      siteId,
      what,
      error,
      count: 0,
      firstAt: at,
      lastAt: at,
      livesMs: [],
    }
    this.#nextId += 1
    this.#groups.set(key, group)
    return group
  }

  #dropStalest(): void {
    const [stalest] = [...this.#groups].sort((left, right) => left[1].lastAt - right[1].lastAt)
    if (stalest !== undefined) this.#groups.delete(stalest[0])
  }
}
