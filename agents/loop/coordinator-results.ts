import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import type { Json } from '../vocabulary/json.ts'
import type { ToolResult } from '../vocabulary/model-request.ts'
import type { CoordinatorEffect } from './coordinator-effect.ts'
import type { CoordinatorRun } from './coordinator-run.ts'

/** An action that was performed at once. */
export type Done = readonly [CoordinatorRun, ToolResult, readonly CoordinatorEffect[]]

/** The result of an action that worked. */
export function succeeded(action: CoordinatorAction, value: Json): ToolResult {
  return { type: 'result', intent: action.intent, ok: true, value }
}

/** An action that could not be performed: nothing changes, the model is told why. */
export function rejected(run: CoordinatorRun, action: CoordinatorAction, error: string): Done {
  const data = { intent: action.intent, reason: error }
  return [
    run,
    { type: 'result', intent: action.intent, ok: false, error },
    [{ type: 'tell', event: 'action-rejected', data }],
  ]
}

/** Drops keys without a value, so that what the model sees is JSON. */
export function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value))
}
