/** Messages between coordinator and operators, and what a coordinator sends itself. */
import type { CoordinatorEvent } from '../loop/coordinator-run.ts'
import type { OperatorEvent, OperatorResult } from '../loop/operator-run.ts'
import { isObject } from '../vocabulary/json.ts'
import type { Notification } from '../vocabulary/notification.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'

/** What an operator sends to whoever started its run. `operator` is the id of the operator's run. */
export type OperatorMessage =
  | {
      readonly type: 'operator_notification'
      readonly pid: string
      readonly operator: string
      readonly notification: Notification
    }
  | {
      readonly type: 'operator_complete'
      readonly pid: string
      readonly skill: string
      readonly operator: string
      readonly result: OperatorResult
    }
  | {
      readonly type: 'operator_progress'
      readonly pid: string
      readonly operator: string
      readonly state: OperatorHealth
      readonly iteration: number
    }

const operatorTypes = ['operator_notification', 'operator_complete', 'operator_progress']

/** Tells a message of an operator from any other. */
export function isOperatorMessage(message: unknown): message is OperatorMessage {
  return (
    isObject(message) &&
    typeof message['operator'] === 'string' &&
    typeof message['type'] === 'string' &&
    operatorTypes.includes(message['type'])
  )
}

/** An event of a run on its way through the own mailbox, so that events are handled one by one. */
export interface OperatorEventMessage {
  readonly type: 'run-event'
  readonly runId: string
  readonly event: OperatorEvent
}

/** The same of a coordinator. */
export interface CoordinatorEventMessage {
  readonly type: 'run-event'
  readonly runId: string
  readonly event: CoordinatorEvent
}

/** Only an operator itself posts such messages to itself. */
export function isOperatorEventMessage(message: unknown): message is OperatorEventMessage {
  return isEventMessage(message)
}

/** Only a coordinator itself posts such messages to itself. */
export function isCoordinatorEventMessage(message: unknown): message is CoordinatorEventMessage {
  return isEventMessage(message)
}

function isEventMessage(message: unknown): boolean {
  return isObject(message) && message['type'] === 'run-event' && isObject(message['event'])
}

/** Tells the result of an operator's run from other answers. */
export function isOperatorResult(value: unknown): value is OperatorResult {
  return isObject(value) && isObject(value['ending']) && Array.isArray(value['notifications'])
}
