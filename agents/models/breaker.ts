/**
 * The circuit breaker of one provider: after `threshold` failures in a row it is open and nothing
 * is asked for `coolMs`; then one probe decides. Mistakes of ours (a bad request) do not count.
 */
import type { ModelFailureKind } from '../vocabulary/model-reply.ts'

export interface BreakerOptions {
  /** Failures in a row that open the circuit. Default 3. */
  readonly threshold: number
  /** Milliseconds that it stays open. Default 30 000. */
  readonly coolMs: number
}

/** A bad key or model name does not mend itself within a run: milliseconds between two tries. */
const misconfiguredMs = 300_000
/** A stall of the main thread passes, but each try costs a turn a second. */
const blockedMs = 5_000

export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #openUntil: number | undefined
  #isProbing = false

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Until when nothing may be asked, or undefined: go ahead. Going ahead must end in `succeeded`, `failed` or `released`. */
  admit(now: number): number | undefined {
    if (this.#openUntil === undefined) return undefined
    if (now < this.#openUntil) return this.#openUntil
    if (this.#isProbing) return now + this.#options.coolMs
    this.#isProbing = true
    return undefined
  }

  succeeded(): void {
    this.#failures = 0
    this.#openUntil = undefined
    this.#isProbing = false
  }

  /** Books a failure; `until` opens the circuit at once (a quota that resets then). */
  failed(kind: ModelFailureKind, now: number, until?: number): void {
    const wasProbing = this.#isProbing
    this.#isProbing = false
    if (until !== undefined) this.#open(until)
    else if (kind === 'auth' || kind === 'not_found') this.#open(now + misconfiguredMs)
    else if (kind === 'main_blocked') this.#open(now + blockedMs)
    else if (countsAsFailure(kind)) {
      this.#failures += 1
      if (wasProbing || this.#failures >= this.#options.threshold)
        this.#open(now + this.#options.coolMs)
    }
  }

  /** The attempt ended without saying anything about the provider. */
  released(): void {
    this.#isProbing = false
  }

  /** Until when it is open, if it is. */
  get openUntil(): number | undefined {
    return this.#openUntil
  }

  #open(until: number): void {
    this.#openUntil = Math.max(until, this.#openUntil ?? 0)
  }
}

function countsAsFailure(kind: ModelFailureKind): boolean {
  return ['overloaded', 'network', 'timeout', 'rate_limited', 'bad_response', 'empty'].includes(
    kind,
  )
}
