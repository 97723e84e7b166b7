/** Captured at import, so that fake timers and patched clocks of the application change nothing. */
const now = performance.now.bind(performance)
const origin = performance.timeOrigin

/** Epoch milliseconds on the monotonic clock: comparable between the threads of one process. */
export function epochMs(): number {
  return origin + now()
}
