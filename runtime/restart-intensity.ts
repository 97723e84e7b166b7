/**
 * OTP's restart intensity: more than `maxRestarts` automatic restarts within `maxSeconds` end the
 * supervisor itself. A restart counts when it is attempted, a failed attempt too.
 */
export interface IntensityLimits {
  readonly maxRestarts: number
  readonly maxSeconds: number
}

/** The times, milliseconds, of the restarts that still count; oldest first. */
export type RestartTimes = readonly number[]

/** Adds a restart at `nowMs`; `allowed` says whether the limit still holds with it. */
export function countRestart(
  times: RestartTimes,
  nowMs: number,
  { maxRestarts, maxSeconds }: IntensityLimits,
): { readonly times: RestartTimes; readonly allowed: boolean } {
  const since = nowMs - maxSeconds * 1000
  const recent = [...times.filter((time) => time >= since), nowMs]
  return { times: recent, allowed: recent.length <= maxRestarts }
}
