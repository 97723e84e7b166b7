/** Questions of a coordinator to its model, and small views of its run. */
import type { CoordinatorIntent } from '../vocabulary/coordinator-action.ts'
import type { CoordinatorRequest, CoordinatorTurn } from '../vocabulary/model-request.ts'
import { viewNotification } from '../vocabulary/notification.ts'
import type { CoordinatorRun, OperatorRecord } from './coordinator-run.ts'
import { budgetLeft } from './run-limits.ts'

/** Adds to the history; what waits in the inbox stays behind it until the next question. */
export function withTurns(
  run: CoordinatorRun,
  ...turns: readonly CoordinatorTurn[]
): CoordinatorRun {
  return { ...run, turns: [...run.turns, ...turns] }
}

/** Operators that have not ended, starting ones included. */
export function runningOperators(run: CoordinatorRun): OperatorRecord[] {
  return run.operators.filter(({ view }) => view.status === 'running')
}

/** Replaces the record of one operator. */
export function updateOperator(
  run: CoordinatorRun,
  runId: string,
  change: (record: OperatorRecord) => OperatorRecord,
): CoordinatorRun {
  const operators = run.operators.map((one) => (one.runId === runId ? change(one) : one))
  return { ...run, operators }
}

/** What the model is asked now. */
export function requestFor(
  run: CoordinatorRun,
  at: number,
  tools: readonly CoordinatorIntent[],
): CoordinatorRequest {
  return {
    agent: 'coordinator',
    runId: run.id,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    context: run.context,
    budget: budgetLeft(run.limits, run.spent, at),
    skills: run.skills,
    turns: [...run.turns, ...run.inbox],
    notifications: run.notifications.map(viewNotification),
    operators: run.operators.map(({ view }) => view),
    insights: run.insights,
    known: run.known,
    tools,
  }
}
