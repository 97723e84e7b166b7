/** A coordinator's operators: starting them, hearing of them, and how each one ended. */
import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import type { JsonObject } from '../vocabulary/json.ts'
import type {
  CoordinatorTurn,
  OperatorEnding,
  RunEvent,
  ToolResult,
} from '../vocabulary/model-request.ts'
import type { Notification } from '../vocabulary/notification.ts'
import type { CoordinatorEffect, CoordinatorStep } from './coordinator-effect.ts'
import { type Done, rejected, succeeded } from './coordinator-results.ts'
import type { CoordinatorRun, OperatorNews, OperatorRecord } from './coordinator-run.ts'
import { runningOperators, signalOf, updateOperator } from './coordinator-turns.ts'
import type { OperatorResult } from './operator-run.ts'
import { gatherUntil, graceFor, type RunLimits } from './run-limits.ts'
import { unreachable } from './unreachable.ts'

/** Operators that one run may start. */
export const maxOperatorStarts = 32
/** Notifications that one run keeps. */
export const maxNotifications = 500

/** Starts an operator for each skill, in parallel; one that runs already is not started again. */
export function invokeOperators(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'invoke_operators' }>,
  at: number,
): Done {
  const wanted = [...new Set(action.skills)]
  const known = run.skills.map(({ id }) => id)
  const unknown = wanted.filter((id) => !known.includes(id))
  const running = runningOperators(run).map(({ skill }) => skill)
  const alreadyRunning = wanted.filter((id) => running.includes(id))
  const startable = wanted.filter((id) => known.includes(id) && !running.includes(id))
  const started = startable.slice(0, maxOperatorStarts - run.operators.length)
  if (unknown.length === wanted.length) {
    return rejected(run, action, `unknown skills ${unknown.join(', ')}; known: ${known.join(', ')}`)
  }
  const records = started.map((skill) => newRecord(run, skill, at))
  const value = { started, alreadyRunning, unknown, refused: startable.slice(started.length) }
  return [
    { ...run, operators: [...run.operators, ...records] },
    resultOf(action, value),
    [...records.map((record) => startEffect(run, record, action.context, at)), ...boundHit(value)],
  ]
}

function resultOf(
  action: CoordinatorAction,
  value: Record<'started' | 'alreadyRunning' | 'unknown' | 'refused', string[]>,
): ToolResult {
  const told = Object.entries(value).filter(([key, list]) => key === 'started' || list.length > 0)
  return succeeded(action, Object.fromEntries(told))
}

function boundHit({ refused }: { readonly refused: string[] }): CoordinatorEffect[] {
  if (refused.length === 0) return []
  const data = { bound: 'maxOperatorStarts', value: maxOperatorStarts, refused }
  return [{ type: 'tell', event: 'bound-hit', data }]
}

function newRecord(run: CoordinatorRun, skill: string, at: number): OperatorRecord {
  const ordinal = run.operators.filter((one) => one.skill === skill).length + 1
  const startedAt = new Date(at).toISOString()
  return {
    skill,
    runId: `${run.id}.${skill}.${ordinal}`,
    view: { skill, status: 'running', state: 'healthy', iteration: 0, startedAt },
    notificationIds: [],
  }
}

function startEffect(
  run: CoordinatorRun,
  record: OperatorRecord,
  hint: string | undefined,
  at: number,
): CoordinatorEffect {
  const reason = [run.reason, hint].filter((part) => part !== undefined).join('\n')
  return {
    type: 'start-operator',
    operator: record.runId,
    skill: record.skill,
    ...(reason === '' ? {} : { reason }),
    context: contextFor(run),
    limits: operatorLimits(run, at),
  }
}

/** A run that nobody asked for says what set it off. */
function contextFor(run: CoordinatorRun): JsonObject {
  const signal = signalOf(run)
  return signal === undefined ? run.context : { ...run.context, signal }
}

/** An operator's time ends where the coordinator's conclusion begins, or the pipeline's last step. */
function operatorLimits({ limits, strategy }: CoordinatorRun, at: number): RunLimits {
  const last = limits.deadlineAt - limits.graceMs
  const deadlineAt = strategy === 'pipeline' ? gatherUntil(limits, at) : last
  return { ...limits, deadlineAt, graceMs: graceFor(Math.max(0, deadlineAt - at)) }
}

