'use strict'
const { run } = require('../_lib/load')

const people = (k) => [
  { name: 'places', perSecond: 20 * k, request: () => ({ path: '/places' }) },
  {
    name: 'forecast',
    perSecond: 25 * k,
    most: 80,
    request: (i) => ({ path: `/forecast/p${(i * 31) % 400}` }),
  },
]
run({ before: people(1), during: people(2) })
