export interface Product {
  readonly sku: string
  readonly name: string
  readonly description: string
  readonly category: string
  readonly priceCents: number
}

const materials = ['oak', 'steel', 'linen', 'glass', 'cork', 'ceramic', 'wool', 'bamboo']
const things = [
  'chair',
  'lamp',
  'kettle',
  'blanket',
  'shelf',
  'bowl',
  'desk',
  'mirror',
  'basket',
  'clock',
]
const rooms = ['kitchen', 'bedroom', 'study', 'garden', 'hall', 'bathroom']
const pageSize = 24

const products: readonly Product[] = rooms.flatMap((category, room) =>
  materials.flatMap((material, m) =>
    things.map((thing, t) => ({
      sku: `${category.slice(0, 3)}-${material.slice(0, 3)}-${thing}`.toUpperCase(),
      name: `${material} ${thing}`,
      description: `A ${thing} made of ${material} for the ${category}, built to be repaired.`,
      category,
      priceCents: 900 + ((room * 7919 + m * 104_729 + t * 1_299_709) % 24_000),
    })),
  ),
)

const bySku = new Map(products.map((product) => [product.sku, product]))

export function allProducts(): readonly Product[] {
  return products
}

export function findProduct(sku: string): Product | undefined {
  return bySku.get(sku)
}

/** One page of a category (all categories if none is named); pages start at 0. */
export function listProducts(category: string | undefined, page: number): readonly Product[] {
  const chosen = category === undefined ? products : products.filter((p) => p.category === category)
  return chosen.slice(page * pageSize, (page + 1) * pageSize)
}
