import { type ExitReason, NOCONNECTION, NOPROC } from './exit-reason.ts'

/** Former threads whose end is remembered for late questions. */
const MAX_REMEMBERED = 1024

interface Former {
  readonly name: string
  readonly dedicated: boolean
  readonly reason: ExitReason
}

/** Threads that are gone, and what a late question about their actors hears. */
export class FormerThreads {
  readonly #threads = new Map<number, Former>()
  #newestForgotten = -1

  add(ordinal: number, former: Former): void {
    this.#threads.set(ordinal, former)
    const oldest = this.#threads.keys().next()
    if (this.#threads.size <= MAX_REMEMBERED || oldest.done) return
    this.#threads.delete(oldest.value)
    this.#newestForgotten = Math.max(this.#newestForgotten, oldest.value)
  }

  /**
   * `noconnection` for actors that were lost with a shared thread; `noproc` for what has ended by
   * itself, and once a new thread of the same name runs: its actors are others.
   */
  aftermath(ordinal: number, isRunning: (name: string) => boolean): ExitReason {
    const former = this.#threads.get(ordinal)
    if (!former || former.dedicated || former.reason.type === 'noproc') return NOPROC
    return isRunning(former.name) ? NOPROC : NOCONNECTION
  }

  /** False for a thread that may still be announced. */
  has(ordinal: number): boolean {
    return this.#threads.has(ordinal) || ordinal <= this.#newestForgotten
  }
}
