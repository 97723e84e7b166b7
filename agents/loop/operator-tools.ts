/** The actions of an operator's model that need no hands: their result is there at once. */
import { checkNotification } from '../vocabulary/check-notification.ts'
import type { Json } from '../vocabulary/json.ts'
import type { Notification } from '../vocabulary/notification.ts'
import type { NotificationDraft, OperatorAction } from '../vocabulary/operator-action.ts'
import { capJson } from './cap-json.ts'
import type { OperatorEffect, OperatorRun } from './operator-run.ts'
import { unreachable } from './unreachable.ts'

type Immediate = Exclude<OperatorAction, { intent: 'take_snapshot' | 'execute' | 'wait' | 'done' }>
type Result =
  | { readonly type: 'result'; readonly intent: string; readonly ok: true; readonly value: Json }
  | { readonly type: 'result'; readonly intent: string; readonly ok: false; readonly error: string }
type Done = readonly [OperatorRun, Result, readonly OperatorEffect[]]

/** Performs one of them: the run after it, its result, and what is to be done besides. */
export function performAtOnce(run: OperatorRun, action: Immediate, at: number): Done {
  switch (action.intent) {
    case 'set_state':
      return setState(run, action)
    case 'send_notification':
      return sendNotification(run, action, at)
    case 'get_notifications':
      return [run, ok(action, run.notifications.map(withoutSnapshots)), []]
    case 'get_snapshot': {
      const found = run.snapshots.find(({ id }) => id === action.id)
      if (found !== undefined) return [run, ok(action, asJson(found)), []]
      return rejected(run, action, `no snapshot "${action.id}"; known: ${snapshotIds(run)}`)
    }
    case 'get_snapshots': {
      const { limit = 5, offset = 0 } = action
      const page = [...run.snapshots].reverse().slice(offset, offset + limit)
      return [run, ok(action, page.map(asJson)), []]
    }
    case 'think':
      return [run, ok(action, { recorded: true }), []]
    case 'answer':
      return rejected(run, action, 'there is no message to answer in this turn')
    default:
      return unreachable(action)
  }
}

function setState(
  run: OperatorRun,
  action: Extract<OperatorAction, { intent: 'set_state' }>,
): Done {
  const data = { from: run.health, to: action.state, reason: action.reason }
  const effects: OperatorEffect[] =
    run.health === action.state ? [] : [{ type: 'tell', event: 'state-changed', data }]
  return [{ ...run, health: action.state }, ok(action, { state: action.state }), effects]
}

/**
 * A notification without known snapshots has no evidence and is refused. What a language model
 * says and nobody measured is sent with a mark, and the model is told.
 */
function sendNotification(
  run: OperatorRun,
  action: Extract<OperatorAction, { intent: 'send_notification' }>,
  at: number,
): Done {
  const { intent: _, ...draft } = action
  const seen = { snapshots: run.snapshots, results: resultsOf(run) }
  const checked = checkNotification(draft, seen, { isFreeText: run.models.at(-1) !== 'rules' })
  if (!checked.ok) return rejected(run, action, checked.issues.join('; '))
  const unverified = checked.unverified.map((one) => one.slice(0, 300))
  const notification = {
    ...notificationFrom(run, checked.draft, at),
    ...(unverified.length === 0 ? {} : { unverified }),
  }
  const { id, type, severity } = notification
  const corrections = [...checked.corrections, ...unverified.map((one) => `unverified: ${one}`)]
  const { snapshots: _snapshots, ...view } = notification
  const data = { notificationId: id, type, severity, corrections, notification: view }
  return [
    { ...run, notifications: [...run.notifications, notification] },
    ok(action, corrections.length === 0 ? { id } : { id, corrections }),
    [
      { type: 'notify', notification },
      { type: 'tell', event: 'notification-sent', data },
    ],
  ]
}

function resultsOf(run: OperatorRun): Json[] {
  return run.turns.flatMap((turn) =>
    turn.type === 'result' && turn.intent === 'execute' && turn.ok ? [turn.value] : [],
  )
}

function notificationFrom(run: OperatorRun, draft: NotificationDraft, at: number): Notification {
  return {
    ...draft,
    id: `${run.id}.n${run.notifications.length + 1}`,
    runId: run.runId,
    operator: run.skill.id,
    snapshots: run.snapshots.filter(({ id }) => draft.snapshotIds.includes(id)),
    detectedAt: new Date(at).toISOString(),
    node: run.node,
  }
}

function ok(action: OperatorAction, value: Json): Result {
  return { type: 'result', intent: action.intent, ok: true, value: capJson(value).value }
}

function rejected(run: OperatorRun, action: OperatorAction, error: string): Done {
  const data = { intent: action.intent, reason: error }
  return [
    run,
    { type: 'result', intent: action.intent, ok: false, error },
    [{ type: 'tell', event: 'action-rejected', data }],
  ]
}

function snapshotIds(run: OperatorRun): string {
  const ids = run.snapshots.map(({ id }) => id).join(', ')
  return ids === '' ? 'none yet, take one first' : ids
}

function withoutSnapshots(notification: Notification): Json {
  const { snapshots: _, ...view } = notification
  return asJson(view)
}

/** Drops keys without a value, so that what the model sees is JSON. */
function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value))
}
