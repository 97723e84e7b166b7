'use strict'
const { run } = require('../_lib/load')

const ping = { name: 'ping', perSecond: 30, request: () => ({ path: '/ping' }) }
const settings = (tenant) => ({
  name: 'settings',
  perSecond: 14,
  most: 40,
  request: (i) => ({ path: `/settings/${tenant(i)}` }),
})
run({ before: [ping, settings((i) => `solo-${i}`)], during: [ping, settings((i) => `team-${i}`)] })
