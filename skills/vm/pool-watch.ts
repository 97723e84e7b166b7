import { setTimeout as delay } from 'node:timers/promises'
import type { Symptom } from '../gateway/signal.ts'
import { POOL_SLOW_MS } from './pool-rows.ts'
import { threadPoolLatencyMs } from './readings.ts'

const EVERY_MS = 2000
const AT_MOST_MS = 1200
/** Readings in a row: a single slow disk access is none. */
const LEAST = 2
/** A timer of this thread, set beside the question: when it comes so late, the machine is short of CPU time. */
const TIMER_MS = 100
const UNFAIR_LATE_MS = 150

/**
 * Asks the thread pool every two seconds how long it makes a caller wait, and again at once after a slow answer; costs
 * one `stat`. How main does says nothing here: work on the pool takes CPU time from it.
 */
export class PoolWatch {
  readonly #raise: (symptom: Symptom) => void
  #askedAt = Number.NEGATIVE_INFINITY
  #isAsking = false
  #slow = 0

  constructor(raise: (symptom: Symptom) => void) {
    this.#raise = raise
  }

  /** Called once a second. */
  tick(now: number): void {
    const isDue = this.#slow > 0 || now - this.#askedAt >= EVERY_MS
    if (this.#isAsking || !isDue) return
    this.#askedAt = now
    this.#isAsking = true
    void Promise.all([threadPoolLatencyMs(AT_MOST_MS), timerLateMs()]).then(
      ([latencyMs, lateMs]) => {
        this.#isAsking = false
        this.hear(latencyMs, lateMs < UNFAIR_LATE_MS)
      },
    )
  }

  /** A reading. `isFair`: the machine gives the process CPU time. */
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

async function timerLateMs(): Promise<number> {
  const startedAt = performance.now()
  await delay(TIMER_MS, undefined, { ref: false })
  return performance.now() - startedAt - TIMER_MS
}
