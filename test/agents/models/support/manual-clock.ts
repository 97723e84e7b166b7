/** A clock that a test moves; timers fire when their time has come, in order. */
import type { Clock } from '../../../../agents/models/clock.ts'

export class ManualClock implements Clock {
  #now: number
  #timers: { at: number; run: () => void }[] = []

  constructor(now = Date.parse('2026-11-24T10:00:00Z')) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves time on; what is due runs, and what that starts is given its turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settled()
      const next = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
    await settled()
  }

  /** Timers that are armed. */
  get pending(): number {
    return this.#timers.length
  }

  /** Milliseconds until the next timer. */
  get nextInMs(): number | undefined {
    const times = this.#timers.map(({ at }) => at - this.#now)
    return times.length === 0 ? undefined : Math.min(...times)
  }
}

/** Lets everything that is ready run: promises, however long their chains, and immediates. */
async function settled(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve))
}
