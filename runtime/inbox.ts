import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'
import type { Behaviour, Process } from './process.ts'

interface Waiter {
  readonly matches: ((message: unknown) => boolean) | undefined
  readonly resolve: (message: unknown) => void
  readonly reject: (error: unknown) => void
  readonly timer: Alarm
  /** Messages before this index were tested and refused. */
  tested: number
}

/**
 * The mail of an actor that is a function: messages wait until it receives. A message that no
 * waiter wants stays where it is, and is tested once per `receive`, not once per arrival.
 */
export class Inbox implements Behaviour {
  #waiter: Waiter | undefined
  /** What it received last, until it asks for more; for its crash report. */
  last: unknown

  /**
   * The oldest message that matches. With `timeoutMs` 0 the whole queue is looked at once; the
   * timer is not started again by messages that do not match.
   *
   * @returns The message, or `undefined` when the time is over.
   */
  receive(
    process: Process,
    matches?: (message: unknown) => boolean,
    timeoutMs = Number.POSITIVE_INFINITY,
  ): Promise<unknown> {
    if (this.#waiter) {
      throw new TypeError('receive: this actor already waits in another receive; await that first.')
    }
    const index = matches ? process.mailbox.find(matches) : process.mailbox.size > 0 ? 0 : -1
    this.last = undefined
    if (index >= 0) {
      process.handled++
      this.last = process.mailbox.takeAt(index)
      return atOnce(process, this.last)
    }
    if (timeoutMs === 0) return atOnce(process, undefined)
    process.status = 'waiting'
    return new Promise((resolve, reject) => {
      const timer = setAlarm(timeoutMs, () => this.#settle(process)?.resolve(undefined))
      this.#waiter = { matches, resolve, reject, timer, tested: process.mailbox.size }
    })
  }

  run(process: Process): number {
    const waiter = this.#waiter
    if (!waiter) return 0
    try {
      const { matches, tested } = waiter
      const index = process.mailbox.find(matches ?? (() => true), tested)
      waiter.tested = process.mailbox.size
      if (index < 0) return 0
      this.last = process.mailbox.takeAt(index)
      this.#settle(process)?.resolve(this.last)
      return 1
    } catch (error) {
      this.#settle(process)?.reject(error)
      return 0
    }
  }

  removed(index: number): void {
    if (this.#waiter && index < this.#waiter.tested) this.#waiter.tested--
  }

  /** The dead wait no longer; what they awaited never comes. */
  ended(): void {
    clearAlarm(this.#waiter?.timer)
    this.#waiter = undefined
    this.last = undefined
  }

  #settle(process: Process): Waiter | undefined {
    const waiter = this.#waiter
    if (!waiter) return undefined
    clearAlarm(waiter.timer)
    this.#waiter = undefined
    process.status = 'running'
    return waiter
  }
}

/** What needs no waiting, unless the event loop must have its turn first. */
function atOnce(process: Process, message: unknown): Promise<unknown> {
  const { scheduler } = process.kernel
  if (!scheduler.isDueAfterStep()) return Promise.resolve(message)
  return new Promise((resolve) => {
    scheduler.afterEventLoop(() => {
      if (process.alive) resolve(message)
    })
  })
}
