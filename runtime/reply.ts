import { NotSendable } from './errors.ts'
import type { Process } from './process.ts'
import { type Asker, isDirect } from './signal.ts'
import { toWireError } from './wire.ts'

/**
 * Answers a call. A value that cannot cross to the caller's thread fails the call with
 * `NotSendable`; the server goes on.
 */
export function replyTo(process: Process, from: Asker, value: unknown): void {
  if (isDirect(from)) return from.answer(value)
  if (!process.watchers.delete(from.ref)) return
  const { pid: to, ref } = from
  try {
    process.kernel.send({ type: 'reply', to, ref, value })
  } catch (error) {
    if (!(error instanceof NotSendable)) throw error
    failCall(process, from, error)
  }
}

/** Rejects the caller's promise with the error; the server goes on. */
export function failCall(process: Process, from: Asker, error: unknown): void {
  if (isDirect(from)) return from.fail(toWireError(error))
  process.watchers.delete(from.ref)
  const { pid: to, ref } = from
  process.kernel.send({ type: 'reply-failed', to, ref, error: toWireError(error) })
}
