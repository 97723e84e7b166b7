/** What is known of one thread's event loop: does it turn? Pure; the hands are in `watchdog.ts`. */

/** `ask`: the loop may be busy or stuck, only an answer tells. `stuck` is said once. */
export type Beat = 'turning' | 'ask' | 'quiet' | 'stuck'

/**
 * A loop that waits for events has turned; this shows in its idle time, which can be read from
 * outside without its help. Of a loop that never waits, a message that it answers is the proof. So
 * a thread at rest is never disturbed.
 */
export class Pulse {
  readonly stuckMs: number
  #turnedAt: number
  #idleMs = 0
  #isAsked = false
  #isTold = false

  constructor(stuckMs: number, now: number) {
    this.stuckMs = stuckMs
    this.#turnedAt = now
  }

  /** True from the verdict until the loop turns again. */
  get isStuck(): boolean {
    return this.#isTold
  }

  stillMs(now: number): number {
    return now - this.#turnedAt
  }

  /** Milliseconds until a verdict is due; at least 0. */
  dueInMs(now: number): number {
    return this.#isTold ? this.stuckMs : Math.max(0, this.stuckMs - this.stillMs(now))
  }

  /** The watcher itself was late by this much: nobody could have been seen turning meanwhile. */
  forgive(lateMs: number): void {
    if (!this.#isTold) this.#turnedAt += lateMs
  }

  /** The loop has turned. @returns How long it had not, if it was called stuck. */
  turned(now: number): number | undefined {
    const still = this.#isTold ? this.stillMs(now) : undefined
    this.#turnedAt = now
    this.#isAsked = false
    this.#isTold = false
    return still
  }

  /** @param idleMs Time that the loop has waited for events since it began; 0: not yet begun. */
  observe(now: number, idleMs: number): Beat {
    if (idleMs > this.#idleMs) {
      this.#idleMs = idleMs
      return 'turning'
    }
    if (!this.#isAsked) {
      this.#isAsked = true
      return 'ask'
    }
    if (this.#isTold || this.stillMs(now) < this.stuckMs) return 'quiet'
    this.#isTold = true
    return 'stuck'
  }
}
