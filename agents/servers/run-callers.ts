/** Who waits for which run: one that nobody waits for any more, because its callers died, is cancelled. */
import { emit } from '../telemetry.ts'

export class RunCallers {
  readonly #waiting = new Map<string, number>()
  readonly #cancel: (runId: string) => Promise<unknown>

  constructor(cancel: (runId: string) => Promise<unknown>) {
    this.#cancel = cancel
  }

  /**
   * Waits for a run on behalf of a caller.
   *
   * @param gone Aborts when the caller has died.
   */
  async wait(
    runId: string,
    gone: AbortSignal | undefined,
    result: () => Promise<unknown>,
  ): Promise<unknown> {
    this.#waiting.set(runId, (this.#waiting.get(runId) ?? 0) + 1)
    let isCounted = true
    const leave = (): number => {
      const left = (this.#waiting.get(runId) ?? 0) - (isCounted ? 1 : 0)
      isCounted = false
      if (left > 0) this.#waiting.set(runId, left)
      else this.#waiting.delete(runId)
      return left
    }
    const onGone = (): void => {
      if (leave() <= 0) void this.#abandon(runId)
    }
    gone?.addEventListener('abort', onGone, { once: true })
    try {
      return await result()
    } finally {
      gone?.removeEventListener('abort', onGone)
      leave()
    }
  }

  async #abandon(runId: string): Promise<void> {
    emit('run', 'caller-down', { runId })
    try {
      await this.#cancel(runId)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      emit('lens', 'degraded', { why: 'run-not-cancelled', runId, message })
    }
  }
}
