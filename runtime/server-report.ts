/** What a server reports of its end, and of messages it has no handler for. */

import type { ErasedServer } from './definition.ts'
import { type ExitReason, isAbnormal } from './exit-reason.ts'
import { formatted } from './format-status.ts'
import { nearest } from './options.ts'
import type { Process } from './process.ts'
import { emitReport, reportCrash, wantsReport } from './report.ts'
import type { Asker } from './signal.ts'
import { plainMessage, type SystemEvent } from './system-debug.ts'

interface Termination {
  readonly reason: ExitReason
  readonly state: unknown
  readonly message: unknown
  readonly from: Asker | undefined
  readonly log: readonly SystemEvent[] | undefined
}

/** The server's report, then its crash report; none for `normal` and `shutdown`. */
export function reportTermination(
  process: Process,
  spec: ErasedServer,
  { reason, state, message, from, log }: Termination,
): void {
  if (!isAbnormal(reason) || !wanted(process)) return
  const parts = { state, message: plainMessage(message), reason, ...(log ? { log } : {}) }
  const shown = formatted(spec, parts)
  emitReport(process.kernel, 'server-report', () => ({
    type: 'server-report',
    level: 'error',
    at: Date.now(),
    pid: process.pid,
    server: process.name ?? spec.name,
    reason: shown.reason ?? reason,
    lastMessage: shown.message,
    state: shown.state,
    ...(from ? { client: from.pid } : {}),
    ...(shown.log ? { log: shown.log } : {}),
  }))
  reportCrash(process, shown.reason ?? reason, shown.message)
}

function wanted({ kernel }: Process): boolean {
  return wantsReport(kernel, 'server-report') || wantsReport(kernel, 'crash-report')
}

export function reportUnhandled(process: Process, server: string, message: unknown): void {
  emitReport(process.kernel, 'unhandled-message', () => ({
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
