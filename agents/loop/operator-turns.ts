/** Questions of an operator to its model, and its answers to messages. */
import { isObject, type Json } from '../vocabulary/json.ts'
import type { ModelFailure, ModelReply } from '../vocabulary/model-reply.ts'
import type { OperatorRequest, OperatorTurn } from '../vocabulary/model-request.ts'
import type { OperatorAction, OperatorIntent } from '../vocabulary/operator-action.ts'
import type { OperatorRun, OperatorStep } from './operator-run.ts'
import { budgetLeft } from './run-limits.ts'

/** A message that is answered beside the run. */
export type Question = NonNullable<OperatorRequest['question']>

/** Adds to the history; what waits in the inbox stays behind it until the next question. */
export function withTurns(run: OperatorRun, ...turns: readonly OperatorTurn[]): OperatorRun {
  return { ...run, turns: [...run.turns, ...turns] }
}

/** What the model is asked now. */
export function requestFor(
  run: OperatorRun,
  at: number,
  tools: readonly OperatorIntent[],
  question?: Question,
): OperatorRequest {
  return {
    agent: 'operator',
    runId: run.runId,
    conversation: run.id,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    context: run.context,
    budget: budgetLeft(run.limits, run.spent, at),
    ...(run.limits.model === undefined ? {} : { model: run.limits.model }),
    skill: run.skill,
    state: run.health,
    turns: [...run.turns, ...run.inbox],
    snapshots: run.snapshots,
    notifications: run.notifications,
    ...(run.watch === undefined ? {} : { watch: run.watch }),
    ...(question === undefined ? {} : { question }),
    tools,
  }
}

/** Gives the answer to a message, or says why there is none. */
export function answerRequest(
  run: OperatorRun,
  request: string,
  messageId: string,
  outcome: ModelReply<OperatorAction> | ModelFailure,
): OperatorStep {
  const { [request]: _, ...answering } = run.answering
  const left: OperatorRun = { ...run, answering }
  if (!('action' in outcome)) {
    const error = `the model failed (${outcome.kind}): ${outcome.message}`
    const failed = { ok: false, error, why: 'model_failed' } as const
    return [left, [{ type: 'answer', id: messageId, outcome: failed }]]
  }
  const answer = {
    skill: run.skill.id,
    state: run.health,
    iteration: run.spent.iterations,
    response: responseOf(outcome.action),
  }
  return [left, [{ type: 'answer', id: messageId, outcome: { ok: true, answer } }]]
}

function responseOf(action: OperatorAction): Json {
  const { intent: _, ...response } = action
  return isObject(response) ? JSON.parse(JSON.stringify(response)) : null
}
