/**
 * The shop alone: `node dist/examples/shop/app.js`, or with nodelens in it and no change here:
 * `node --import nodelens/register dist/examples/shop/app.js`. `PORT` chooses the port (8080).
 */
import { createShop } from './server.ts'

const port = Number(process.env['PORT'] ?? 8080)
const shop = createShop().listen(port, '127.0.0.1', () => {
  const address = shop.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  console.log(`the shop is open: http://127.0.0.1:${actual}`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    shop.close()
    shop.closeAllConnections()
  })
}
