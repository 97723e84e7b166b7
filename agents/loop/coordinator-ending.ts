/**
 * How a coordinator's run ends early: first the operators conclude, then the model says its last
 * words, then the run ends with what is known. Timers bound each of the three.
 */
import type { CoordinatorAction, CoordinatorIntent } from '../vocabulary/coordinator-action.ts'
import { publishHeld, repeatsOf, withoutHeld } from './coordinator-insights.ts'
import type {
  CoordinatorEffect,
  CoordinatorPhase,
  CoordinatorResult,
  CoordinatorRun,
  CoordinatorStep,
  EndCause,
  OperatorReport,
  RunOutcome,
} from './coordinator-run.ts'
import { performAtOnce } from './coordinator-tools.ts'
import {
  isPartial,
  requestFor,
  runningOperators,
  updateOperator,
  withTurns,
} from './coordinator-turns.ts'
import { type ConcludeCause, maxConcludingTurns } from './run-limits.ts'

const concludingTools: readonly CoordinatorIntent[] = [
  'produce_insight',
  'update_notification_statuses',
  'done',
]

const reasons: Record<EndCause, string> = {
  deadline: 'the deadline is near',
  cancelled: 'the run is being cancelled',
  iterations: 'no turns are left',
  tokens: 'the token budget is spent',
  'model-failed': 'the model failed',
}

const outcomes: Record<EndCause, RunOutcome> = {
  deadline: 'deadline_exceeded',
  cancelled: 'cancelled',
  iterations: 'iterations_spent',
  tokens: 'tokens_spent',
  'model-failed': 'failed',
}

/** Begins the end: gives up what is under way and asks the operators to conclude. */
export function concludeRun(run: CoordinatorRun, cause: EndCause, at: number): CoordinatorStep {
  const { phase } = run
  const isEnding = phase.type === 'concluding' || phase.type === 'ended'
  const isLater = phase.type === 'gathering' && cause !== 'deadline' && cause !== 'cancelled'
  if (isEnding || isLater) return [run, []]
  const timer = `gather-${run.serial + 1}`
  const gathering: CoordinatorRun = {
    ...run,
    serial: run.serial + 1,
    phase: { type: 'gathering', cause, timer },
  }
  const told = { type: 'tell', event: 'concluding', data: { cause } } as const
  const [next, effects] = gathered(gathering, at)
  return [next, [told, ...abortsOf(run), ...askOperators(gathering, cause, timer), ...effects]]
}

/**
 * Operators whose coordinator has merely no turns left work on until they are done or the deadline
 * comes; in all other cases they have half of the grace.
 */
function askOperators(run: CoordinatorRun, cause: EndCause, timer: string): CoordinatorEffect[] {
  if (cause === 'iterations' || runningOperators(run).length === 0) return []
  const reason = cause === 'model-failed' ? 'cancelled' : cause
  const asked = runningOperators(run).map<CoordinatorEffect>(({ runId }) => ({
    type: 'conclude-operator',
    operator: runId,
    cause: reason,
  }))
  return [...asked, { type: 'arm-timer', timer, ms: Math.floor(run.limits.graceMs / 2) }]
}

/** Goes on to the last words as soon as no operator runs. */
export function gathered(run: CoordinatorRun, at: number): CoordinatorStep {
  if (run.phase.type !== 'gathering' || runningOperators(run).length > 0) return [run, []]
  const { cause } = run.phase
  if (cause === 'model-failed') return endRun(run, 'failed', at)
  const reason = `${reasons[cause]}: conclude with what is known, then say done`
  const event = { type: 'event', event: { type: 'conclude', reason } } as const
  const told = { ...run, turns: [...run.turns, ...run.inbox, event], inbox: [] }
  const timer = `last-${run.serial + 1}`
  const [asked, effects] = askLast(told, { cause, timer, turnsLeft: maxConcludingTurns }, at)
  const ms = Math.max(1, Math.floor(run.limits.graceMs / 2))
  return [asked, [{ type: 'arm-timer', timer, ms }, ...effects]]
}

/** The grace for operators is over: those that still run are stopped and counted as cancelled. */
export function gatheringOver(run: CoordinatorRun, at: number): CoordinatorStep {
  const late = runningOperators(run)
  const reason = 'it did not conclude in time'
  const closed = late.reduce(
    (current, { runId }) =>
      updateOperator(current, runId, (one) => ({
        ...one,
        view: { ...one.view, status: 'cancelled', reason },
      })),
    run,
  )
  const [next, effects] = gathered(closed, at)
  const stops = late.map<CoordinatorEffect>(({ runId }) => ({
    type: 'stop-operator',
    operator: runId,
    reason,
  }))
  return [next, [...stops, ...effects]]
}

