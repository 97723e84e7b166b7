/** Sends threads that have nothing to do to sleep: they give their free memory back. */

import type { Worker } from 'node:worker_threads'
import { collectGarbage } from './collect-garbage.ts'
import type { Kernel } from './kernel.ts'
import type { Process } from './process.ts'

/** A thread that was busy for less than this share of a span has rested. */
const REST_SHARE = 0.02
/** After that much work there is something to give back again, milliseconds. */
const WORK_MS = 20

type Watched = Pick<Worker, 'performance'>

/** Knows from outside when threads rest; lives in the root thread. */
export class Hibernation {
  readonly #send: (ordinal: number) => void
  readonly #timers = new Map<number, NodeJS.Timeout>()

  /** @param send Sends a thread to sleep. */
  constructor(send: (ordinal: number) => void) {
    this.#send = send
  }

  watch(ordinal: number, worker: Watched, afterMs: number): void {
    if (!Number.isFinite(afterMs)) return
    const activeMs = (): number => worker.performance.eventLoopUtilization().active
    let before = activeMs()
    let slept = before - WORK_MS
    const look = (): void => {
      const active = activeMs()
      const hasRested = active - before <= afterMs * REST_SHARE
      before = active
      if (!hasRested || active - slept < WORK_MS) return
      this.#send(ordinal)
      slept = active
    }
    this.#timers.set(ordinal, setInterval(look, afterMs).unref())
  }

  forget(ordinal: number): void {
    clearInterval(this.#timers.get(ordinal))
    this.#timers.delete(ordinal)
  }

  stop(): void {
    for (const ordinal of this.#timers.keys()) this.forget(ordinal)
  }
}

/** What a thread does that is sent to sleep; one that has begun to work meanwhile goes on. */
export function sleepThread(kernel: Kernel): void {
  for (const { mailbox, status } of kernel.processes.values()) {
    if (mailbox.size > 0 || status !== 'waiting') return
  }
  collectGarbage()
}

/**
 * A server has nothing to do for a while, as it says itself. In a thread that others share nothing
 * is done: a collection would hold them up.
 */
export function sleepServer(process: Process): void {
  const { kernel, pid, mailbox } = process
  setImmediate(() => {
    if (process.alive && kernel.livesFor === pid && mailbox.size === 0) collectGarbage()
  })
}
