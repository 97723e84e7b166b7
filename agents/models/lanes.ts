/** Admission to a provider: so many calls at once, so many a minute, and a bounded queue before it. */
import { type Clock, sleep } from './clock.ts'

export interface LaneOptions {
  /** Calls under way at once. Default 4. */
  readonly concurrency: number
  /** Calls that begin within any minute. Default 60. */
  readonly perMinute: number
  /** Calls that may wait. Default 64. */
  readonly maxQueue: number
}

/** `leave` must be called when the admitted call has ended. */
export type Admission =
  | { readonly type: 'admitted'; readonly leave: () => void }
  | { readonly type: 'full' }
  | { readonly type: 'aborted' }

const minuteMs = 60_000

export class Lanes {
  readonly #options: LaneOptions
  readonly #clock: Clock
  #busy = 0
  readonly #queue: (() => void)[] = []
  #starts: number[] = []

  constructor(options: LaneOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** Waits for a lane and for the rate; first come, first served. */
  async enter(signal: AbortSignal): Promise<Admission> {
    if (signal.aborted) return { type: 'aborted' }
    if (this.#busy >= this.#options.concurrency) {
      if (this.#queue.length >= this.#options.maxQueue) return { type: 'full' }
      if (!(await this.#turn(signal))) return { type: 'aborted' }
    } else this.#busy += 1
    let hasLeft = false
    const leave = () => {
      if (!hasLeft) this.#passOn()
      hasLeft = true
    }
    if (await sleep(this.#clock, this.#reserveStart(), signal)) return { type: 'admitted', leave }
    leave()
    return { type: 'aborted' }
  }

  /** Calls under way and calls that wait. */
  get load(): { readonly busy: number; readonly waiting: number } {
    return { busy: this.#busy, waiting: this.#queue.length }
  }

  /** Resolves to true when a lane was handed over, to false when the caller gave up. */
  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const next = () => {
        signal.removeEventListener('abort', onAbort)
        resolve(true)
      }
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(next), 1)
        resolve(false)
      }
      this.#queue.push(next)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Hands the lane to the next in the queue, or frees it. */
  #passOn(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#busy -= 1
    else next()
  }

  /** Milliseconds until this call may begin; its start is booked. */
  #reserveStart(): number {
    const now = this.#clock.now()
    this.#starts = this.#starts.filter((start) => start > now - minuteMs)
    const blocking = this.#starts.at(-this.#options.perMinute)
    const start = blocking === undefined ? now : Math.max(now, blocking + minuteMs)
    this.#starts.push(start)
    return start - now
  }
}
