'use strict'
const { run } = require('../_lib/load')

const status = { name: 'status', perSecond: 20, request: () => ({ path: '/status' }) }
const read = (device) => ({
  name: 'read',
  perSecond: 150,
  request: (i) => ({ path: `/devices/${device(i)}` }),
})
run({
  before: [status, read((i) => `d${i % 200}`)],
  during: [status, read((i) => (i % 6 === 0 ? `d${i % 200}` : `lost${i % 200}`))],
})
