import type { CoordinatorRun } from '../loop/coordinator-run.ts'
import type { OperatorView } from '../vocabulary/model-request.ts'

/** A run that is under way, as `Coordinator.status()` shows it. */
export interface RunStatus {
  readonly runId: string
  readonly phase: string
  readonly iteration: number
  readonly startedAt: string
  readonly notificationCount: number
  readonly unreadCount: number
  readonly insightCount: number
  readonly operators: readonly OperatorView[]
}

/** The status of a run. */
export function statusOf(run: CoordinatorRun): RunStatus {
  return {
    runId: run.id,
    phase: run.phase.type,
    iteration: run.spent.iterations,
    startedAt: run.startedAt,
    notificationCount: run.notifications.length,
    unreadCount: run.notifications.filter(({ status }) => status === 'unread').length,
    insightCount: run.insights.length,
    operators: run.operators.map(({ view }) => view),
  }
}
