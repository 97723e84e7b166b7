/** Time as the gateway sees it, so that tests need not wait. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Runs once after `ms` milliseconds; the returned function takes that back. */
  after(ms: number, run: () => void): () => void
}

/** The machine's clock. Timers keep the process alive only as long as a call is under way. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), 2_147_483_647))
    return () => clearTimeout(timer)
  },
}

/** Resolves to true after `ms`, or to false at once when the signal aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false)
    if (ms <= 0) return resolve(true)
    const finish = (slept: boolean) => {
      cancel()
      signal.removeEventListener('abort', onAbort)
      resolve(slept)
    }
    const onAbort = () => finish(false)
    const cancel = clock.after(ms, () => finish(true))
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
