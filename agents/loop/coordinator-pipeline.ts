/**
 * The pipeline: classify (the model names the skills), gather (their operators look), synthesize
 * (the model reports once). Two answers of the model where the loop needs a dozen; each step is
 * bounded, and what a step did not bring is missing in the report and nothing else.
 */
import type { CoordinatorAction, CoordinatorIntent } from '../vocabulary/coordinator-action.ts'
import type { CoordinatorRun } from './coordinator-run.ts'
import { areShown, runningOperators } from './coordinator-turns.ts'
import { gatherUntil } from './run-limits.ts'

/** What comes next in a run whose strategy is built in. */
export type NextStep =
  | { readonly type: 'ask'; readonly tools: readonly CoordinatorIntent[] }
  | { readonly type: 'act'; readonly action: CoordinatorAction }
  /** Those that still run are not waited for any more. */
  | { readonly type: 'give-up-operators' }

/** Answers of the model in which it has named no skill that exists; then all of them look. */
const maxClassifications = 2
/** How much longer than their own time operators are waited for, milliseconds. */
const slackMs = 1_000

/** The next step of a pipeline. Pure: it follows from what has been done. */
export function pipelineStep(run: CoordinatorRun, at: number): NextStep {
  const done = run.turns.flatMap((turn) => (turn.type === 'action' ? [turn.action] : []))
  if (runningOperators(run).length > 0) return gather(run, done, at)
  if (!areShown(run)) return { type: 'act', action: { intent: 'get_notifications', status: 'all' } }
  if (run.operators.length > 0) return { type: 'ask', tools: ['report'] }
  const tries = done.filter(({ intent }) => intent === 'invoke_operators').length
  if (tries < maxClassifications) return { type: 'ask', tools: ['invoke_operators', 'report'] }
  const skills = run.skills.map(({ id }) => id)
  return tries > maxClassifications
    ? { type: 'ask', tools: ['report'] }
    : { type: 'act', action: { intent: 'invoke_operators', skills } }
}

function gather(
  { limits, operators }: CoordinatorRun,
  done: readonly CoordinatorAction[],
  at: number,
): NextStep {
  const startedAt = Math.min(...operators.map(({ view }) => Date.parse(view.startedAt)))
  const ms = gatherUntil(limits, startedAt) + slackMs - at
  const hasWaited = done.at(-1)?.intent === 'wait'
  return hasWaited || ms <= 0
    ? { type: 'give-up-operators' }
    : { type: 'act', action: { intent: 'wait', ms, until: 'all_ended' } }
}
