/**
 * The life of one operator's run as a pure function: what it was, what happened, what it is then
 * and what is to be done about it. The hands (`operator.ts`) ask the model, take snapshots and run
 * scripts; nothing here waits, so a message, a cancel or a deadline is heard at any time.
 */
import type { JsonObject } from '../vocabulary/json.ts'
import type { ModelFailure, ModelReply } from '../vocabulary/model-reply.ts'
import type { OperatorAction } from '../vocabulary/operator-action.ts'
import type { SkillDescription } from '../vocabulary/skill-description.ts'
import { actionFacts } from './action-facts.ts'
import { capJson } from './cap-json.ts'
import { concludeOperator, endOperator, lastWord } from './operator-ending.ts'
import type {
  ExecutionOutcome,
  OperatorEvent,
  OperatorPhase,
  OperatorRun,
  OperatorStep,
} from './operator-run.ts'
import { askModel, performAction } from './operator-thinking.ts'
import { answerRequest, withTurns } from './operator-turns.ts'
import { maxModelFailures, type RunLimits, retryDelayMs } from './run-limits.ts'
import { unreachable } from './unreachable.ts'

/** Messages that one run answers at a time; more are refused. */
const maxMessages = 8

/** What a run is started with. */
export interface OperatorStart {
  readonly id: string
  readonly runId: string
  readonly skill: SkillDescription
  readonly node: string
  readonly reason?: string
  readonly context: JsonObject
  readonly limits: RunLimits
}

/** The first step: the deadline's timers and the first question to the model. */
export function startOperatorRun(start: OperatorStart, at: number): OperatorStep {
  const run: OperatorRun = {
    ...start,
    startedAt: new Date(at).toISOString(),
    phase: { type: 'thinking', request: '' },
    spent: { iterations: 0, tokens: 0 },
    serial: 0,
    health: 'healthy',
    turns: [],
    inbox: [],
    snapshots: [],
    notifications: [],
    failures: 0,
    models: [],
    answering: {},
  }
  const { deadlineAt, graceMs } = start.limits
  const [asked, effects] = askModel(run, at)
  return [
    asked,
    [
      { type: 'arm-timer', timer: 'conclude', ms: Math.max(0, deadlineAt - graceMs - at) },
      { type: 'arm-timer', timer: 'deadline', ms: Math.max(0, deadlineAt - at) },
      ...effects,
    ],
  ]
}

/** One step. Whatever does not belong to what the run is doing now is stale and changes nothing. */
export function stepOperator(run: OperatorRun, event: OperatorEvent): OperatorStep {
  if (run.phase.type === 'ended') return afterEnd(run, event)
  switch (event.type) {
    case 'model-replied':
      return onReply(run, event.request, event.reply, event.at)
    case 'model-failed':
      return onFailure(run, event.request, event.failure, event.at)
    case 'snapshot-taken':
    case 'snapshot-failed':
      return onSnapshot(run, event)
    case 'executed':
      return onExecuted(run, event.request, event.outcome, event.at)
    case 'message':
      return onMessage(run, event)
    case 'timer':
      return onTimer(run, event.timer, event.at)
    case 'conclude':
      return concludeOperator(run, event.cause, event.at)
    case 'stop':
      return endOperator(run, { type: 'cancelled', reason: event.reason }, event.at)
    default:
      return unreachable(event)
  }
}

function afterEnd(run: OperatorRun, event: OperatorEvent): OperatorStep {
  if (event.type !== 'message') return [run, []]
  const error = `the operator "${run.skill.id}" has ended its run`
  return [run, [{ type: 'answer', id: event.id, outcome: { ok: false, error } }]]
}

function onReply(
  run: OperatorRun,
  request: string,
  reply: ModelReply<OperatorAction>,
  at: number,
): OperatorStep {
  const messageId = run.answering[request]
  if (messageId !== undefined) return answerRequest(paid(run, reply), request, messageId, reply)
  const { phase } = run
  if (phase.type !== 'thinking' && phase.type !== 'concluding') return [run, []]
  if (phase.request !== request) return [run, []]
  const counted = countTurn(paid(run, reply))
  const told = {
    type: 'tell',
    event: 'action',
    data: {
      intent: reply.action.intent,
      iteration: counted.spent.iterations,
      model: reply.model,
      ...actionFacts(reply.action),
    },
  } as const
  const [next, effects] =
    phase.type === 'concluding'
      ? lastWord(counted, phase, reply.action, at)
      : performAction(counted, reply.action, at)
  return [next, [told, ...effects]]
}

function paid(run: OperatorRun, { usage, model }: ModelReply<OperatorAction>): OperatorRun {
  const tokens = run.spent.tokens + usage.inputTokens + usage.outputTokens
  return {
    ...run,
    spent: { ...run.spent, tokens },
    models: [...run.models.filter((one) => one !== model), model],
  }
}

function countTurn(run: OperatorRun): OperatorRun {
  return { ...run, failures: 0, spent: { ...run.spent, iterations: run.spent.iterations + 1 } }
}

