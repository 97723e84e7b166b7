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

/** Sets the status of notifications. */
export function withStatus(
  run: CoordinatorRun,
  ids: readonly string[],
  status: 'acknowledged' | 'resolved',
): CoordinatorRun {
  const notifications = run.notifications.map((one) =>
    ids.includes(one.id) ? { ...one, status } : one,
  )
  return { ...run, notifications }
}

/** Nobody asked: something that was noticed set it off. */
export function startedByItself({ turns }: CoordinatorRun): boolean {
  return turns.some((turn) => turn.type === 'event' && turn.event.type === 'signal')
}

/** More may be to find: the run is ending early or an operator did not finish its work. */
export function isPartial(run: CoordinatorRun): boolean {
  const { type } = run.phase
  const cutShort = type === 'concluding' || type === 'gathering'
  return cutShort || run.operators.some(isUnfinished)
}

function isUnfinished({ view, finished }: OperatorRecord): boolean {
  if (view.status === 'running') return false
  return view.status !== 'completed' || finished?.partial === true
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
