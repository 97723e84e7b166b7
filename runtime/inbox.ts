import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'
import type { Behaviour, CurrentFunction, Process } from './process.ts'

interface Waiter {
  readonly matches: ((message: unknown) => boolean) | undefined
  readonly resolve: (message: unknown) => void
  readonly reject: (error: unknown) => void
  readonly timer: Alarm
  /** Messages before this index were tested and refused, but for the inserted ones. */
  tested: number
  /** Messages that were put between them since. */
  inserted: { from: number; count: number } | undefined
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
      const tested = process.mailbox.size
      this.#waiter = { matches, resolve, reject, timer, tested, inserted: undefined }
    })
  }

  run(process: Process): number {
    const waiter = this.#waiter
    if (!waiter) return 0
    try {
      const index = search(process, waiter)
      if (index < 0) return 0
      this.last = process.mailbox.takeAt(index)
      this.#settle(process)?.resolve(this.last)
      return 1
    } catch (error) {
      this.#settle(process)?.reject(error)
      return 0
    }
  }

  current({ status, initialCall: name = 'anonymous' }: Process): CurrentFunction | undefined {
    return status === 'running' ? { name } : undefined
  }

  moved(index: number, by: 1 | -1): void {
    const waiter = this.#waiter
    if (!waiter || index >= waiter.tested) return
    waiter.tested += by
    if (by === -1 && waiter.inserted) removedFrom(waiter.inserted, index)
    else if (by === 1 && waiter.inserted) waiter.inserted.count++
    else if (by === 1) waiter.inserted = { from: index, count: 1 }
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

/** The first message that was not refused yet and passes; the rest is not looked at again. */
function search({ mailbox }: Process, waiter: Waiter): number {
  const { matches = (): boolean => true, tested, inserted } = waiter
  waiter.inserted = undefined
  for (let step = 0; inserted && step < inserted.count; step++) {
    if (matches(mailbox.at(inserted.from + step))) return inserted.from + step
  }
  const index = mailbox.find(matches, tested)
  waiter.tested = mailbox.size
  return index
}

function removedFrom(inserted: { from: number; count: number }, index: number): void {
  if (index < inserted.from) inserted.from--
  else if (index < inserted.from + inserted.count) inserted.count--
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
