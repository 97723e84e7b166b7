'use strict'
const { run } = require('../_lib/load')

const regions = { name: 'regions', perSecond: 20, request: () => ({ path: '/regions' }) }
const reports = (perSecond, rows) => ({
  name: 'reports',
  perSecond,
  most: 30,
  request: (i) => ({ path: `/reports/r${i}?rows=${rows}`, timeoutMs: 8000 }),
})
run({ before: [regions, reports(20, 200)], during: [regions, reports(36, 8200)] })
