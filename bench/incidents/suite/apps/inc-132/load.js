'use strict'
const { run } = require('../_lib/load')

const work = (k) => [
  {
    name: 'summary',
    perSecond: 3 * k,
    most: 12,
    request: (i) => ({ path: `/summary/${i % 400}` }),
  },
  { name: 'export', perSecond: 2 * k, most: 8, request: () => ({ path: '/export?rows=3000' }) },
]
run({ before: work(1), during: work(1.6) })