/** What came of a report: news for the model goes to the inbox. */
export function hearOperator(run: CoordinatorRun, news: OperatorNews): CoordinatorStep {
  switch (news.type) {
    case 'operator-started':
      return started(run, news.operator, news.pid)
    case 'operator-refused':
      return ended(run, news.operator, {
        type: news.isGivenUp === true ? 'cancelled' : 'failed',
        reason: news.reason,
      })
    case 'operator-notified':
      return notified(run, news.operator, news.notification)
    case 'operator-progressed': {
      const { state, iteration } = news
      const changed = updateOperator(run, news.operator, (one) =>
        one.view.status === 'running' ? { ...one, view: { ...one.view, state, iteration } } : one,
      )
      return [changed, []]
    }
    case 'operator-completed':
      return ended(run, news.operator, news.result.ending, news.result)
    case 'operator-down':
      return ended(run, news.operator, { type: 'crashed', reason: news.reason })
    case 'operator-answered': {
      const { outcome, skill } = news
      const text = outcome.ok ? JSON.stringify(outcome.answer) : `no answer: ${outcome.error}`
      return [withInbox(run, { type: 'message', from: skill, text }), []]
    }
    default:
      return unreachable(news)
  }
}

function started(run: CoordinatorRun, operator: string, pid: string): CoordinatorStep {
  const record = run.operators.find(({ runId }) => runId === operator)
  if (record === undefined || record.view.status !== 'running') return [run, []]
  const data = { skill: record.skill, operator, pid }
  return [
    updateOperator(run, operator, (one) => ({ ...one, pid })),
    [{ type: 'tell', event: 'operator-started', data }],
  ]
}

/** Keeps a notification once: the same id again changes neither its status nor the conversation. */
function notified(
  run: CoordinatorRun,
  operator: string,
  notification: Notification,
): CoordinatorStep {
  const record = run.operators.find(({ runId }) => runId === operator)
  const { id } = notification
  if (record === undefined) return [run, [ignored(id, 'its operator is not of this run')]]
  if (run.notifications.some((one) => one.id === id)) return [run, []]
  if (run.notifications.length >= maxNotifications) {
    return [run, [ignored(id, `the run keeps ${maxNotifications} notifications`)]]
  }
  const kept: CoordinatorRun = {
    ...run,
    notifications: [...run.notifications, { ...notification, status: 'unread' }],
  }
  const known = updateOperator(kept, operator, (one) => ({
    ...one,
    notificationIds: [...one.notificationIds, id],
  }))
  const event = {
    type: 'operator_notification',
    skill: record.skill,
    notificationId: id,
  } as const
  const data = { notificationId: id, skill: record.skill, severity: notification.severity }
  return [withInbox(known, event), [{ type: 'tell', event: 'notification-received', data }]]
}

function ignored(notificationId: string, reason: string): CoordinatorEffect {
  return { type: 'tell', event: 'notification-ignored', data: { notificationId, reason } }
}

/** An operator ends once; what its result holds and was not heard before is heard now. */
function ended(
  run: CoordinatorRun,
  operator: string,
  ending: OperatorEnding,
  result?: OperatorResult,
): CoordinatorStep {
  const record = run.operators.find(({ runId }) => runId === operator)
  if (record === undefined || record.view.status !== 'running') return [run, []]
  const [merged, effects] = (result?.notifications ?? []).reduce<CoordinatorStep>(
    ([current, before], notification) => {
      const [next, more] = notified(current, operator, notification)
      return [next, [...before, ...more]]
    },
    [run, []],
  )
  const closed = updateOperator(merged, operator, (one) => closeRecord(one, ending, result))
  const counted = { ...closed, spent: addTokens(closed, result) }
  const { notificationIds } = counted.operators.find(({ runId }) => runId === operator) ?? record
  const event = { type: 'operator_complete', skill: record.skill, ending, notificationIds } as const
  return [withInbox(counted, event), [...effects, endTold(record, ending)]]
}

function closeRecord(
  record: OperatorRecord,
  ending: OperatorEnding,
  result: OperatorResult | undefined,
): OperatorRecord {
  const { view } = record
  const status = ending.type
  const closed = {
    ...view,
    status,
    ...(ending.type === 'completed' ? { state: ending.state } : { reason: ending.reason }),
    ...(result === undefined ? {} : { iteration: result.iterations }),
  }
  if (result === undefined) return { ...record, view: closed }
  const { partial } = result
  const summary = ending.type === 'completed' ? ending.summary : undefined
  return {
    ...record,
    view: closed,
    finished: summary === undefined ? { partial } : { partial, summary },
  }
}

function addTokens(run: CoordinatorRun, result: OperatorResult | undefined) {
  return { ...run.spent, tokens: run.spent.tokens + (result?.tokens ?? 0) }
}

const endEvents = {
  completed: 'operator-completed',
  cancelled: 'operator-completed',
  failed: 'operator-failed',
  crashed: 'operator-crashed',
} as const

function endTold(record: OperatorRecord, ending: OperatorEnding): CoordinatorEffect {
  const { skill, runId: operator } = record
  const reason = ending.type === 'completed' ? undefined : ending.reason
  return {
    type: 'tell',
    event: endEvents[ending.type],
    data: { skill, operator, ending: ending.type, reason },
  }
}

function withInbox(run: CoordinatorRun, event: RunEvent): CoordinatorRun {
  const turn: CoordinatorTurn = { type: 'event', event }
  return { ...run, inbox: [...run.inbox, turn] }
}
