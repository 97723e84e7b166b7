'use strict'
const { run } = require('../_lib/load')

const read = (perSecond, path) => ({ name: 'read', perSecond, request: (i) => ({ path: path(i) }) })
run({
  before: [read(60, (i) => `/articles/about-${i % 40}`)],
  during: [read(260, (i) => `/articles/about-${i % 40}?utm_id=${i}-${(i * 7919) % 100_003}`)],
})
