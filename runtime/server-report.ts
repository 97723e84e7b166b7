/** What a server reports of its end, and of messages it has no handler for. */

import { type ExitReason, isAbnormal } from './exit-reason.ts'
import { nearest } from './options.ts'
import type { Process } from './process.ts'
import { emitReport, reportCrash } from './report.ts'
import { type CallFrom, CallRequest, CastRequest } from './signal.ts'

interface Termination {
  readonly name: string
  readonly reason: ExitReason
  readonly state: unknown
  readonly message: unknown
  readonly from: CallFrom | undefined
}

/** The server's report, then its crash report; none for `normal` and `shutdown`. */
export function reportTermination(process: Process, ending: Termination): void {
  const { name, reason, state, message, from } = ending
  if (!isAbnormal(reason)) return
  emitReport(process.kernel, () => ({
    type: 'server-report',
    level: 'error',
    at: Date.now(),
    pid: process.pid,
    server: process.name ?? name,
    reason,
    lastMessage: plain(message),
    state,
    ...(from ? { client: from.pid } : {}),
  }))
  reportCrash(process, reason)
}

export function reportUnhandled(process: Process, server: string, message: unknown): void {
  emitReport(process.kernel, () => ({
    type: 'unhandled-message',
    level: 'warning',
    at: Date.now(),
    pid: process.pid,
    server,
    message,
  }))
}

/** The reason of a server that was asked for something it has no handler for (OTP's `undef`). */
export function noHandler(
  kind: 'call' | 'cast' | 'continue',
  name: string,
  handlers: Readonly<Record<string, unknown>>,
): ExitReason {
  const known = Object.keys(handlers)
  const near = nearest(name, known)
  const hint = near ? `Did you mean '${near}'?` : `It has: ${known.join(', ') || 'none'}.`
  return { type: 'undef', kind, name, hint }
}

function plain(message: unknown): unknown {
  if (message instanceof CallRequest || message instanceof CastRequest) {
    return { type: message.type, name: message.name, payload: message.payload }
  }
  return message
}