function onFailure(
  run: OperatorRun,
  request: string,
  failure: ModelFailure,
  at: number,
): OperatorStep {
  const messageId = run.answering[request]
  if (messageId !== undefined) return answerRequest(run, request, messageId, failure)
  const { phase } = run
  if (phase.type !== 'thinking' && phase.type !== 'concluding') return [run, []]
  if (phase.request !== request) return [run, []]
  const failures = run.failures + 1
  const again =
    phase.type === 'thinking' &&
    failures < maxModelFailures &&
    (failure.retryable || failure.kind === 'invalid_output')
  const told = {
    type: 'tell',
    event: 'model-failed',
    data: { kind: failure.kind, message: failure.message, failures, willRetry: again },
  } as const
  if (!again) {
    const reason = `the model failed (${failure.kind}): ${failure.message}`
    const [ended, effects] = endOperator({ ...run, failures }, { type: 'failed', reason }, at)
    return [ended, [told, ...effects]]
  }
  return [retrying({ ...run, failures }, failure), [told, retryTimer(run, failures, failure)]]
}

function retrying(run: OperatorRun, failure: ModelFailure): OperatorRun {
  const phase: OperatorPhase = { type: 'retrying', timer: `retry-${run.serial}` }
  const issues = failure.issues ?? []
  if (issues.length === 0) return { ...run, phase }
  return withTurns({ ...run, phase }, { type: 'event', event: { type: 'invalid_action', issues } })
}

function retryTimer(run: OperatorRun, failures: number, failure: ModelFailure) {
  const ms = retryDelayMs(failures, failure.retryAfterMs)
  return { type: 'arm-timer', timer: `retry-${run.serial}`, ms } as const
}

function onSnapshot(
  run: OperatorRun,
  event: Extract<OperatorEvent, { type: 'snapshot-taken' | 'snapshot-failed' }>,
): OperatorStep {
  const { phase } = run
  if (phase.type !== 'snapshotting' || phase.request !== event.request) return [run, []]
  const action = { type: 'action', action: phase.action } as const
  if (event.type === 'snapshot-failed') {
    const { message } = event
    const failed = { type: 'result', intent: 'take_snapshot', ok: false, error: message } as const
    const [next, effects] = askModel(withTurns(run, action, failed), event.at)
    return [next, [{ type: 'tell', event: 'snapshot-failed', data: { message } }, ...effects]]
  }
  const id = `${run.id}.s${run.snapshots.length + 1}`
  const { data, capturedAt } = event
  const snapshot = { id, capturedAt, data: capJson(data).value }
  const value = { id, capturedAt, data: snapshot.data }
  const result = { type: 'result', intent: 'take_snapshot', ok: true, value } as const
  const kept = { ...run, snapshots: [...run.snapshots, snapshot] }
  const [next, effects] = askModel(withTurns(kept, action, result), event.at)
  return [next, [{ type: 'tell', event: 'snapshot-taken', data: { snapshotId: id } }, ...effects]]
}

function onExecuted(
  run: OperatorRun,
  request: string,
  outcome: ExecutionOutcome,
  at: number,
): OperatorStep {
  const { phase } = run
  if (phase.type !== 'executing' || phase.request !== request) return [run, []]
  const result = outcome.ok
    ? ({ type: 'result', intent: 'execute', ok: true, ...resultValue(outcome) } as const)
    : ({
        type: 'result',
        intent: 'execute',
        ok: false,
        error: outcome.message,
        code: outcome.code,
      } as const)
  const [next, effects] = askModel(
    withTurns(run, { type: 'action', action: phase.action }, result),
    at,
  )
  const data = outcome.ok ? { ok: true } : { ok: false, code: outcome.code }
  return [next, [{ type: 'tell', event: 'executed', data }, ...effects]]
}

function resultValue(outcome: Extract<ExecutionOutcome, { ok: true }>) {
  return { value: capJson(outcome.value).value }
}

function onMessage(
  run: OperatorRun,
  { id, from, text, at }: Extract<OperatorEvent, { type: 'message' }>,
): OperatorStep {
  if (Object.keys(run.answering).length >= maxMessages) {
    const error = `the operator answers ${maxMessages} messages already; ask again later`
    return [run, [{ type: 'answer', id, outcome: { ok: false, error } }]]
  }
  const message = { type: 'event', event: { type: 'message', from, text } } as const
  const request = `m${run.serial + 1}`
  const asked: OperatorRun = {
    ...run,
    serial: run.serial + 1,
    inbox: [...run.inbox, message],
    answering: { ...run.answering, [request]: id },
  }
  const [, effects] = askModel(asked, at, { request, tools: ['answer'] })
  if (run.phase.type !== 'resting') return [asked, effects]
  const [woken, more] = wake(asked, run.phase, at)
  return [woken, [...effects, ...more]]
}

function onTimer(run: OperatorRun, timer: string, at: number): OperatorStep {
  if (timer === 'conclude') return concludeOperator(run, 'deadline', at)
  if (timer === 'deadline') {
    return endOperator(run, { type: 'cancelled', reason: 'the deadline was exceeded' }, at)
  }
  const { phase } = run
  if (phase.type === 'retrying' && phase.timer === timer) return askModel(run, at)
  if (phase.type === 'resting' && phase.timer === timer) return wake(run, phase, at)
  return [run, []]
}

function wake(
  run: OperatorRun,
  phase: Extract<OperatorPhase, { type: 'resting' }>,
  at: number,
): OperatorStep {
  const value = { waitedMs: at - phase.since }
  const result = { type: 'result', intent: 'wait', ok: true, value } as const
  return askModel(withTurns(run, { type: 'action', action: phase.action }, result), at)
}
