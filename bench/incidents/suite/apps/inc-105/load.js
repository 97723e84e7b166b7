'use strict'
const { run, ask } = require('../_lib/load')
const http = require('node:http')

/** A visitor with a cookie comes back; a crawler does not keep any. */
const cookies = []
function visit() {
  const port = Number(process.env.PORT)
  http.get({ host: '127.0.0.1', port, path: '/shop/cart' }, (response) => {
    const [cookie] = response.headers['set-cookie'] ?? []
    if (cookie) cookies.push(cookie.split(';')[0])
    response.resume()
  })
}
for (let i = 0; i < 20; i += 1) visit()

const offers = { name: 'offers', perSecond: 20, request: () => ({ path: '/offers' }) }
const cart = {
  name: 'cart',
  perSecond: 20,
  request: (i) => ({ path: '/shop/cart', headers: { cookie: cookies[i % 20] ?? '' } }),
}
const crawl = {
  name: 'crawl',
  perSecond: 110,
  request: (i) => ({
    method: 'POST',
    path: '/shop/cart',
    body: { sku: `s${i}`, note: 'x'.repeat(200) },
  }),
}
run({
  before: [offers, cart],
  during: [offers, cart, crawl],
  onFault: () => ask({ path: '/offers' }),
})
