/** Timers for any span: Node's own fire after 1 ms when asked for more than 2^31-1 ms. */

/** The longest span that `setTimeout` takes, milliseconds (Node: `TIMEOUT_MAX`). */
const MAX_LEG_MS = 2 ** 31 - 1

/** A timer that was set; `undefined` for one that never rings. */
export type Alarm = NodeJS.Timeout | LongAlarm | undefined

/** Calls `ring` once after `ms`; never for `Infinity`. */
export function setAlarm(ms: number, ring: () => void, legMs = MAX_LEG_MS): Alarm {
  if (ms <= legMs) return setTimeout(ring, ms)
  return Number.isFinite(ms) ? new LongAlarm(ms, ring, legMs) : undefined
}

export function clearAlarm(alarm: Alarm): void {
  if (alarm instanceof LongAlarm) alarm.clear()
  else clearTimeout(alarm)
}

/** Goes a long way in legs that `setTimeout` can take. */
class LongAlarm {
  #timer: NodeJS.Timeout
  #leftMs: number
  #held = true

  constructor(ms: number, ring: () => void, legMs: number) {
    const nextLeg = (): NodeJS.Timeout => {
      const leg = Math.min(this.#leftMs, legMs)
      this.#leftMs -= leg
      const timer = setTimeout(() => {
        if (this.#leftMs > 0) this.#timer = nextLeg()
        else ring()
      }, leg)
      return this.#held ? timer : timer.unref()
    }
    this.#leftMs = ms
    this.#timer = nextLeg()
  }

  /** Lets the process end although the alarm is set. */
  unref(): void {
    this.#held = false
    this.#timer.unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
