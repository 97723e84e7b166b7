import { numberIn } from './option-fields.ts'
import type { Price } from './prices.ts'

/** Reads the price of a model that the table does not know. */
export function parsePrice(price: unknown, where: string): Price {
  const fields = new Map<string, unknown>(
    typeof price === 'object' && price !== null ? Object.entries(price) : [],
  )
  const dollars = (key: string) => numberIn(fields.get(key), `${where}.price.${key}`, 0, 10_000)
  const inputPerMillion = dollars('inputPerMillion')
  const outputPerMillion = dollars('outputPerMillion')
  const cachedPerMillion = dollars('cachedPerMillion')
  if (inputPerMillion === undefined || outputPerMillion === undefined)
    throw new TypeError(
      `${where}.price: expected { inputPerMillion, outputPerMillion, cachedPerMillion? } in dollars`,
    )
  return {
    inputPerMillion,
    outputPerMillion,
    ...(cachedPerMillion === undefined ? {} : { cachedPerMillion }),
  }
}
