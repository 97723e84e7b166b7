'use strict'
const { run } = require('../_lib/load')

const menu = { name: 'menu', perSecond: 25, request: () => ({ path: '/menu' }) }
const feature = (name) => ({
  name: 'feature',
  perSecond: 20,
  most: 100,
  request: (i) => ({ path: `/feature/${name(i)}`, timeoutMs: 8000 }),
})
run({
  before: [menu, feature((i) => `new-${i % 30}`)],
  during: [menu, feature((i) => (i % 10 === 3 ? `old-${i % 30}` : `new-${i % 30}`))],
})
