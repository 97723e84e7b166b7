/** What a server's loop makes of what it finds and of what its handlers give back. */

import { enter } from './context.ts'
import type { ErasedHandler, ServerContext } from './definition.ts'
import { Exit } from './errors.ts'
import { type ExitReason, errorReason, isExitReason, NORMAL } from './exit-reason.ts'
import type { CurrentFunction, Process } from './process.ts'
import type { Asker } from './signal.ts'
import { isSystemCall } from './system-request.ts'

/** What a server is at work on that waits for no handler. */
export function byStatus({ status, startedAt }: Process): CurrentFunction | undefined {
  if (status === 'starting') return { name: 'init', since: startedAt }
  return status === 'terminating' ? { name: 'terminate' } : undefined
}

/** The way of every message: no closure is made. */
export function handleAs(
  process: Process,
  handler: ErasedHandler,
  state: unknown,
  payload: unknown,
  context: ServerContext,
): unknown {
  const before = enter(process)
  try {
    return handler(state, payload, context)
  } finally {
    enter(before)
  }
}

/** The reason that something thrown stands for. */
export function reasonOf(thrown: unknown): ExitReason {
  return thrown instanceof Exit ? thrown.reason : errorReason(thrown)
}

/** A parent's exit ends a server that traps exits, through `terminate`. */
export function exitOfParent(process: Process, entry: unknown): ExitReason | undefined {
  if (!process.parent || typeof entry !== 'object' || entry === null) return undefined
  if (!('type' in entry) || entry.type !== 'EXIT') return undefined
  if (!('pid' in entry) || entry.pid !== process.parent || !('reason' in entry)) return undefined
  return isExitReason(entry.reason) ? entry.reason : NORMAL
}

/** What led to a server's end: the last message, and the answer that is still to be given. */
export interface Ending {
  readonly message?: unknown
  readonly from?: Asker | undefined
  readonly result?: object
}

/** What is to happen when a handler is done. */
export interface Afterwards {
  readonly continue?: unknown
  readonly timeoutMs?: unknown
  readonly hibernate?: unknown
}

export interface AnyNext extends Afterwards {
  readonly state: unknown
  readonly stop?: ExitReason
  readonly reply?: unknown
  readonly fail?: unknown
}

export function isNext(value: unknown): value is AnyNext {
  return typeof value === 'object' && value !== null && ('state' in value || 'stop' in value)
}

export function own(
  handlers: Readonly<Record<string, ErasedHandler>>,
  name: string,
): ErasedHandler | undefined {
  return Object.hasOwn(handlers, name) ? handlers[name] : undefined
}

export function isOrdinary(entry: unknown): boolean {
  return !isSystemCall(entry)
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

/** Runs what may be done at once or give a promise. */
export function whenDone(
  run: () => unknown,
  outcome: { readonly done: () => void; readonly failed: (error: unknown) => void },
): void {
  try {
    const result = run()
    if (!isThenable(result)) return outcome.done()
    result.then(
      () => outcome.done(),
      (error: unknown) => outcome.failed(error),
    )
  } catch (error) {
    outcome.failed(error)
  }
}
