import type { ChildSpec } from './child-spec.ts'
import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { type ChildFacts, emitReport, factsOf, type SupervisorContext } from './report.ts'

/** A child as its supervisor knows it. */
export interface Offender {
  readonly spec: ChildSpec
  readonly pid: Pid | undefined
}

export function reportSupervisor(
  supervisor: Process,
  context: SupervisorContext,
  reason: ExitReason,
  offender: Offender,
): void {
  emitReport(supervisor.kernel, 'supervisor-report', () => ({
    type: 'supervisor-report',
    level: 'error',
    at: Date.now(),
    supervisor: factsOf(supervisor),
    context,
    reason,
    offender: childFacts(offender),
  }))
}

/** @param level `debug` for a start that somebody asked for, otherwise `info`. */
export function reportProgress(
  supervisor: Process,
  level: 'info' | 'debug',
  started: Offender,
): void {
  emitReport(supervisor.kernel, 'progress-report', () => ({
    type: 'progress-report',
    level,
    at: Date.now(),
    supervisor: factsOf(supervisor),
    started: childFacts(started),
  }))
}

/** A message that a supervisor has no use for; it goes on. */
export function reportUnexpected(supervisor: Process, message: unknown): void {
  emitReport(supervisor.kernel, 'unhandled-message', () => ({
    type: 'unhandled-message',
    level: 'error',
    at: Date.now(),
    pid: supervisor.pid,
    server: supervisor.name ?? supervisor.id ?? 'supervisor',
    message,
  }))
}

function childFacts({ spec, pid }: Offender): ChildFacts {
  const { id, restart, significant = false, shutdown, type } = spec
  return { id, pid, restart, significant, shutdown, type }
}
