import type { Process } from './process.ts'

/** Messages one actor may handle before the next one has its turn. */
const SLICE = 256
/** How long actors may keep the thread before timers and I/O get theirs, milliseconds. */
const TURN_MS = 4
/** Slices between two looks at the clock. */
const SLICES_PER_CLOCK = 8

/**
 * Runs the actors of one thread in turn. Work starts in a microtask, so that a message sent from
 * plain code is handled before the event loop goes on; a thread full of work yields to the event
 * loop every few milliseconds through `setImmediate`.
 */
export class Scheduler {
  #queue: Process[] = []
  #scheduled = false
  #stopped = false

  schedule(process: Process): void {
    if (process.queued || this.#stopped) return
    process.queued = true
    this.#queue.push(process)
    if (!this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(this.#turn)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#queue = []
  }

  readonly #turn = (): void => {
    const until = performance.now() + TURN_MS
    let slices = 0
    let at = 0
    while (at < this.#queue.length) {
      const process = this.#queue[at++]
      if (!process) continue
      process.queued = false
      process.run(SLICE)
      if (++slices % SLICES_PER_CLOCK === 0 && performance.now() > until) break
    }
    this.#queue = at < this.#queue.length ? this.#queue.slice(at) : []
    this.#scheduled = this.#queue.length > 0
    if (this.#scheduled) setImmediate(this.#turn)
  }
}
