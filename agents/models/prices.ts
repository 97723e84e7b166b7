/**
 * What tokens cost, in US dollars per million. Prices change on announced dates, so each has the
 * day from which it holds. A model that is not in the table costs "unknown", never nothing.
 *
 * Source: ai.google.dev/gemini-api/docs/pricing and the table of @pydantic/genai-prices 0.1.8, both
 * read in November 2026.
 */
import type { TokenCounts } from './provider.ts'

/** Dollars per million tokens; cached input counts at its own price. */
export interface Price {
  readonly inputPerMillion: number
  /** Reasoning tokens are output. */
  readonly outputPerMillion: number
  /** Default: the price of input. */
  readonly cachedPerMillion?: number
}

interface DatedPrice extends Price {
  readonly models: readonly string[]
  /** First day, UTC. */
  readonly validFrom: string
}

const flash = ['gemini-3.8-flash', 'gemini-3.6-flash']
const four = ['gemini-4-argon', 'gemini-4-carbon']

const prices: readonly DatedPrice[] = [
  {
    models: flash,
    validFrom: '2026-07-01',
    inputPerMillion: 0.75,
    outputPerMillion: 3.75,
    cachedPerMillion: 0.075,
  },
  {
    models: flash,
    validFrom: '2027-01-01',
    inputPerMillion: 1.5,
    outputPerMillion: 7.5,
    cachedPerMillion: 0.15,
  },
  {
    models: ['gemini-3.5-flash-lite'],
    validFrom: '2026-01-01',
    inputPerMillion: 0.3,
    outputPerMillion: 2.5,
    cachedPerMillion: 0.03,
  },
  {
    models: ['gemini-3.1-flash-lite'],
    validFrom: '2026-01-01',
    inputPerMillion: 0.25,
    outputPerMillion: 1.5,
    cachedPerMillion: 0.025,
  },
  {
    models: four,
    validFrom: '2026-10-13',
    inputPerMillion: 2,
    outputPerMillion: 10,
    cachedPerMillion: 0.1,
  },
  {
    models: four,
    validFrom: '2026-12-01',
    inputPerMillion: 4,
    outputPerMillion: 20,
    cachedPerMillion: 0.2,
  },
]

/** The price of a model at a moment, or undefined when it is not known. */
export function priceOf(model: string, at: number): Price | undefined {
  const name = model.replace(/^models\//, '').replace(/-\d{3}$/, '')
  return prices.findLast(
    (price) => price.models.includes(name) && Date.parse(`${price.validFrom}T00:00:00Z`) <= at,
  )
}

/** Dollars for some tokens at a price; null when the price is not known. */
export function costOf(tokens: TokenCounts, price: Price | undefined): number | null {
  if (price === undefined) return null
  const cached = Math.min(tokens.cachedTokens, tokens.inputTokens)
  const dollars =
    (tokens.inputTokens - cached) * price.inputPerMillion +
    cached * (price.cachedPerMillion ?? price.inputPerMillion) +
    tokens.outputTokens * price.outputPerMillion
  return dollars / 1_000_000
}
