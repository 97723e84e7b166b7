import type { ExitReason } from './exit-reason.ts'

const INITIAL: unique symbol = Symbol.for('nodelens.initial')
const REFUSAL: unique symbol = Symbol.for('nodelens.refusal')

/** How `init` ended, where it did not fail. */
export type InitOutcome =
  | { readonly type: 'started' | 'ignored' }
  | { readonly type: 'refused'; readonly reason: ExitReason }

export const STARTED: InitOutcome = Object.freeze({ type: 'started' })

/** A first state with what is to happen right after the start. */
export interface Initial<State> {
  readonly [INITIAL]: true
  readonly state: State
  readonly continue?: unknown
  readonly timeoutMs?: number
  readonly hibernate?: boolean
}

/** A start that is called off. */
export interface Refusal {
  readonly [REFUSAL]: true
  readonly reason: ExitReason
}

/**
 * Returned by `init` that has more to say than its state: `continue` runs the `continue` handler
 * before any message, `timeoutMs` sends `{ type: 'timeout' }` to `info` if no message comes in time,
 * `hibernate` gives memory back as in a handler.
 */
export function initial<State>(
  state: State,
  then: Pick<Initial<State>, 'continue' | 'timeoutMs' | 'hibernate'>,
): Initial<State> {
  return { ...then, [INITIAL]: true, state }
}

/**
 * Returned by `init` that cannot start and does not want it to be a crash: the start fails with
 * this reason, but the actor ends `normal`, so that there is no crash report and a linked starter
 * lives on. (To end with the reason itself: `exit(reason)`.)
 *
 * @see OTP's `{error, Reason}` of `init/1`.
 */
export function refuse(reason: ExitReason): Refusal {
  return { [REFUSAL]: true, reason }
}

export function isInitial(value: unknown): value is Initial<unknown> {
  return typeof value === 'object' && value !== null && INITIAL in value
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && REFUSAL in value
}
