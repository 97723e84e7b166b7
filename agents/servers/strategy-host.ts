/**
 * A strategy of the user's, in a thread of its own: it may throw, block or leak there without harm
 * to the coordinator, whose run goes on without it.
 */
import * as v from 'valibot'
import { server } from '../../runtime/index.ts'
import { isObject } from '../vocabulary/json.ts'
import {
  type CoordinatorStrategy,
  type StrategyDecision,
  type StrategyView,
  strategyDecisionSchema,
} from '../vocabulary/strategy.ts'

interface State {
  readonly strategy: CoordinatorStrategy
}

export const strategyHost = server(import.meta, {
  name: 'strategy',
  init: async ({ module }: { readonly module: string }): Promise<State> => {
    const loaded: unknown = await import(module)
    const strategy = isObject(loaded) ? loaded['strategy'] : undefined
    if (isStrategy(strategy)) return { strategy }
    throw new TypeError(
      `strategy: expected ${module} to export \`strategy\`, an object with a function \`decide\``,
    )
  },
  calls: {
    decide: async (state: State, view: StrategyView) => ({
      reply: checkedDecision(await state.strategy.decide(view)),
      state,
    }),
  },
})

function checkedDecision(decision: unknown): StrategyDecision {
  const parsed = v.safeParse(strategyDecisionSchema, decision)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new TypeError(
    `strategy: expected { type: 'ask', tools?, guidance? } or { type: 'act', action }; ${v.getDotPath(issue) ?? 'decision'}: ${issue.message}`,
  )
}

function isStrategy(value: unknown): value is CoordinatorStrategy {
  return isObject(value) && typeof value['decide'] === 'function'
}
