/**
 * The life of one investigation as a pure function: what it was, what happened, what it is then
 * and what is to be done about it (beamlens's AgentLoop). The hands are in `coordinator.ts`.
 *
 * It is deterministic: a journal of its events, folded again, is the same run. That is how a
 * crashed coordinator goes on where it stopped (`resumed`).
 */
import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import type { ModelFailure, ModelReply } from '../vocabulary/model-reply.ts'
import { actionFacts } from './action-facts.ts'
import type { CoordinatorStep } from './coordinator-effect.ts'
import {
  concludeRun,
  endAgain,
  endNow,
  gathered,
  gatheringOver,
  lastWord,
} from './coordinator-ending.ts'
import { hearOperator } from './coordinator-operators.ts'
import { stepQueued } from './coordinator-queue.ts'
import { resumeRun } from './coordinator-resume.ts'
import type { CoordinatorEvent, CoordinatorRun, OperatorNews } from './coordinator-run.ts'
import {
  carryOut,
  nextTurn,
  performAction,
  stopDeferring,
  stopWaiting,
} from './coordinator-thinking.ts'
import { runningOperators, waitsForAll, withTurns } from './coordinator-turns.ts'
import { rememberCause } from './known-causes.ts'
import { maxModelFailures, retryDelayMs } from './run-limits.ts'
import { unreachable } from './unreachable.ts'

/** One step. Whatever does not belong to what the run is doing now is stale and changes nothing. */
export function stepCoordinator(run: CoordinatorRun, event: CoordinatorEvent): CoordinatorStep {
  if (run.phase.type === 'ended') return afterEnd(run, event)
  if (run.phase.type === 'queued') return stepQueued(run, event)
  switch (event.type) {
    case 'model-replied':
      return onReply(run, event.request, event.reply, event.at)
    case 'model-failed':
      return onFailure(run, event.request, event.failure, event.at)
    case 'strategy-decided':
    case 'strategy-failed':
      return onStrategy(run, event, event.at)
    case 'cause-known':
      return [{ ...run, known: rememberCause(run.known, event.cause) }, []]
    case 'timer':
      return onTimer(run, event.timer, event.at)
    case 'cancel':
      return concludeRun(run, 'cancelled', event.at)
    case 'stop':
      return endNow(run, 'cancelled', event.at)
    case 'resumed':
      return resumeRun(run, event.at)
    case 'begin':
      return [run, []]
    case 'operator-started':
    case 'operator-refused':
    case 'operator-notified':
    case 'operator-progressed':
    case 'operator-completed':
    case 'operator-down':
    case 'operator-answered':
      return onNews(run, event, event.at)
    default:
      return unreachable(event)
  }
}

/** What comes after the end is told, so that nothing is lost in silence. */
function afterEnd(run: CoordinatorRun, event: CoordinatorEvent): CoordinatorStep {
  if (run.phase.type !== 'ended') return [run, []]
  if (event.type === 'resumed') return endAgain(run, run.phase.result)
  if (event.type !== 'operator-notified') return [run, []]
  const data = { notificationId: event.notification.id, reason: 'the run has ended' }
  return [run, [{ type: 'tell', event: 'notification-ignored', data }]]
}

