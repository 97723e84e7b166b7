/** The timers of many runs: each belongs to one run, and goes with it. */

/** Calls back with the run and the timer's name; an armed name replaces its predecessor. */
export class RunTimers {
  readonly #timers = new Map<string, Map<string, NodeJS.Timeout>>()
  readonly #fire: (runId: string, timer: string) => void

  constructor(fire: (runId: string, timer: string) => void) {
    this.#fire = fire
  }

  arm(runId: string, timer: string, ms: number): void {
    const timers = this.#timers.get(runId) ?? new Map<string, NodeJS.Timeout>()
    this.#timers.set(runId, timers)
    clearTimeout(timers.get(timer))
    timers.set(
      timer,
      setTimeout(() => {
        timers.delete(timer)
        this.#fire(runId, timer)
      }, ms),
    )
  }

  cancel(runId: string, timer: string): void {
    const timers = this.#timers.get(runId)
    clearTimeout(timers?.get(timer))
    timers?.delete(timer)
  }

  /** Ends all timers of a run. */
  forget(runId: string): void {
    for (const timer of this.#timers.get(runId)?.values() ?? []) clearTimeout(timer)
    this.#timers.delete(runId)
  }
}
