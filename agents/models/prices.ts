/** What tokens cost, reckoned with the table of `price-table.ts`. Unknown is not free. */
import { priceTable } from './price-table.ts'
import type { TokenCounts } from './provider.ts'
import type { ProviderName } from './provider-table.ts'

/** Dollars per million tokens; cached input counts at its own price. */
export interface Price {
  readonly inputPerMillion: number
  /** Reasoning tokens are output. */
  readonly outputPerMillion: number
  /** Default: the price of input. */
  readonly cachedPerMillion?: number
  /** Input that is written into the provider's cache. Default: the price of input. */
  readonly cacheWritePerMillion?: number
}

/** Vendors whose price list a provider charges by; one that is not here has no list of ours. */
const lists: Partial<Record<ProviderName, keyof typeof priceTable>> = {
  'google-ai': 'google',
  'vertex-ai': 'google',
  anthropic: 'anthropic',
  openai: 'openai',
  'azure-openai': 'openai',
  'aws-bedrock': 'bedrock',
}

/** The price of a model at a moment, or undefined when it is not known. */
export function priceOf(provider: ProviderName, model: string, at: number): Price | undefined {
  const list = lists[provider]
  if (list === undefined) return undefined
  const name = nameInTable(model)
  return priceTable[list].findLast(
    (price) => price.models.includes(name) && Date.parse(`${price.validFrom}T00:00:00Z`) <= at,
  )
}

/** Without the marks of a release: `claude-haiku-4-5-20251001`, `gpt-5.4-mini-2026-03-17`, `…-001`. */
function nameInTable(model: string): string {
  return model
    .replace(/^models\//, '')
    .replace(/[-@](\d{8}|\d{4}-\d{2}-\d{2}|\d{3}|latest)$/, '')
    .replace(/-\d{8}-v\d+:\d+$/, '')
}

/** Dollars for some tokens at a price; null when the price is not known. */
export function costOf(tokens: TokenCounts, price: Price | undefined): number | null {
  if (price === undefined) return null
  const { inputPerMillion, outputPerMillion } = price
  const { cachedPerMillion = inputPerMillion, cacheWritePerMillion = inputPerMillion } = price
  const cached = Math.min(tokens.cachedTokens, tokens.inputTokens)
  const written = Math.min(tokens.cacheWriteTokens ?? 0, tokens.inputTokens - cached)
  const dollars =
    (tokens.inputTokens - cached - written) * inputPerMillion +
    cached * cachedPerMillion +
    written * cacheWritePerMillion +
    tokens.outputTokens * outputPerMillion
  return dollars / 1_000_000
}
