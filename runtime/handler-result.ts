/** What a server's loop makes of what it finds and of what its handlers give back. */

import type { ErasedHandler } from './definition.ts'
import { Exit } from './errors.ts'
import { type ExitReason, errorReason, isExitReason, NORMAL } from './exit-reason.ts'
import type { Process } from './process.ts'
import type { Asker } from './signal.ts'
import { isSystemCall } from './system-request.ts'

/** What led to the end: the last message, and the answer that is still to be given. */
export interface Ending {
  readonly message?: unknown
  readonly from?: Asker | undefined
  readonly result?: object
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

export interface AnyNext {
  readonly state: unknown
  readonly stop?: ExitReason
  readonly timeoutMs?: unknown
  readonly reply?: unknown
  readonly fail?: unknown
  readonly continue?: unknown
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
