import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { isCouponCode } from '../../examples/shop/cart.ts'
import { allProducts } from '../../examples/shop/catalog.ts'
import { type FaultName, faultNames, setFault } from '../../examples/shop/faults.ts'
import { invoiceTotals } from '../../examples/shop/orders.ts'
import { cachedQuotes, quotePrice } from '../../examples/shop/pricing.ts'
import { searchProducts } from '../../examples/shop/search.ts'
import { createShop } from '../../examples/shop/server.ts'
import { noLeaks } from '../support/leaks.ts'

const checkLeaks = noLeaks()
afterEach(async () => {
  for (const name of faultNames) setFault(name, false)
  await checkLeaks()
})

const [product] = allProducts()
assert.ok(product !== undefined)

function visitPages(count: number, run: string): void {
  for (let page = 0; page < count; page += 1) {
    assert.ok(product !== undefined)
    quotePrice(product, new URL(`http://shop/products?country=de&session=${run}${page}`))
  }
}

describe('the price cache', () => {
  it('knows one price per product and country, whatever else is in the address', () => {
    const before = cachedQuotes()
    visitPages(500, 'well')
    assert.ok(cachedQuotes() - before <= 1)
  })

  it('with the fault, keeps one for every address', () => {
    setFault('unbounded_price_cache', true)
    const before = cachedQuotes()
    visitPages(3_000, 'ill')
    assert.equal(cachedQuotes() - before, 3_000)
  })

  it('comes back to its bound when the fault is off', () => {
    setFault('unbounded_price_cache', true)
    visitPages(3_000, 'more')
    setFault('unbounded_price_cache', false)
    assert.ok(product !== undefined)
    quotePrice(product, new URL('http://shop/products?country=xx'))
    assert.ok(cachedQuotes() <= 2_000)
  })
})

describe('the coupon check', () => {
  const cases: readonly [string, boolean][] = [
    ['SPRING-2026-A7', true],
    ['A', true],
    ['', false],
    ['spring', false],
    ['A--B', false],
    ['-A', false],
  ]
  for (const [code, isOne] of cases) {
    it(`${isOne ? 'takes' : 'refuses'} '${code}'`, () => assert.equal(isCouponCode(code), isOne))
  }

  const msFor = (length: number): number => {
    const since = performance.now()
    assert.equal(isCouponCode(`${'A'.repeat(length)}!`), false)
    return performance.now() - since
  }

  it('with the fault, four letters more cost many times the time', () => {
    setFault('slow_coupon_check', true)
    msFor(12) // compiles the pattern
    const short = Math.min(msFor(18), msFor(18), msFor(18))
    const long = Math.min(msFor(22), msFor(22), msFor(22))
    assert.ok(long > 4 * short, `${short} ms and ${long} ms`)
  })

  it('without it, a very long code costs next to nothing', () => {
    assert.ok(msFor(100_000) < 1_000)
  })
})

describe('invoice totals', () => {
  const lines = allProducts().map(({ sku }, index) => ({ sku, quantity: (index % 7) + 1 }))

  it('are the same with and without the fault', () => {
    const well = invoiceTotals(lines)
    setFault('quadratic_invoice', true)
    assert.deepEqual(invoiceTotals(lines), well)
    assert.ok(well.discountCents > 0)
  })
})

describe('the search', () => {
  it('finds products that hold every word', () => {
    const found = searchProducts('oak lamp')
    assert.ok(found.length > 0)
    assert.ok(found.every(({ name }) => name === 'oak lamp'))
  })
  it('finds nothing for nothing', () => assert.deepEqual(searchProducts(' !'), []))
})

describe('the shop over HTTP', () => {
  const withShop = async (use: (url: string) => Promise<void>): Promise<void> => {
    const shop = createShop().listen(0, '127.0.0.1')
    await once(shop, 'listening')
    try {
      await use(`http://127.0.0.1:${(shop.address() as AddressInfo).port}`)
    } finally {
      shop.close()
      shop.closeAllConnections()
      await once(shop, 'close')
    }
  }
  const post = async (
    url: string,
    body: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { connection: 'close' },
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  it('sells', async () => {
    await withShop(async (url) => {
      const cart = await post(`${url}/carts`, {})
      const at = `${url}/carts/${String(cart.body['id'])}`
      assert.equal((await post(`${at}/lines`, { sku: product.sku, quantity: 2 })).status, 200)
      assert.equal((await post(`${at}/coupon`, { code: 'SPRING-2026' })).status, 200)
      const order = await post(`${at}/checkout`, { email: 'ada@example.org' })
      assert.equal(order.status, 200)
      const totals = order.body['totals'] as Record<string, unknown>
      assert.equal(totals['totalCents'], product.priceCents * 2)
      assert.equal((await post(`${at}/checkout`, { email: 'ada@example.org' })).status, 404)
    })
  })

  const refusals: readonly [string, unknown, number][] = [
    ['/nowhere', {}, 404],
    ['/carts/none/lines', { sku: 'x', quantity: 1 }, 404],
    ['/invoices', { lines: [{ sku: 1 }] }, 422],
    ['/admin/faults', { name: 'no_such_fault' satisfies string, on: true }, 422],
    ['/invoices', 'x'.repeat(9 * 1024 * 1024), 413],
  ]
  for (const [path, body, status] of refusals) {
    it(`answers ${status} to ${path} with ${JSON.stringify(body).slice(0, 40)}`, async () => {
      await withShop(async (url) => assert.equal((await post(url + path, body)).status, status))
    })
  }

  it('switches a fault on and off', async () => {
    await withShop(async (url) => {
      const name: FaultName = 'unbounded_price_cache'
      await post(`${url}/admin/faults`, { name, on: true })
      const before = cachedQuotes()
      visitPages(10, 'http')
      assert.equal(cachedQuotes() - before, 10)
      await post(`${url}/admin/faults`, { name, on: false })
      visitPages(10, 'again')
      assert.ok(cachedQuotes() <= 2_000)
    })
  })
})
