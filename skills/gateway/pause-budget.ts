/** How much of main's time diagnosis may take, over a sliding minute. */
export class PauseBudget {
  readonly #limitMs: number
  readonly #spent: { at: number; ms: number }[] = []

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** Milliseconds spent in the minute before `now`. */
  spentMs(now: number): number {
    while ((this.#spent[0]?.at ?? now) < now - 60_000) this.#spent.shift()
    return this.#spent.reduce((sum, entry) => sum + entry.ms, 0)
  }

  /** Whether `ms` more would still fit. */
  allows(ms: number, now: number): boolean {
    return this.spentMs(now) + ms <= this.#limitMs
  }

  spend(ms: number, now: number): void {
    const last = this.#spent.at(-1)
    if (last !== undefined && now - last.at < 250) last.ms += ms
    else this.#spent.push({ at: now, ms })
  }
}
