/**
 * Finds threads whose event loop does not turn. Lives in the root thread, so it works while the
 * thread that started the runtime is stuck itself, and asks nothing of threads at rest.
 */

import type { Worker } from 'node:worker_threads'
import { Pulse } from './pulse.ts'
import type { WatchdogOptions } from './thread-options.ts'

/** Looks per `stuckMs`, and the bounds of the time between two looks, milliseconds. */
const LOOKS = 4
const MIN_LOOK_MS = 10
const MAX_LOOK_MS = 500
/** A look that comes later than this was held up: by the root's own work or by the machine. */
const LATE_MS = 50
/** While a thread loads its modules and starts its first actor it has at least so long, ms. */
const START_MS = 5000

export interface WatchdogHands {
  /** Sends a message that the thread answers when its loop turns. */
  readonly ask: (ordinal: number) => void
  /** Reads the answers that lie in the ports. */
  readonly readAnswers: () => void
  readonly onStuck: (ordinal: number, action: 'report' | 'kill') => void
  /** A thread that was called stuck turns again. */
  readonly onTurning: (ordinal: number, stillMs: number) => void
}

interface Watched {
  readonly worker: Pick<Worker, 'performance'>
  readonly stuckMs: number
  readonly action: 'report' | 'kill'
  readonly pulse: Pulse
}

export class Watchdog {
  readonly #hands: WatchdogHands
  readonly #now: () => number
  readonly #watched = new Map<number, Watched>()
  #timer: NodeJS.Timeout | undefined
  #dueAt = 0

  constructor(hands: WatchdogHands, now: () => number = () => performance.now()) {
    this.#hands = hands
    this.#now = now
  }

  watch(
    ordinal: number,
    worker: Pick<Worker, 'performance'>,
    { stuckMs, action }: Required<WatchdogOptions>,
  ): void {
    if (!Number.isFinite(stuckMs)) return
    const pulse = new Pulse(Math.max(stuckMs, START_MS), this.#now())
    this.#watched.set(ordinal, { worker, stuckMs, action, pulse })
    this.#schedule()
  }

  /** From now on its own time holds. */
  started(ordinal: number): void {
    const watched = this.#watched.get(ordinal)
    if (!watched) return
    const pulse = new Pulse(watched.stuckMs, this.#now())
    this.#turned(ordinal, watched)
    this.#watched.set(ordinal, { ...watched, pulse })
    this.#schedule()
  }

  forget(ordinal: number): void {
    this.#watched.delete(ordinal)
    if (this.#watched.size === 0) this.stop()
  }

  /** The thread has answered. */
  answered(ordinal: number): void {
    this.#turned(ordinal, this.#watched.get(ordinal))
  }

  /** Since when the thread's loop has not turned, milliseconds; `undefined` if it does. */
  stillMs(ordinal: number): number | undefined {
    const pulse = this.#watched.get(ordinal)?.pulse
    return pulse?.isStuck ? pulse.stillMs(this.#now()) : undefined
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#watched.clear()
  }

  #look(): void {
    this.#timer = undefined
    this.#hands.readAnswers()
    const now = this.#now()
    const lateMs = now - this.#dueAt
    for (const [ordinal, watched] of this.#watched) {
      if (lateMs > LATE_MS) watched.pulse.forgive(lateMs)
      this.#lookAt(ordinal, watched, now)
    }
    this.#schedule()
  }

  /** A thread that boots has no loop yet, and runs none of the application's code. */
  #lookAt(ordinal: number, watched: Watched, now: number): void {
    const { pulse, worker, action } = watched
    const { idle, active } = worker.performance.eventLoopUtilization()
    if (active === 0) return this.#turned(ordinal, watched)
    const beat = pulse.observe(now, idle)
    if (beat === 'turning') this.#turned(ordinal, watched)
    else if (beat === 'ask') this.#hands.ask(ordinal)
    else if (beat === 'stuck') this.#hands.onStuck(ordinal, action)
  }

  #turned(ordinal: number, watched: Watched | undefined): void {
    const stillMs = watched?.pulse.turned(this.#now())
    if (stillMs !== undefined) this.#hands.onTurning(ordinal, stillMs)
  }

  /** In time for the most impatient, and just when a verdict is due. */
  #schedule(): void {
    if (this.#watched.size === 0) return
    const now = this.#now()
    let ms = MAX_LOOK_MS
    for (const { pulse } of this.#watched.values()) {
      const due = pulse.dueInMs(now)
      ms = Math.min(ms, Math.max(MIN_LOOK_MS, Math.min(pulse.stuckMs / LOOKS, due)))
    }
    if (this.#timer && this.#dueAt <= now + ms) return
    clearTimeout(this.#timer)
    this.#dueAt = now + ms
    this.#timer = setTimeout(() => this.#look(), ms)
    this.#timer.unref()
  }
}
