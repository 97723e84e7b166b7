/** What may be spent on models: checked before anything is started. */
import { priceOf } from './models/prices.ts'
import type { AgentModel, ModelSetting, ProviderSetting } from './models/setting.ts'
import type { SpendingLimit, SpendingLimits } from './models/spending.ts'

/** Bounds of spending, and what happens when one is hit. */
export interface BudgetOptions extends SpendingLimits {
  /** `rules` (default) goes on without the model; `stop` ends the run, which says so. */
  readonly whenSpent?: 'rules' | 'stop'
}

const spans = ['run', 'hour', 'day'] as const

/**
 * Reads and checks `NODELENS_BUDGET` for a model.
 *
 * @throws {TypeError} Says what was expected.
 */
export function readBudget(text: string, model: ModelSetting): BudgetOptions {
  const budget = parseBudgetText(text)
  checkPrices(budget, model, Date.now())
  return budget
}

/**
 * Reads `NODELENS_BUDGET`: `run=200000,day=$5,stop` (tokens, or dollars with a `$`).
 *
 * @throws {TypeError} Says what was expected.
 */
export function parseBudgetText(text: string): BudgetOptions {
  let budget: BudgetOptions = {}
  for (const part of text.split(',').map((one) => one.trim())) {
    const [word = '', amount] = part.split('=')
    const span = spans.find((known) => known === word.trim())
    if (part === 'stop') budget = { ...budget, whenSpent: 'stop' }
    else if (span === undefined || amount === undefined) throw unreadable(part)
    else budget = { ...budget, [span]: { ...budget[span], ...limitFrom(amount.trim(), part) } }
  }
  return budget
}

function limitFrom(amount: string, part: string): SpendingLimit {
  if (/^\$\d{1,6}(\.\d{1,4})?$/.test(amount)) return { usd: Number(amount.slice(1)) }
  if (/^\d{1,12}$/.test(amount)) return { tokens: Number(amount) }
  throw unreadable(part)
}

function unreadable(part: string): TypeError {
  return new TypeError(
    `expected run, hour or day with tokens or dollars, e.g. run=200000,day=$5 or run=200000,stop; got "${part}"`,
  )
}

/**
 * Refuses a bound in dollars that could not be kept.
 *
 * @throws {TypeError} The price of a model is not known.
 */
export function checkPrices(budget: BudgetOptions, model: ModelSetting, now: number): void {
  if (!spans.some((span) => budget[span]?.usd !== undefined)) return
  const unpriced = modelsOf(model).find((one) => !isPriced(one, now))
  if (unpriced === undefined) return
  throw new TypeError(
    `budget: a bound in dollars needs a price, and none is known for ${unpriced.provider}/${unpriced.model}; give model.price { inputPerMillion, outputPerMillion }, or bound tokens instead`,
  )
}

function modelsOf(model: ModelSetting): readonly ProviderSetting[] {
  const inOne = (one: AgentModel): readonly ProviderSetting[] => {
    if (one.type === 'rules') return []
    return one.type === 'list' ? one.models : [one]
  }
  return model.type === 'roles'
    ? [...inOne(model.coordinator), ...inOne(model.operators)]
    : inOne(model)
}

/** OpenRouter tells with each answer what it has cost. */
export function isPriced(setting: ProviderSetting, now: number): boolean {
  const { provider, model, price } = setting
  return (
    price !== undefined || provider === 'openrouter' || priceOf(provider, model, now) !== undefined
  )
}
