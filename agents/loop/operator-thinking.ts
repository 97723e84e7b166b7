/** An operator's ordinary turn: the question to the model, and what its action starts. */
import { type OperatorAction, operatorIntents } from '../vocabulary/operator-action.ts'
import { concludeOperator, endOperator } from './operator-ending.ts'
import type { OperatorRun, OperatorStep } from './operator-run.ts'
import { performAtOnce, withState } from './operator-tools.ts'
import { type Question, requestFor, withTurns } from './operator-turns.ts'
import { spentBudget } from './run-limits.ts'

/** Asks the model for the answer to a message, beside the run. */
export function askAside(
  run: OperatorRun,
  at: number,
  { request, question }: { readonly request: string; readonly question: Question },
): OperatorStep {
  const body = requestFor(run, at, ['answer'], question)
  return [run, [{ type: 'ask-model', request, body }]]
}

/** Asks the model for the next action. A run whose budget is spent concludes instead. */
export function askModel(run: OperatorRun, at: number): OperatorStep {
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
  if (action.intent === 'wait' && run.watch !== undefined) return handBack(run, action, at)
  if (action.intent === 'wait') {
    const timer = `wait-${serial}`
    const phase = { type: 'resting', timer, since: at, action } as const
    return [{ ...run, serial, phase }, [{ type: 'arm-timer', timer, ms: action.ms }]]
  }
  if (action.intent === 'done') {
    const { summary } = action
    const [attested, told] = withState(run, action.state, summary ?? 'so it said at the end')
    const completed = { type: 'completed', state: attested.health } as const
    const ending = summary === undefined ? completed : { ...completed, summary }
    const [ended, effects] = endOperator(
      withTurns(attested, { type: 'action', action }),
      ending,
      at,
    )
    return [ended, [...told, ...effects]]
  }
  const [done, result, effects] = performAtOnce(run, action, at)
  const [next, more] = askModel(withTurns(done, { type: 'action', action }, result), at)
  return [next, [...effects, ...more]]
}

/** The conversation ends and the thread with it; rules and baselines watch on until then. */
function handBack(
  run: OperatorRun,
  action: Extract<OperatorAction, { intent: 'wait' }>,
  at: number,
): OperatorStep {
  const completed = { type: 'completed', state: run.health } as const
  const ending =
    'note' in action && action.note !== undefined
      ? { ...completed, summary: action.note }
      : completed
  return endOperator(withTurns(run, { type: 'action', action }), ending, at, action.ms)
}
