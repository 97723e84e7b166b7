/** How a run goes about its investigation: a built-in way, or one's own. */
import * as v from 'valibot'
import { bounds } from './bounds.ts'
import {
  type CoordinatorAction,
  coordinatorActionSchema,
  coordinatorIntents,
} from './coordinator-action.ts'
import { text } from './fields.ts'
import type { Json } from './json.ts'
import type { CoordinatorRequest } from './model-request.ts'
import { isJson } from './notification.ts'

/**
 * `agent-loop`: the model chooses each step. `pipeline`: classify, gather, synthesize, two or three
 * answers of the model in all. `{ module }`: the href of a module of the user's, `file:` only.
 */
export const runStrategySchema = v.union([
  v.picklist(['agent-loop', 'pipeline']),
  v.strictObject({
    module: v.pipe(
      v.string(),
      v.check(
        (href) => URL.canParse(href) && new URL(href).protocol === 'file:',
        'the URL of a file (new URL("./strategy.js", import.meta.url))',
      ),
    ),
  }),
])
export type RunStrategy = v.InferOutput<typeof runStrategySchema>

/**
 * What a strategy of one's own sees of its run each time that it is asked what comes next: plain
 * data, everything that a model would be asked with.
 */
export interface StrategyView extends Omit<CoordinatorRequest, 'agent' | 'tools'> {
  /** What the strategy wanted to remember at its last decision; null at first. */
  readonly memo: Json
}

const memo = v.exactOptional(v.custom<Json>(isJson, 'expected plain JSON data'))

/** `ask`: the model is to choose among these tools. `act`: this is done without asking it. */
export const strategyDecisionSchema = v.variant('type', [
  v.strictObject({
    type: v.literal('ask'),
    tools: v.exactOptional(
      v.pipe(v.array(v.picklist([...coordinatorIntents, 'report'])), v.minLength(1)),
    ),
    guidance: v.exactOptional(text(bounds.textCharacters, 'What the model is told beforehand')),
    memo,
  }),
  v.strictObject({ type: v.literal('act'), action: coordinatorActionSchema, memo }),
])

/**
 * What a strategy decides.
 *
 * - `{ type: 'ask', tools?, guidance? }`: the model chooses the next action; `tools` are those that
 *   it may choose from (default all ten), `guidance` is told to it first.
 * - `{ type: 'act', action }`: the action is carried out without asking the model; it costs a turn
 *   of the run, and no tokens. `{ intent: 'done' }` ends the run.
 *
 * `memo` is given back at the next decision, also after a crash.
 */
export type StrategyDecision =
  | {
      readonly type: 'ask'
      readonly tools?: readonly CoordinatorAction['intent'][]
      readonly guidance?: string
      readonly memo?: Json
    }
  | { readonly type: 'act'; readonly action: CoordinatorAction; readonly memo?: Json }

/**
 * A way of one's own to investigate: the module that is named by `strategy: { module }` exports it
 * under the name `strategy`.
 *
 * It runs in a thread of its own for each run. One that throws, answers nothing that is a decision,
 * or takes more than five seconds is given up, with an event (`coordinator:strategy-failed`), and
 * the run goes on as `agent-loop`.
 */
export interface CoordinatorStrategy {
  /** Says what comes next. It may remember nothing but `memo`: after a crash another thread is asked. */
  decide(view: StrategyView): StrategyDecision | Promise<StrategyDecision>
}
