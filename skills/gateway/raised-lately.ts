import { epochMs } from '../probe/clock.ts'
import type { GatewaySignal } from './signal.ts'

/** The same signal again within this time is no news. */
const NEWS_MS = 15 * 60_000
const MOST_KEYS = 100
/** What merely shows that something is wrong is not raised for so long after others raised something. */
export const SYMPTOM_AFTER_OTHERS_MS = 120_000

/** Remembers which signals that start investigations came when for the first time in a while. */
export class RaisedLately {
  readonly #byKey = new Map<string, { firstAt: number; lastAt: number; readonly by: string }>()

  /** A handler of signals that notes them here first. */
  listening<Result>(
    onSignal: (signal: GatewaySignal) => Result,
  ): (signal: GatewaySignal) => Result {
    return (signal) => {
      this.note(signal, epochMs())
      return onSignal(signal)
    }
  }

  note(signal: GatewaySignal, now: number): void {
    const source = sourceOf(signal)
    if (source === undefined) return
    const key = `${source.by} ${source.key}`
    const known = this.#byKey.get(key)
    if (known !== undefined && now - known.lastAt < NEWS_MS) {
      known.lastAt = now
      return
    }
    this.#byKey.delete(key)
    this.#byKey.set(key, { firstAt: now, lastAt: now, by: source.by })
    const oldest = this.#byKey.size > MOST_KEYS ? this.#byKey.keys().next().value : undefined
    if (oldest !== undefined) this.#byKey.delete(oldest)
  }

  /** Somebody else has raised something new since then. */
  byOthersSince(at: number, skill: string): boolean {
    return [...this.#byKey.values()].some(({ by, firstAt }) => by !== skill && firstAt >= at)
  }
}

function sourceOf(
  signal: GatewaySignal,
): { readonly by: string; readonly key: string } | undefined {
  if (signal.type === 'symptom') return { by: signal.skill, key: signal.key }
  if (signal.type === 'stall') return { by: 'vm_events', key: signal.id }
  return signal.type === 'heap' ? { by: 'vm', key: signal.what } : undefined
}
