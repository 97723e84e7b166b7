import type { Product } from './catalog.ts'
import { isFaulty } from './faults.ts'

export interface Quote {
  readonly sku: string
  readonly country: string
  readonly netCents: number
  readonly taxCents: number
  readonly grossCents: number
  readonly label: string
  readonly tiers: readonly PriceTier[]
  readonly quotedAt: number
}

interface PriceTier {
  readonly from: number
  readonly netCents: number
  readonly grossCents: number
  readonly label: string
}

const tierQuantities = [1, 5, 10, 25, 50, 100]
const taxPercent: Readonly<Record<string, number>> = { de: 19, fr: 20, at: 20, ch: 8, pl: 23 }
const mostQuotes = 2_000
const priceCache = new Map<string, Quote>()

/** The price of a product for the visitor of this page. */
export function quotePrice(product: Product, url: URL): Quote {
  const country = url.searchParams.get('country') ?? 'de'
  const key = cacheKey(product, country, url)
  const known = priceCache.get(key)
  if (known !== undefined) return known
  const quote = computeQuote(product, country)
  rememberQuote(key, quote)
  return quote
}

/** How many quotes are remembered. */
export function cachedQuotes(): number {
  return priceCache.size
}

function cacheKey(product: Product, country: string, url: URL): string {
  // The mistake: the address holds a session and a campaign, so that no key ever comes again.
  if (isFaulty('unbounded_price_cache')) return `${url.href}#${product.sku}`
  return `${country}/${product.sku}`
}

function rememberQuote(key: string, quote: Quote): void {
  priceCache.set(key, quote)
  if (isFaulty('unbounded_price_cache')) return
  for (const oldest of priceCache.keys()) {
    if (priceCache.size <= mostQuotes) return
    priceCache.delete(oldest)
  }
}

function computeQuote(product: Product, country: string): Quote {
  const rate = (taxPercent[country] ?? 19) / 100
  const netCents = product.priceCents
  const taxCents = Math.round(netCents * rate)
  const grossCents = netCents + taxCents
  const label = euro(grossCents)
  const tiers = tierQuantities.map((from, step) =>
    priceTier(from, netCents * (1 - step / 50), rate),
  )
  return {
    sku: product.sku,
    country,
    netCents,
    taxCents,
    grossCents,
    label,
    tiers,
    quotedAt: Date.now(),
  }
}

function priceTier(from: number, net: number, rate: number): PriceTier {
  const netCents = Math.round(net)
  const grossCents = Math.round(net * (1 + rate))
  return { from, netCents, grossCents, label: `from ${from}: ${euro(grossCents)}` }
}

function euro(cents: number): string {
  return `${(cents / 100).toFixed(2)} EUR`
}