interface LastTurn {
  readonly cause: ConcludeCause
  readonly timer: string
  readonly turnsLeft: number
}

function askLast(run: CoordinatorRun, turn: LastTurn, at: number): CoordinatorStep {
  const serial = run.serial + 1
  const request = `q${serial}`
  const phase: CoordinatorPhase = { type: 'concluding', request, ...turn }
  const body = requestFor(run, at, concludingTools)
  const budget = { ...body.budget, iterationsLeft: turn.turnsLeft }
  return [{ ...run, serial, phase }, [{ type: 'ask-model', request, body: { ...body, budget } }]]
}

/** One action of the conclusion. */
export function lastWord(
  run: CoordinatorRun,
  phase: Extract<CoordinatorPhase, { type: 'concluding' }>,
  action: CoordinatorAction,
  at: number,
): CoordinatorStep {
  const outcome = outcomes[phase.cause]
  const ends =
    action.intent !== 'produce_insight' && action.intent !== 'update_notification_statuses'
  if (action.intent === 'done') return endRun(withoutHeld(run), outcome, at, action.summary)
  if (ends) return endRun(run, outcome, at)
  const [done, result, effects] = performAtOnce(run, action, at)
  const told = withTurns(done, { type: 'action', action }, result)
  const turnsLeft = phase.turnsLeft - 1
  const [next, more] =
    turnsLeft > 0 ? askLast(told, { ...phase, turnsLeft }, at) : endRun(told, outcome, at)
  return [next, [...effects, ...more]]
}

/** Ends at once, whatever is under way, for the reason that the run was ending for, if it was. */
export function endNow(run: CoordinatorRun, outcome: RunOutcome, at: number): CoordinatorStep {
  const { phase } = run
  const ending = phase.type === 'gathering' || phase.type === 'concluding'
  return endRun(run, ending ? outcomes[phase.cause] : outcome, at)
}

/** Ends the run with what is known. */
export function endRun(
  run: CoordinatorRun,
  outcome: RunOutcome,
  at: number,
  summary?: string,
): CoordinatorStep {
  const [told, insights] = publishHeld(run, at)
  const left = runningOperators(told)
  const reason = 'the run ended'
  const closed = left.reduce(
    (current, { runId }) =>
      updateOperator(current, runId, (one) => ({
        ...one,
        view: { ...one.view, status: 'cancelled', reason },
      })),
    told,
  )
  const result = resultOf(closed, outcome, at, summary)
  const stops = left.map<CoordinatorEffect>(({ runId }) => ({
    type: 'stop-operator',
    operator: runId,
    reason,
  }))
  const { followUp, followUps } = run
  const scheduled: CoordinatorEffect[] =
    followUp === undefined || outcome === 'cancelled'
      ? []
      : [{ type: 'schedule', followUp, followUps: followUps + 1 }]
  const end = { type: 'end', result } as const
  const effects = [...abortsOf(run), ...insights, ...stops, ...scheduled, end]
  return [{ ...closed, phase: { type: 'ended', result } }, effects]
}

function resultOf(
  run: CoordinatorRun,
  outcome: RunOutcome,
  at: number,
  summary: string | undefined,
): CoordinatorResult {
  const repeats = repeatsOf(run, at)
  return {
    version: 1,
    runId: run.id,
    outcome,
    partial: outcome !== 'done' || isPartial(run),
    ...(summary === undefined ? {} : { summary }),
    insights: run.insights,
    ...(repeats.length === 0 ? {} : { repeats }),
    notifications: run.notifications,
    operatorResults: run.operators.map(
      ({ view, runId, notificationIds, finished }): OperatorReport => ({
        ...view,
        runId,
        notificationIds,
        partial: view.status !== 'completed' || finished?.partial === true,
        ...(finished?.summary === undefined ? {} : { summary: finished.summary }),
      }),
    ),
    models: run.models,
    iterations: run.spent.iterations,
    tokens: run.spent.tokens,
    ...(run.failure === undefined || outcome !== 'failed' ? {} : { failure: run.failure }),
    ...(run.followUp === undefined || outcome === 'cancelled' ? {} : { followUp: run.followUp }),
    startedAt: run.startedAt,
    endedAt: new Date(at).toISOString(),
  }
}

function abortsOf({ phase }: CoordinatorRun): CoordinatorEffect[] {
  return 'request' in phase ? [{ type: 'abort', request: phase.request }] : []
}
