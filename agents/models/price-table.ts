/**
 * Published prices, in US dollars per million tokens. They change on announced dates, so each has
 * the day from which it holds; the newest day that has come counts.
 *
 * Sources, all read in November 2026: ai.google.dev/gemini-api/docs/pricing; for the others the
 * table of @pydantic/genai-prices 0.1.8 (MIT). Prices for prompts of more than 200 000 tokens are
 * left out: a prompt of ours is far below.
 */
import type { Price } from './prices.ts'

interface DatedPrice extends Price {
  readonly models: readonly string[]
  /** First day, UTC. */
  readonly validFrom: string
}

/** Input, output and cached input of models from a day on. */
function from(
  validFrom: string,
  models: readonly string[],
  [inputPerMillion, outputPerMillion, cachedPerMillion]: readonly [number, number, number],
): DatedPrice {
  return { models, validFrom, inputPerMillion, outputPerMillion, cachedPerMillion }
}

/** As `from`; writing into the cache costs a quarter more than input. */
function claude(
  validFrom: string,
  models: readonly string[],
  prices: readonly [number, number, number],
): DatedPrice {
  return { ...from(validFrom, models, prices), cacheWritePerMillion: prices[0] * 1.25 }
}

const flash = ['gemini-3.8-flash', 'gemini-3.6-flash']
const four = ['gemini-4-argon', 'gemini-4-carbon']
const opus = ['claude-opus-4-5', 'claude-opus-4-6', 'claude-opus-4-7', 'claude-opus-5']

/** By price list; within a list the older prices of a model stand before the newer ones. */
export const priceTable: Readonly<
  Record<'google' | 'anthropic' | 'openai' | 'bedrock', readonly DatedPrice[]>
> = {
  google: [
    from('2026-07-01', flash, [0.75, 3.75, 0.075]),
    from('2027-01-01', flash, [1.5, 7.5, 0.15]),
    from('2026-01-01', ['gemini-3.5-flash-lite'], [0.3, 2.5, 0.03]),
    from('2026-01-01', ['gemini-3.1-flash-lite'], [0.25, 1.5, 0.025]),
    from('2026-10-13', four, [2, 10, 0.1]),
    from('2026-12-01', four, [4, 20, 0.2]),
  ],
  anthropic: [
    claude('2026-01-01', ['claude-haiku-4-5'], [1, 5, 0.1]),
    claude('2026-01-01', ['claude-sonnet-4-5', 'claude-sonnet-4-6'], [3, 15, 0.3]),
    claude('2026-01-01', ['claude-sonnet-5', 'claude-sonnet-5-5'], [2, 10, 0.2]),
    claude('2026-01-01', opus, [5, 25, 0.5]),
    claude('2026-01-01', ['claude-opus-5-5'], [4, 20, 0.2]),
  ],
  openai: [
    from('2026-01-01', ['gpt-5', 'gpt-5.1'], [1.25, 10, 0.125]),
    from('2026-01-01', ['gpt-5-mini'], [0.25, 2, 0.025]),
    from('2026-01-01', ['gpt-5-nano'], [0.05, 0.4, 0.005]),
    from('2026-01-01', ['gpt-5.2'], [1.75, 14, 0.175]),
    from('2026-01-01', ['gpt-5.4'], [2.5, 15, 0.25]),
    from('2026-01-01', ['gpt-5.4-mini'], [0.75, 4.5, 0.075]),
    from('2026-01-01', ['gpt-5.4-nano'], [0.2, 1.25, 0.02]),
    from('2026-01-01', ['gpt-5.5'], [5, 30, 0.5]),
    from('2026-01-01', ['gpt-4.1-mini'], [0.4, 1.6, 0.1]),
    from('2026-01-01', ['gpt-4o-mini'], [0.15, 0.6, 0.075]),
  ],
  // profiles of one region cost a tenth more than the global one
  bedrock: [
    claude('2026-01-01', ['global.anthropic.claude-haiku-4-5'], [1, 5, 0.1]),
    claude('2026-01-01', ['us.anthropic.claude-haiku-4-5'], [1.1, 5.5, 0.11]),
    claude('2026-01-01', ['eu.anthropic.claude-haiku-4-5'], [1.1, 5.5, 0.11]),
  ],
}
