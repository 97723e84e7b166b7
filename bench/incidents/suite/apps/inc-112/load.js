'use strict'
const { run } = require('../_lib/load')

const customer = {
  name: 'customer',
  perSecond: 20,
  request: (i) => ({ path: `/customers/${1 + (i % 50)}`, timeoutMs: 10_000 }),
}
const baskets = (limit, perSecond) => ({
  name: 'baskets',
  perSecond,
  most: 60,
  request: (i) => ({
    path: `/customers/${1 + (i % 50)}/baskets?limit=${limit}`,
    timeoutMs: 10_000,
  }),
})
run({ before: [customer, baskets(3, 8)], during: [customer, baskets(250, 12)] })
