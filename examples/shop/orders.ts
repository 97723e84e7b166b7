import { randomUUID } from 'node:crypto'
import type { CartLine } from './cart.ts'
import { findProduct } from './catalog.ts'
import { isFaulty } from './faults.ts'

export interface Order {
  readonly id: string
  readonly email: string
  readonly totals: InvoiceTotals
}

export interface InvoiceTotals {
  readonly lines: number
  readonly discountCents: number
  readonly totalCents: number
}

interface PricedLine {
  readonly category: string
  readonly quantity: number
  readonly priceCents: number
}

/** From so many pieces of one category on, its lines cost 5 % less. */
const volumeFrom = 50
const volumePercent = 5

/** @returns The order; nothing if the cart is empty or the address cannot be one. */
export function placeOrder(lines: readonly CartLine[], email: string): Order | undefined {
  if (lines.length === 0 || !isMailAddress(email)) return undefined
  return { id: randomUUID(), email, totals: invoiceTotals(lines) }
}

/** What an order costs; unknown products are left out. */
export function invoiceTotals(lines: readonly CartLine[]): InvoiceTotals {
  const priced = lines.flatMap(priceLine)
  const perCategory = isFaulty('quadratic_invoice') ? undefined : quantitiesByCategory(priced)
  let totalCents = 0
  let discountCents = 0
  for (const line of priced) {
    // The mistake: without the table, every line counts the whole invoice again.
    const pieces = perCategory?.get(line.category) ?? quantityInCategory(priced, line.category)
    const cents = line.priceCents * line.quantity
    const discount = pieces >= volumeFrom ? Math.round((cents * volumePercent) / 100) : 0
    discountCents += discount
    totalCents += cents - discount
  }
  return { lines: priced.length, discountCents, totalCents }
}

function priceLine(line: CartLine): PricedLine[] {
  const product = findProduct(line.sku)
  if (product === undefined) return []
  const { category, priceCents } = product
  return [{ category, quantity: line.quantity, priceCents }]
}

function quantitiesByCategory(lines: readonly PricedLine[]): ReadonlyMap<string, number> {
  const pieces = new Map<string, number>()
  for (const { category, quantity } of lines) {
    pieces.set(category, (pieces.get(category) ?? 0) + quantity)
  }
  return pieces
}

function quantityInCategory(lines: readonly PricedLine[], category: string): number {
  let pieces = 0
  for (const line of lines) if (line.category === category) pieces += line.quantity
  return pieces
}

function isMailAddress(text: string): boolean {
  const [name, host, ...rest] = text.split('@')
  return rest.length === 0 && name !== '' && host !== undefined && host.includes('.')
}
