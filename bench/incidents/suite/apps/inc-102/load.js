'use strict'
const { run } = require('../_lib/load')

const look = { name: 'look', perSecond: 30, request: (i) => ({ path: `/stock/sku-${i % 40}` }) }
const reserve = (sku) => ({
  name: 'reserve',
  perSecond: 25,
  most: 90,
  request: (i) => ({ method: 'POST', path: `/reserve/${sku(i)}/1`, timeoutMs: 8000 }),
})
run({
  before: [look, reserve((i) => `sku-${i % 40}`)],
  during: [look, reserve((i) => (i % 60 === 20 ? 'sku-99' : `sku-${i % 40}`))],
})
