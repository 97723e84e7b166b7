/** A coordinator's ordinary turn: the question to the model, and what its action starts. */
import { type CoordinatorAction, coordinatorIntents } from '../vocabulary/coordinator-action.ts'
import { concludeRun, endRun } from './coordinator-ending.ts'
import { withoutHeld } from './coordinator-insights.ts'
import { succeeded } from './coordinator-results.ts'
import type { CoordinatorPhase, CoordinatorRun, CoordinatorStep } from './coordinator-run.ts'
import { performAtOnce } from './coordinator-tools.ts'
import { requestFor, runningOperators, withTurns } from './coordinator-turns.ts'
import { spentBudget } from './run-limits.ts'

/** Asks the model for the next action. A run whose budget is spent concludes instead. */
export function askModel(run: CoordinatorRun, at: number): CoordinatorStep {
  const cause = spentBudget(run.limits, run.spent)
  if (cause !== undefined) return concludeRun(run, cause, at)
  const serial = run.serial + 1
  const request = `q${serial}`
  const body = requestFor(run, at, coordinatorIntents)
  return [
    { ...run, serial, turns: body.turns, inbox: [], phase: { type: 'thinking', request } },
    [{ type: 'ask-model', request, body }],
  ]
}

/** Performs an action of an ordinary turn. */
export function performAction(
  run: CoordinatorRun,
  action: CoordinatorAction,
  at: number,
): CoordinatorStep {
  if (action.intent === 'done') return sayDone(withoutHeld(run), action, at)
  if (action.intent === 'wait') return startWaiting(run, action, at)
  const [done, result, effects] = performAtOnce(run, action, at)
  const [next, more] = askModel(withTurns(done, { type: 'action', action }, result), at)
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
  if (run.inbox.length > 0) return stopWaiting(waiting, phase, at)
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
  return askModel(withTurns(run, ...turns), at)
}

/**
 * Ends the run, unless operators still work or reports arrived that the model has not seen: then
 * it is asked again when all of them are there, instead of being refused turn after turn.
 */
function sayDone(
  run: CoordinatorRun,
  action: Extract<CoordinatorAction, { intent: 'done' }>,
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
  return askModel(withTurns(run, { type: 'action', action }, succeeded(action, value)), at)
}
