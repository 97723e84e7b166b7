import type { ExitReason } from './exit-reason.ts'
import { LocalWait } from './local-wait.ts'
import type { Process } from './process.ts'
import type { StartOutcome } from './signal.ts'

/** How a start within the thread went: the outcome, a death, or the reason why nobody can say. */
export interface StartListener {
  outcome(outcome: StartOutcome): void
  ended(reason: ExitReason): void
  late(): void
  failed(error: unknown): void
}

/** A parent that waits until its child of the same thread is ready. */
export class LocalStart extends LocalWait {
  readonly timeoutMs: number
  readonly #listener: StartListener

  constructor(owner: Process, timeoutMs: number, holds: boolean, listener: StartListener) {
    super(owner, holds)
    this.timeoutMs = timeoutMs
    this.#listener = listener
  }

  /** Tells of a start that did not come about, of an actor that is dead or never was. */
  tell(outcome: StartOutcome): void {
    if (this.owner.alive) this.#listener.outcome(outcome)
  }

  ready(outcome: StartOutcome): void {
    if (this.settle()) this.#listener.outcome(outcome)
  }

  protected override answered(): void {}

  protected override failed(error: unknown): void {
    this.#listener.failed(error)
  }

  protected override ended(reason: ExitReason): void {
    this.#listener.ended(reason)
  }

  protected override late(): void {
    this.#listener.late()
  }
}
