/**
 * `rules`: a deterministic investigator that plays the model's part through the same tools. It
 * costs nothing, needs no network, and is the default. It is not a language model and never
 * claims to be one.
 */
import type { Action, ModelRequest } from '../../vocabulary/model-request.ts'
import { coordinatorRules } from './coordinator-rules.ts'
import { operatorRules } from './operator-rules.ts'

/** Chooses the next action. Pure: the same request gives the same action. */
export function rules(request: ModelRequest): Action {
  return request.agent === 'operator' ? operatorRules(request) : coordinatorRules(request)
}
