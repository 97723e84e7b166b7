'use strict'
const { run, tellUpstream } = require('../_lib/load')

run({
  before: [{ name: 'price', perSecond: 40, request: (i) => ({ path: `/price/S${i % 30}` }) }],
  onFault: () => setTimeout(() => void tellUpstream('/halt'), 2000),
})
