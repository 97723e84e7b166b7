'use strict'
const { run, tellUpstream } = require('../_lib/load')

run({
  before: [
    { name: 'list', perSecond: 25, request: () => ({ path: '/currencies' }) },
    {
      name: 'quote',
      perSecond: 20,
      most: 150,
      request: (i) => ({ path: `/quote/USD?amount=${i}`, timeoutMs: 10_000 }),
    },
  ],
  onFault: () => tellUpstream('/stick'),
})
