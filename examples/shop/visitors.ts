import type { Attack } from './messages.ts'

export interface Visit {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
}

const categories = ['kitchen', 'bedroom', 'study', 'garden', 'hall', 'bathroom']
const words = [
  'oak',
  'steel',
  'linen',
  'glass',
  'lamp',
  'chair',
  'kettle',
  'shelf',
  'desk',
  'basket',
]
const countries = ['de', 'fr', 'at', 'ch', 'pl']

/** Makes up what ordinary visitors ask for: the same sequence for the same seed. */
export function ordinaryVisits(seed: number): (cart: string | undefined) => Visit {
  const random = mulberry32(seed)
  const pick = (choices: readonly string[]): string =>
    choices[Math.floor(random() * choices.length)] ?? ''
  let visitor = 0
  return (cart) => {
    visitor += 1
    const tracking = `country=${pick(countries)}&session=${visitor.toString(36)}&utm_campaign=autumn`
    const dice = random()
    if (dice < 0.45) {
      const page = Math.floor(random() * 3)
      return {
        method: 'GET',
        path: `/products?category=${pick(categories)}&page=${page}&${tracking}`,
      }
    }
    if (dice < 0.65) return { method: 'GET', path: `/search?q=${pick(words)}&${tracking}` }
    if (dice < 0.8) return { method: 'GET', path: `/products/${aSku(random)}?${tracking}` }
    if (cart === undefined || dice < 0.85) return { method: 'POST', path: '/carts' }
    if (dice < 0.95) {
      return {
        method: 'POST',
        path: `/carts/${cart}/lines`,
        body: { sku: aSku(random), quantity: 2 },
      }
    }
    return {
      method: 'POST',
      path: `/carts/${cart}/coupon`,
      body: { code: `SPRING-2026-${visitor % 90}` },
    }
  }
}

/**
 * A request that hurts, and one that hurts more if the last did not hurt enough: the time that it
 * takes differs from machine to machine, so the attacker feels his way up to `painMs` and stays.
 */
export class Attacker {
  static readonly #painMs = 1_500
  readonly #kind: Exclude<Attack, 'none'>
  #size: number

  constructor(kind: Exclude<Attack, 'none'>) {
    this.#kind = kind
    this.#size = kind === 'coupon' ? 20 : 2_000
  }

  next(cart: string): Visit {
    if (this.#kind === 'coupon') {
      return {
        method: 'POST',
        path: `/carts/${cart}/coupon`,
        body: { code: `${'A'.repeat(this.#size)}!` },
      }
    }
    const random = mulberry32(this.#size)
    const lines = Array.from({ length: this.#size }, () => ({ sku: aSku(random), quantity: 1 }))
    return { method: 'POST', path: '/invoices', body: { lines } }
  }

  /** Takes note of how long the shop needed, and becomes worse by at most four times. */
  felt(tookMs: number): void {
    const factor = Math.min(4, Attacker.#painMs / Math.max(1, tookMs))
    if (factor <= 1) return
    if (this.#kind === 'coupon')
      this.#size = Math.min(40, this.#size + Math.ceil(Math.log2(factor)))
    else this.#size = Math.min(80_000, Math.ceil(this.#size * Math.sqrt(factor)))
  }
}

function aSku(random: () => number): string {
  const part = (choices: readonly string[]): string =>
    choices[Math.floor(random() * choices.length)] ?? ''
  const material = part(['oak', 'steel', 'linen', 'glass', 'cork', 'ceramic', 'wool', 'bamboo'])
  const thing = part(['chair', 'lamp', 'kettle', 'blanket', 'shelf', 'bowl', 'desk', 'mirror'])
  return `${part(categories).slice(0, 3)}-${material.slice(0, 3)}-${thing}`.toUpperCase()
}

/** A small seeded generator (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
