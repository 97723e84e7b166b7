/** Questions of a coordinator to its model, and small views of its run. */
import type { CoordinatorAction, CoordinatorIntent } from '../vocabulary/coordinator-action.ts'
import type { JsonObject } from '../vocabulary/json.ts'
import type { CoordinatorRequest, CoordinatorTurn } from '../vocabulary/model-request.ts'
import { viewNotification } from '../vocabulary/notification.ts'
import type { CoordinatorEffect } from './coordinator-effect.ts'
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
    ...(run.limits.model === undefined ? {} : { model: run.limits.model }),
    strategy: typeof run.strategy === 'string' ? run.strategy : 'module',
    skills: run.skills,
    turns: [...run.turns, ...run.inbox],
    notifications: run.notifications.map(viewNotification),
    operators: run.operators.map(({ view }) => view),
    insights: run.insights,
    known: run.known,
    tools,
  }
}

/** A wait that single reports do not end. */
export function waitsForAll(action: CoordinatorAction): boolean {
  return action.intent === 'wait' && action.until === 'all_ended'
}

/** Operators that are not waited for any more: they count as cancelled, with the reason. */
export function giveUpOperators(
  run: CoordinatorRun,
  reason: string,
): readonly [CoordinatorRun, CoordinatorEffect[]] {
  const late = runningOperators(run)
  const closed = late.reduce(
    (current, { runId }) =>
      updateOperator(current, runId, (one) => ({
        ...one,
        view: { ...one.view, status: 'cancelled', reason },
      })),
    run,
  )
  return [closed, late.map(({ runId: operator }) => ({ type: 'stop-operator', operator, reason }))]
}

/** Whether all notifications, not only their ids, stand in the conversation. */
export function areShown({ notifications, turns }: CoordinatorRun): boolean {
  const shown = turns.findLast(
    (turn) => turn.type === 'result' && turn.intent === 'get_notifications' && turn.ok,
  )
  const value = shown?.type === 'result' && shown.ok ? shown.value : []
  return notifications.length === (Array.isArray(value) ? value.length : notifications.length)
}

/** What set a run off that nobody asked for. */
export function signalOf({ turns }: CoordinatorRun): JsonObject | undefined {
  for (const turn of turns)
    if (turn.type === 'event' && turn.event.type === 'signal') return turn.event.signal
  return undefined
}