function onReply(
  run: CoordinatorRun,
  request: string,
  reply: ModelReply<CoordinatorAction>,
  at: number,
): CoordinatorStep {
  const { phase } = run
  if (phase.type !== 'thinking' && phase.type !== 'concluding') return [run, []]
  if (phase.request !== request) return [run, []]
  const counted = countTurn(run, reply)
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

function countTurn(run: CoordinatorRun, reply: ModelReply<CoordinatorAction>): CoordinatorRun {
  const { usage, model } = reply
  const tokens = run.spent.tokens + usage.inputTokens + usage.outputTokens
  const models = [...run.models.filter((one) => one !== model), model]
  return {
    ...run,
    failures: 0,
    models,
    spent: { iterations: run.spent.iterations + 1, tokens },
  }
}

/** A failure is retried, then ends the run; it never leaves it hanging. */
function onFailure(
  run: CoordinatorRun,
  request: string,
  failure: ModelFailure,
  at: number,
): CoordinatorStep {
  const { phase } = run
  if (phase.type !== 'thinking' && phase.type !== 'concluding') return [run, []]
  if (phase.request !== request) return [run, []]
  const failures = run.failures + 1
  const failed: CoordinatorRun = { ...run, failures, failure }
  const willRetry =
    phase.type === 'thinking' &&
    failures < maxModelFailures &&
    (failure.retryable || failure.kind === 'invalid_output')
  const data = { kind: failure.kind, message: failure.message, failures, willRetry }
  const told = { type: 'tell', event: 'model-failed', data } as const
  if (willRetry) {
    const [next, effects] = retryLater(failed, failure)
    return [next, [told, ...effects]]
  }
  const [next, effects] =
    phase.type === 'concluding'
      ? endNow(failed, 'failed', at)
      : concludeRun(failed, 'model-failed', at)
  return [next, [told, ...effects]]
}

type StrategyNews = Extract<CoordinatorEvent, { type: 'strategy-decided' | 'strategy-failed' }>

/** A decision is an action of the run, so it costs a turn; without one the run goes on as a loop. */
function onStrategy(run: CoordinatorRun, news: StrategyNews, at: number): CoordinatorStep {
  if (run.phase.type !== 'deciding' || run.phase.request !== news.request) return [run, []]
  if (news.type === 'strategy-decided') return carryOut(run, news.decision, at)
  const data = { strategy: 'agent-loop', reason: news.reason }
  const [next, effects] = nextTurn({ ...run, strategy: 'agent-loop' }, at)
  return [next, [{ type: 'tell', event: 'strategy-failed', data }, ...effects]]
}

function retryLater(run: CoordinatorRun, failure: ModelFailure): CoordinatorStep {
  const timer = `retry-${run.serial}`
  const waiting: CoordinatorRun = { ...run, phase: { type: 'retrying', timer } }
  const issues = failure.issues ?? []
  const told =
    issues.length === 0
      ? waiting
      : withTurns(waiting, { type: 'event', event: { type: 'invalid_action', issues } })
  const ms = retryDelayMs(run.failures, failure.retryAfterMs)
  return [told, [{ type: 'arm-timer', timer, ms }]]
}

function onTimer(run: CoordinatorRun, timer: string, at: number): CoordinatorStep {
  if (timer === 'conclude') return concludeRun(run, 'deadline', at)
  if (timer === 'deadline') return endNow(run, 'deadline_exceeded', at)
  const { phase } = run
  if (!('timer' in phase) || phase.timer !== timer) return [run, []]
  switch (phase.type) {
    case 'waiting':
      return stopWaiting(run, phase, at)
    case 'retrying':
      return nextTurn(run, at)
    case 'gathering':
      return gatheringOver(run, at)
    case 'concluding':
      return endNow(run, 'deadline_exceeded', at)
    default:
      return unreachable(phase)
  }
}

/** Reports are kept, and wake a model that waits for them. */
function onNews(run: CoordinatorRun, news: OperatorNews, at: number): CoordinatorStep {
  const [heard, effects] = hearOperator(run, news)
  const [next, more] = wake(heard, heard.inbox.length > run.inbox.length, at)
  return [next, [...effects, ...more]]
}

function wake(run: CoordinatorRun, hasNews: boolean, at: number): CoordinatorStep {
  const { phase } = run
  const isAwaited = phase.type === 'waiting' && waitsForAll(phase.action)
  const ends = isAwaited ? runningOperators(run).length === 0 : hasNews
  if (phase.type === 'waiting' && ends) return stopWaiting(run, phase, at)
  if (phase.type === 'deferring' && runningOperators(run).length === 0) {
    return stopDeferring(run, phase.action, at)
  }
  return gathered(run, at)
}
