/** A coordinator's ordinary turn: what comes next, the question to the model, what its action starts. */
import {
  type CoordinatorAction,
  type CoordinatorIntent,
  coordinatorIntents,
} from '../vocabulary/coordinator-action.ts'
import type { StrategyDecision } from '../vocabulary/strategy.ts'
import type { CoordinatorStep } from './coordinator-effect.ts'
import { concludeRun, endRun } from './coordinator-ending.ts'
import { withoutHeld } from './coordinator-insights.ts'
import { type NextStep, pipelineStep } from './coordinator-pipeline.ts'
import { reportInsights } from './coordinator-report.ts'
import { succeeded } from './coordinator-results.ts'
import type { CoordinatorPhase, CoordinatorRun } from './coordinator-run.ts'
import { performAtOnce } from './coordinator-tools.ts'
import {
  giveUpOperators,
  requestFor,
  runningOperators,
  waitsForAll,
  withTurns,
} from './coordinator-turns.ts'
import { spentBudget } from './run-limits.ts'
import { unreachable } from './unreachable.ts'

/** Goes on as the run's strategy wants it. A run whose budget is spent concludes instead. */
export function nextTurn(run: CoordinatorRun, at: number): CoordinatorStep {
  const cause = spentBudget(run.limits, run.spent)
  if (cause !== undefined) return concludeRun(run, cause, at)
  if (run.strategy === 'agent-loop') return askModel(run, coordinatorIntents, at)
  if (run.strategy === 'pipeline') return takeStep(run, pipelineStep(run, at), at)
  return askStrategy(run, run.strategy.module, at)
}

function askModel(
  run: CoordinatorRun,
  tools: readonly CoordinatorIntent[],
  at: number,
): CoordinatorStep {
  const serial = run.serial + 1
  const request = `q${serial}`
  const body = requestFor(run, at, tools)
  return [
    { ...run, serial, turns: body.turns, inbox: [], phase: { type: 'thinking', request } },
    [{ type: 'ask-model', request, body }],
  ]
}

function takeStep(run: CoordinatorRun, step: NextStep, at: number): CoordinatorStep {
  switch (step.type) {
    case 'ask':
      return askModel(run, step.tools, at)
    case 'act':
      return performAction(run, step.action, at)
    case 'give-up-operators': {
      const [closed, stops] = giveUpOperators(run, 'it was not done when its time was over')
      const [next, effects] = nextTurn(closed, at)
      return [next, [...stops, ...effects]]
    }
    default:
      return unreachable(step)
  }
}

/** A strategy of the user's runs elsewhere; its decision comes as an event. */
function askStrategy(run: CoordinatorRun, module: string, at: number): CoordinatorStep {
  const serial = run.serial + 1
  const request = `s${serial}`
  const { agent: _agent, tools: _tools, ...seen } = requestFor(run, at, [])
  const view = { ...seen, memo: run.memo }
  return [
    { ...run, serial, turns: view.turns, inbox: [], phase: { type: 'deciding', request } },
    [{ type: 'ask-strategy', request, module, view }],
  ]
}

/** Carries out what a strategy of the user's has decided. An action counts as a turn, so that it ends. */
export function carryOut(
  run: CoordinatorRun,
  decision: StrategyDecision,
  at: number,
): CoordinatorStep {
  const noted = { ...run, memo: decision.memo ?? run.memo }
  if (decision.type === 'act') {
    const { iterations } = run.spent
    const counted = { ...noted, spent: { ...run.spent, iterations: iterations + 1 } }
    return performAction(counted, decision.action, at)
  }
  const { guidance, tools = coordinatorIntents } = decision
  if (guidance === undefined) return askModel(noted, tools, at)
  const event = { type: 'event', event: { type: 'guidance', text: guidance } } as const
  return askModel(withTurns(noted, event), tools, at)
}

/** Performs an action of an ordinary turn. */
export function performAction(
  run: CoordinatorRun,
  action: CoordinatorAction,
  at: number,
): CoordinatorStep {
  if (action.intent === 'done') return sayDone(withoutHeld(run), action, at)
  if (action.intent === 'wait') return startWaiting(run, action, at)
  if (action.intent === 'report') return report(run, action, at)
  const [done, result, effects] = performAtOnce(run, action, at)
  const [next, more] = nextTurn(withTurns(done, { type: 'action', action }, result), at)
  return [next, [...effects, ...more]]
}

/** What does not hold is sent back once; then the run ends with the rest. */
function report(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'report' }>,
  at: number,
): CoordinatorStep {
  const [told, result, effects] = reportInsights(run, action, at)
  if (!result.ok && run.isMended !== true) {
    const again: CoordinatorRun = { ...told, isMended: true }
    const [next, more] = nextTurn(withTurns(again, { type: 'action', action }, result), at)
    return [next, [...effects, ...more]]
  }
  const [next, more] = sayDone(told, action, at)
  return [next, [...effects, ...more]]
}

/** What arrived while the model was thinking ends the wait before it begins. */
function startWaiting(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'wait' }>,
  at: number,
): CoordinatorStep {
  const timer = `wait-${run.serial + 1}`
  const phase = { type: 'waiting', timer, since: at, action } as const
  const waiting: CoordinatorRun = { ...run, serial: run.serial + 1, phase }
  const isOver = waitsForAll(action) ? runningOperators(run).length === 0 : run.inbox.length > 0
  if (isOver) return stopWaiting(waiting, phase, at)
  return [waiting, [{ type: 'arm-timer', timer, ms: action.ms }]]
}

/** The model goes on with the result of its `wait` and with what arrived. */
export function stopWaiting(
  run: CoordinatorRun,
  phase: Extract<CoordinatorPhase, { type: 'waiting' }>,
  at: number,
): CoordinatorStep {
  const value = { waitedMs: at - phase.since, reports: run.inbox.length }
  const turns = [{ type: 'action', action: phase.action }, succeeded(phase.action, value)] as const
  return nextTurn(withTurns(run, ...turns), at)
}

/**
 * Ends the run, unless operators still work or reports arrived that the model has not seen: then
 * it is asked again when all of them are there, instead of being refused turn after turn.
 */
function sayDone(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'done' | 'report' }>,
  at: number,
): CoordinatorStep {
  const running = runningOperators(run).map(({ skill }) => skill)
  if (running.length > 0) {
    const phase = { type: 'deferring', action } as const
    return [{ ...run, phase }, [{ type: 'tell', event: 'done-deferred', data: { running } }]]
  }
  if (run.inbox.length > 0) return stopDeferring(run, action, at)
  return endRun(withTurns(run, { type: 'action', action }), 'done', at, action.summary)
}

/** All operators have ended: the model sees their reports and decides again. */
export function stopDeferring(
  run: CoordinatorRun,
  action: CoordinatorAction,
  at: number,
): CoordinatorStep {
  const value = { deferred: true, reports: run.inbox.length }
  return nextTurn(withTurns(run, { type: 'action', action }, succeeded(action, value)), at)
}
