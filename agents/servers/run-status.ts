import type { CoordinatorRun } from '../loop/coordinator-run.ts'
import type { OperatorView } from '../vocabulary/model-request.ts'
import type { RunPriority } from '../vocabulary/run-priority.ts'

/** A run that is under way or waits, as `Coordinator.status()` shows it. */
export interface RunStatus {
  readonly runId: string
  readonly reason?: string
  readonly priority: RunPriority
  /** `agent-loop`, `pipeline`, or the URL of its module. */
  readonly strategy: string
  /**
   * `scheduled`: a follow-up whose time has not come. `queued`: waits for its turn. Else what it
   * does: `thinking`, `waiting`, `deferring`, `retrying`, and at its end `gathering`, `concluding`.
   */
  readonly phase: string
  /** Place in the queue, from 1, while it is `queued`. */
  readonly position?: number
  readonly iteration: number
  /** When it began; when it is yet to begin, when it was asked for or is to begin. */
  readonly startedAt: string
  /** When it ends at the latest. */
  readonly deadlineAt: string
  readonly notificationCount: number
  readonly unreadCount: number
  readonly insightCount: number
  readonly tokens: number
  readonly operators: readonly OperatorView[]
}

/** The status of a run; `position` is its place in the queue. */
export function statusOf(run: CoordinatorRun, position: number | undefined): RunStatus {
  const isScheduled = run.phase.type === 'queued' && position === undefined
  return {
    runId: run.id,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    priority: run.priority,
    strategy: typeof run.strategy === 'string' ? run.strategy : run.strategy.module,
    phase: isScheduled ? 'scheduled' : run.phase.type,
    ...(position === undefined ? {} : { position }),
    iteration: run.spent.iterations,
    startedAt: isScheduled ? new Date(run.askedAt).toISOString() : run.startedAt,
    deadlineAt: new Date(run.limits.deadlineAt).toISOString(),
    notificationCount: run.notifications.length,
    unreadCount: run.notifications.filter(({ status }) => status === 'unread').length,
    insightCount: run.insights.length,
    tokens: run.spent.tokens,
    operators: run.operators.map(({ view }) => view),
  }
}
