import { allProducts, type Product } from './catalog.ts'

const mostHits = 24
const index = buildIndex(allProducts())

/** Products that hold every word of the query, those with the words in their name first. */
export function searchProducts(query: string): readonly Product[] {
  const words = wordsOf(query)
  const [first, ...others] = words.map((word) => index.get(word) ?? new Set<Product>())
  if (first === undefined) return []
  const hits = [...first].filter((product) => others.every((found) => found.has(product)))
  return hits.sort((a, b) => score(b, words) - score(a, words)).slice(0, mostHits)
}

function score(product: Product, words: readonly string[]): number {
  return words.filter((word) => product.name.includes(word)).length
}

function buildIndex(products: readonly Product[]): ReadonlyMap<string, ReadonlySet<Product>> {
  const found = new Map<string, Set<Product>>()
  for (const product of products) {
    for (const word of wordsOf(`${product.name} ${product.description} ${product.category}`)) {
      const holders = found.get(word) ?? new Set<Product>()
      found.set(word, holders.add(product))
    }
  }
  return found
}

function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.slice(0, 8) ?? []
  )
}
