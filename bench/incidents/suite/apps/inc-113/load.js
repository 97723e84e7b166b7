'use strict'
const { run } = require('../_lib/load')

const balance = {
  name: 'balance',
  perSecond: 20,
  most: 60,
  request: (i) => ({ path: `/accounts/${1 + (i % 20)}`, timeoutMs: 8000 }),
}
const book = (cents) => ({
  name: 'book',
  perSecond: 25,
  most: 80,
  request: (i) => ({
    method: 'POST',
    path: `/accounts/${1 + (i % 20)}/bookings`,
    body: { cents: cents(i) },
    timeoutMs: 8000,
  }),
})
run({
  before: [balance, book((i) => 10 + (i % 7))],
  during: [balance, book((i) => (i % 40 === 12 ? -90_000_000 : 10 + (i % 7)))],
})
