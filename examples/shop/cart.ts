import { randomUUID } from 'node:crypto'
import { findProduct } from './catalog.ts'
import { isFaulty } from './faults.ts'

export interface CartLine {
  readonly sku: string
  readonly quantity: number
}

export interface Cart {
  readonly id: string
  readonly lines: readonly CartLine[]
  readonly coupon?: string
}

const mostCarts = 2_000
const carts = new Map<string, Cart>()

export function openCart(): Cart {
  const cart: Cart = { id: randomUUID(), lines: [] }
  return store(cart)
}

export function findCart(id: string): Cart | undefined {
  return carts.get(id)
}

/** @returns The new cart; nothing if there is no such product. */
export function addLine(cart: Cart, line: CartLine): Cart | undefined {
  if (findProduct(line.sku) === undefined) return undefined
  return store({ ...cart, lines: [...cart.lines, line].slice(-100) })
}

/** @returns The new cart; nothing if that is not how our coupons look. */
export function applyCoupon(cart: Cart, code: string): Cart | undefined {
  return isCouponCode(code) ? store({ ...cart, coupon: code }) : undefined
}

/** Groups of capitals and digits with single dashes between them, such as `SPRING-2026-A7`. */
export function isCouponCode(code: string): boolean {
  if (isFaulty('slow_coupon_check')) {
    // The mistake: a repeated group that repeats inside, so that a code which does not match in
    // the end is tried in every way in which it can be cut into groups.
    return /^(?:[A-Z0-9]+-?)+$/.test(code)
  }
  return /^[A-Z0-9]+(?:-[A-Z0-9]+)*$/.test(code)
}

export function closeCart(cart: Cart): void {
  carts.delete(cart.id)
}

function store(cart: Cart): Cart {
  carts.delete(cart.id)
  carts.set(cart.id, cart)
  for (const oldest of carts.keys()) {
    if (carts.size <= mostCarts) break
    carts.delete(oldest)
  }
  return cart
}
