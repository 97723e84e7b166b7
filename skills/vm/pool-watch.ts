import type { Symptom } from '../gateway/signal.ts'
import { POOL_SLOW_MS } from './pool-rows.ts'
import { threadPoolLatencyMs } from './readings.ts'

const EVERY_MS = 2000
const AT_MOST_MS = 1500
/** Readings in a row: a single slow disk access is none. */
const LEAST = 2

/** Asks the thread pool every two seconds how long it makes a caller wait; costs one `stat`. */
export class PoolWatch {
  readonly #raise: (symptom: Symptom) => void
  #askedAt = Number.NEGATIVE_INFINITY
  #isAsking = false
  #slow = 0

  constructor(raise: (symptom: Symptom) => void) {
    this.#raise = raise
  }

  /** Called once a second. `isFair`: the machine gives the process its CPUs. */
  tick(now: number, isFair: boolean): void {
    if (this.#isAsking || now - this.#askedAt < EVERY_MS) return
    this.#askedAt = now
    this.#isAsking = true
    void threadPoolLatencyMs(AT_MOST_MS).then((latencyMs) => {
      this.#isAsking = false
      this.hear(latencyMs, isFair)
    })
  }

  /** A reading. */
  hear(latencyMs: number, isFair = true): void {
    this.#slow = latencyMs >= POOL_SLOW_MS && isFair ? this.#slow + 1 : 0
    if (this.#slow < LEAST) return
    this.#raise({
      skill: 'vm',
      key: 'thread pool',
      severity: 'warning',
      reason: `A call that needs the thread pool waits ${Math.round(latencyMs)} ms: file, dns, crypto and zlib work is slow.`,
    })
  }
}
