/**
 * Watches one running script from outside and says when it has to be killed: a C loop inside the
 * VM (`string.find` with a bad pattern) reaches no hook, so nothing in its own thread can stop it.
 *
 * The time spent is read from shared memory, not from messages: a host whose event loop was busy
 * must not take its own delay for the script's.
 */
import { type Control, elapsedUs, readSpent, type Spent, word } from './control.ts'
import type { Limits } from './limits.ts'

/** What a script has over its limits before its thread is killed, milliseconds. */
export const graceMs = 1000
const shortestPauseMs = 20

/** Milliseconds until the next look; 0 or less: the script is over its limits and grace. */
export function patienceMs(spent: Spent, limits: Pick<Limits, 'cpuMs' | 'wallMs'>): number {
  const wallLeft = limits.wallMs + graceMs - spent.wallMs
  const luaLeft = limits.cpuMs + graceMs - spent.luaMs
  // a script that waits for a callback is in our code, which honours the wall limit itself
  if (spent.isWaiting) return Math.min(wallLeft, Math.max(luaLeft, shortestPauseMs))
  return Math.min(wallLeft, luaLeft)
}

export class Watchdog {
  readonly #control: Control
  readonly #limits: Limits
  readonly #onExpired: () => void
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(control: Control, limits: Limits, onExpired: () => void) {
    this.#control = control
    this.#limits = limits
    this.#onExpired = onExpired
  }

  start(): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    const pauseMs = Math.max(shortestPauseMs, Math.ceil(this.#patienceMs()))
    this.#timer = setTimeout(() => this.#look(), pauseMs).unref()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #look(): void {
    if (this.#patienceMs() > 0) return this.start()
    // after a busy spell of this event loop the script's result may be waiting to be read
    setImmediate(() => {
      if (!this.#isStopped) this.#onExpired()
    })
  }

  #patienceMs(): number {
    const nowUs = elapsedUs(this.#control)
    const finishedUs = Atomics.load(this.#control.words, word.finishedUs)
    if (finishedUs > 0) return graceMs - (nowUs - finishedUs) / 1000
    return patienceMs(readSpent(this.#control, nowUs), this.#limits)
  }
}
