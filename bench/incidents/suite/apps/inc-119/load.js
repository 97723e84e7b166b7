'use strict'
const { run } = require('../_lib/load')

const pages = (perSecond, audit) => ({
  name: 'pages',
  perSecond,
  request: (i) => ({ path: `/pages/p${i % 30}`, headers: { 'x-audit': audit } }),
})
const board = (players) => ({
  name: 'leaderboard',
  perSecond: 1.2,
  most: 4,
  request: () => ({ path: `/leaderboard?players=${players}` }),
})
run({ before: [pages(60, 'off'), board(100)], during: [pages(220, 'on'), board(12000)] })
