/** The actions of a coordinator's model that need no waiting: their result is there at once. */
import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import type { Json } from '../vocabulary/json.ts'
import { viewNotification } from '../vocabulary/notification.ts'
import { capJson } from './cap-json.ts'
import { produceInsight } from './coordinator-insights.ts'
import { invokeOperators } from './coordinator-operators.ts'
import { asJson, type Done, rejected, succeeded } from './coordinator-results.ts'
import type { CoordinatorEffect, CoordinatorRun } from './coordinator-run.ts'
import { runningOperators, withStatus } from './coordinator-turns.ts'
import { unreachable } from './unreachable.ts'

/** Follow-ups that may follow each other without anyone asking. */
export const maxFollowUps = 3

/** Actions whose result is there at once. */
export type ImmediateAction = Exclude<CoordinatorAction, { intent: 'wait' | 'done' }>

/** Performs one of them: the run after it, its result, and what is to be done besides. */
export function performAtOnce(run: CoordinatorRun, action: ImmediateAction, at: number): Done {
  switch (action.intent) {
    case 'get_notifications':
      return [run, succeeded(action, notificationsOf(run, action.status ?? 'all')), []]
    case 'update_notification_statuses':
      return updateStatuses(run, action)
    case 'produce_insight':
      return produceInsight(run, action, at)
    case 'invoke_operators':
      return invokeOperators(run, action, at)
    case 'message_operator':
      return messageOperator(run, action)
    case 'get_operator_statuses':
      return [run, succeeded(action, asJson(run.operators.map(({ view }) => view))), []]
    case 'schedule':
      return schedule(run, action)
    case 'think':
      return [run, succeeded(action, { recorded: true }), []]
    default:
      return unreachable(action)
  }
}

function notificationsOf(run: CoordinatorRun, status: string): Json {
  const wanted = run.notifications.filter((one) => status === 'all' || one.status === status)
  return capJson(asJson(wanted.map(viewNotification))).value
}

function updateStatuses(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'update_notification_statuses' }>,
): Done {
  const ids = run.notifications.map(({ id }) => id)
  const updated = action.notificationIds.filter((id) => ids.includes(id))
  const unknown = action.notificationIds.filter((id) => !ids.includes(id))
  if (updated.length === 0) {
    return rejected(run, action, `no such notifications: ${unknown.join(', ')}`)
  }
  const { status } = action
  return [
    withStatus(run, updated, status),
    succeeded(action, unknown.length === 0 ? { updated, status } : { updated, unknown, status }),
    [],
  ]
}

function messageOperator(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'message_operator' }>,
): Done {
  const { skill, message: text } = action
  const record = runningOperators(run).findLast((one) => one.skill === skill)
  if (record === undefined || record.pid === undefined) {
    const names = runningOperators(run).map((one) => one.skill)
    const running = names.length === 0 ? 'none runs' : `running: ${names.join(', ')}`
    return rejected(run, action, `operator "${skill}" is not running; ${running}`)
  }
  const effect = { type: 'message-operator', operator: record.runId, skill, text } as const
  return [run, succeeded(action, { sent: true, answer: 'arrives as a message' }), [effect]]
}

function schedule(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'schedule' }>,
): Done {
  if (run.followUps >= maxFollowUps) {
    const [same, result, effects] = rejected(
      run,
      action,
      `this run is follow-up ${run.followUps} already, ${maxFollowUps} are allowed`,
    )
    const data = { bound: 'maxFollowUps', value: maxFollowUps }
    return [same, result, [...effects, { type: 'tell', event: 'bound-hit', data }]]
  }
  const { ms, reason } = action
  const told: CoordinatorEffect = { type: 'tell', event: 'scheduled', data: { ms, reason } }
  return [
    { ...run, followUp: { ms, reason } },
    succeeded(action, { scheduled: true, startsAfterThisRunMs: ms }),
    [told],
  ]
}
