import { createServer, type IncomingMessage, type Server } from 'node:http'
import {
  addLine,
  applyCoupon,
  type Cart,
  type CartLine,
  closeCart,
  findCart,
  openCart,
} from './cart.ts'
import { findProduct, listProducts, type Product } from './catalog.ts'
import { isFaultName, setFault } from './faults.ts'
import { invoiceTotals, placeOrder } from './orders.ts'
import { cachedQuotes, quotePrice } from './pricing.ts'
import { searchProducts } from './search.ts'

interface Answer {
  readonly status: number
  readonly body: unknown
}

interface Visit {
  readonly url: URL
  /** The parts of the path that the route leaves open. */
  readonly parts: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
}

interface Route {
  readonly method: string
  readonly path: RegExp
  readonly handle: (visit: Visit) => Answer
}

const longestBodyBytes = 8 * 1024 * 1024

const routes: readonly Route[] = [
  { method: 'GET', path: /^\/products$/, handle: handleProducts },
  { method: 'GET', path: /^\/products\/([^/]+)$/, handle: handleProduct },
  { method: 'GET', path: /^\/search$/, handle: handleSearch },
  { method: 'POST', path: /^\/carts$/, handle: () => ok(openCart()) },
  { method: 'POST', path: /^\/carts\/([^/]+)\/lines$/, handle: handleLine },
  { method: 'POST', path: /^\/carts\/([^/]+)\/coupon$/, handle: handleCoupon },
  { method: 'POST', path: /^\/carts\/([^/]+)\/checkout$/, handle: handleCheckout },
  { method: 'POST', path: /^\/invoices$/, handle: handleInvoice },
  { method: 'GET', path: /^\/status$/, handle: handleStatus },
  { method: 'POST', path: /^\/admin\/faults$/, handle: handleFault },
]

/** The shop as an HTTP server that does not listen yet. */
export function createShop(): Server {
  return createServer((request, response) => {
    answer(request)
      .catch((error: unknown): Answer => {
        const isTooLarge = error instanceof RangeError
        const isBadJson = error instanceof SyntaxError
        return failure(isTooLarge ? 413 : isBadJson ? 400 : 500, String(error))
      })
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
  })
}

async function answer(request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://shop')
  for (const { method, path, handle } of routes) {
    const match = method === request.method ? path.exec(url.pathname) : null
    if (match === null) continue
    return handle({
      url,
      parts: match.slice(1).map(decodeURIComponent),
      body: await readBody(request),
    })
  }
  return failure(404, `no such page: ${request.method} ${url.pathname}`)
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (request.method === 'GET') return {}
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > longestBodyBytes) throw new RangeError(`at most ${longestBodyBytes} bytes, please`)
    chunks.push(chunk)
  }
  const parsed: unknown = bytes === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'))
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
}

function handleProducts({ url }: Visit): Answer {
  const page = Math.max(0, Math.trunc(Number(url.searchParams.get('page') ?? 0)) || 0)
  const found = listProducts(url.searchParams.get('category') ?? undefined, page)
  return ok(found.map((product) => withPrice(product, url)))
}

function handleProduct({ url, parts: [sku = ''] }: Visit): Answer {
  const product = findProduct(sku)
  return product === undefined ? failure(404, `no product ${sku}`) : ok(withPrice(product, url))
}

function handleSearch({ url }: Visit): Answer {
  const found = searchProducts(url.searchParams.get('q') ?? '')
  return ok(found.map((product) => withPrice(product, url)))
}

function withPrice(product: Product, url: URL): object {
  return { ...product, price: quotePrice(product, url).label }
}

function handleLine({ parts, body }: Visit): Answer {
  return withCart(parts, (cart) => {
    const line = readLine(body)
    const next = line === undefined ? undefined : addLine(cart, line)
    return next === undefined
      ? failure(422, 'expected a known sku and a quantity above 0')
      : ok(next)
  })
}

function handleCoupon({ parts, body }: Visit): Answer {
  return withCart(parts, (cart) => {
    const next = applyCoupon(cart, textOf(body['code']))
    return next === undefined ? failure(422, 'that is not a coupon') : ok(next)
  })
}

function handleCheckout({ parts, body }: Visit): Answer {
  return withCart(parts, (cart) => {
    const order = placeOrder(cart.lines, textOf(body['email']))
    if (order === undefined) return failure(422, 'expected lines in the cart and an e-mail address')
    closeCart(cart)
    return ok(order)
  })
}

function withCart([id = '']: readonly string[], work: (cart: Cart) => Answer): Answer {
  const cart = findCart(id)
  return cart === undefined ? failure(404, `no cart ${id}`) : work(cart)
}

function handleInvoice({ body }: Visit): Answer {
  const lines = Array.isArray(body['lines'])
    ? body['lines'].flatMap((line) => readLine(line) ?? [])
    : []
  return lines.length === 0 ? failure(422, 'expected lines') : ok(invoiceTotals(lines))
}

function readLine(value: unknown): CartLine | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { sku, quantity } = value as { readonly sku?: unknown; readonly quantity?: unknown }
  if (typeof sku !== 'string' || typeof quantity !== 'number' || !(quantity > 0)) return undefined
  return { sku, quantity }
}

function handleStatus(): Answer {
  const { heapUsed, rss } = process.memoryUsage()
  return ok({
    heapBytes: heapUsed,
    rssBytes: rss,
    quotes: cachedQuotes(),
    uptimeSeconds: process.uptime(),
  })
}

function handleFault({ body }: Visit): Answer {
  const { name, on } = body
  if (!isFaultName(name) || typeof on !== 'boolean') return failure(422, 'expected name and on')
  setFault(name, on)
  return ok({ name, on })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function failure(status: number, message: string): Answer {
  return { status, body: { error: message } }
}
