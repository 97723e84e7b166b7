/** An operator's ordinary turn: the question to the model, and what its action starts. */
import {
  type OperatorAction,
  type OperatorIntent,
  operatorIntents,
} from '../vocabulary/operator-action.ts'
import { concludeOperator, endOperator } from './operator-ending.ts'
import type { OperatorRun, OperatorStep } from './operator-run.ts'
import { performAtOnce } from './operator-tools.ts'
import { requestFor, withTurns } from './operator-turns.ts'
import { spentBudget } from './run-limits.ts'

/**
 * Asks the model for the next action, or, with `aside`, for the answer to a message beside it.
 * A run whose budget is spent concludes instead.
 */
export function askModel(
  run: OperatorRun,
  at: number,
  aside?: { readonly request: string; readonly tools: readonly OperatorIntent[] },
): OperatorStep {
  if (aside !== undefined) {
    const body = requestFor(run, at, aside.tools)
    return [run, [{ type: 'ask-model', request: aside.request, body }]]
  }
  const cause = spentBudget(run.limits, run.spent)
  if (cause !== undefined) return concludeOperator(run, cause, at)
  const serial = run.serial + 1
  const request = `q${serial}`
  const body = requestFor(run, at, operatorIntents)
  const asked: OperatorRun = {
    ...run,
    serial,
    turns: body.turns,
    inbox: [],
    phase: { type: 'thinking', request },
  }
  return [
    asked,
    [
      { type: 'progress', state: run.health, iteration: run.spent.iterations },
      { type: 'ask-model', request, body },
    ],
  ]
}

/** Performs an action of an ordinary turn. */
export function performAction(run: OperatorRun, action: OperatorAction, at: number): OperatorStep {
  const serial = run.serial + 1
  if (action.intent === 'take_snapshot') {
    const request = `s${serial}`
    const phase = { type: 'snapshotting', request, action } as const
    return [{ ...run, serial, phase }, [{ type: 'take-snapshot', request }]]
  }
  if (action.intent === 'execute') {
    const request = `x${serial}`
    const phase = { type: 'executing', request, action } as const
    return [{ ...run, serial, phase }, [{ type: 'execute', request, code: action.code }]]
  }
  if (action.intent === 'wait') {
    const timer = `wait-${serial}`
    const phase = { type: 'resting', timer, since: at, action } as const
    return [{ ...run, serial, phase }, [{ type: 'arm-timer', timer, ms: action.ms }]]
  }
  if (action.intent === 'done') {
    const { summary } = action
    const completed = { type: 'completed', state: run.health } as const
    const ending = summary === undefined ? completed : { ...completed, summary }
    return endOperator(withTurns(run, { type: 'action', action }), ending, at)
  }
  const [done, result, effects] = performAtOnce(run, action, at)
  const [next, more] = askModel(withTurns(done, { type: 'action', action }, result), at)
  return [next, [...effects, ...more]]
}
