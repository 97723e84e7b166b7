/** How an operator's run ends: asked to conclude, with a last word, or at once. */

import type { OperatorEnding } from '../vocabulary/model-request.ts'
import type { OperatorAction, OperatorIntent } from '../vocabulary/operator-action.ts'
import type {
  OperatorEffect,
  OperatorPhase,
  OperatorResult,
  OperatorRun,
  OperatorStep,
} from './operator-run.ts'
import { performAtOnce, withState } from './operator-tools.ts'
import { requestFor, withTurns } from './operator-turns.ts'
import { type ConcludeCause, maxConcludingTurns } from './run-limits.ts'

const concludingTools: readonly OperatorIntent[] = ['send_notification', 'set_state', 'done']

const reasons: Record<ConcludeCause, string> = {
  deadline: 'the deadline is near: send what you know, then say done',
  cancelled: 'the run is being cancelled: send what you know, then say done',
  iterations: 'no turns are left: send what you know, then say done',
  tokens: 'the token budget is spent: send what you know, then say done',
}

/** Gives up what is under way and asks the model for its last word. */
export function concludeOperator(run: OperatorRun, cause: ConcludeCause, at: number): OperatorStep {
  if (run.phase.type === 'ended' || run.phase.type === 'concluding') return [run, []]
  const event = { type: 'event', event: { type: 'conclude', reason: reasons[cause] } } as const
  const told = { ...run, turns: [...run.turns, ...run.inbox, event], inbox: [] }
  const [asked, effects] = askLast(told, cause, maxConcludingTurns, at)
  return [asked, [...abortsOf(run), ...effects]]
}

function askLast(
  run: OperatorRun,
  cause: ConcludeCause,
  turnsLeft: number,
  at: number,
): OperatorStep {
  const serial = run.serial + 1
  const request = `q${serial}`
  const phase: OperatorPhase = { type: 'concluding', request, cause, turnsLeft }
  const body = requestFor(run, at, concludingTools)
  const budget = { ...body.budget, iterationsLeft: turnsLeft }
  return [{ ...run, serial, phase }, [{ type: 'ask-model', request, body: { ...body, budget } }]]
}

/** One action of the conclusion. */
export function lastWord(
  run: OperatorRun,
  phase: Extract<OperatorPhase, { type: 'concluding' }>,
  action: OperatorAction,
  at: number,
): OperatorStep {
  const turnsLeft = phase.turnsLeft - 1
  if (action.intent !== 'send_notification' && action.intent !== 'set_state') {
    const state = action.intent === 'done' ? action.state : undefined
    const [attested, told] = withState(run, state, 'so it said at the end')
    const [ended, effects] = endOperator(attested, endingOf(attested, phase.cause, action), at)
    return [ended, [...told, ...effects]]
  }
  const [done, result, effects] = performAtOnce(run, action, at)
  const next = withTurns(done, { type: 'action', action }, result)
  const [after, more] =
    turnsLeft > 0
      ? askLast(next, phase.cause, turnsLeft, at)
      : endOperator(next, endingOf(next, phase.cause, action), at)
  return [after, [...effects, ...more]]
}

function endingOf(run: OperatorRun, cause: ConcludeCause, action: OperatorAction): OperatorEnding {
  if (cause === 'cancelled') return { type: 'cancelled', reason: 'the run was cancelled' }
  const summary = action.intent === 'done' ? action.summary : undefined
  return {
    type: 'completed',
    state: run.health,
    ...(summary === undefined ? {} : { summary }),
  }
}

/** Ends the run with what is known. Only a `done` in an ordinary turn is not partial. */
export function endOperator(
  run: OperatorRun,
  ending: OperatorEnding,
  at: number,
  wakeAfterMs?: number,
): OperatorStep {
  const concluding = run.phase.type === 'concluding'
  const result: OperatorResult = {
    skill: run.skill.id,
    ending,
    partial: concluding || ending.type !== 'completed',
    notifications: run.notifications,
    snapshots: run.snapshots,
    iterations: run.spent.iterations,
    tokens: run.spent.tokens,
    models: run.models,
    ...(wakeAfterMs === undefined ? {} : { wakeAfterMs }),
    startedAt: run.startedAt,
    endedAt: new Date(at).toISOString(),
  }
  const unanswered = Object.entries(run.answering).flatMap<OperatorEffect>(([request, id]) => [
    { type: 'abort', request },
    {
      type: 'answer',
      id,
      outcome: { ok: false, error: 'the operator ended its run', why: 'not_running' },
    },
  ])
  return [
    { ...run, phase: { type: 'ended', result }, answering: {} },
    [...abortsOf(run), ...unanswered, { type: 'end', result }],
  ]
}

/** What is under way and of no use any more. */
function abortsOf({ phase }: OperatorRun): OperatorEffect[] {
  return 'request' in phase ? [{ type: 'abort', request: phase.request }] : []
}
