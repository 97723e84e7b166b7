'use strict'
const { run } = require('../_lib/load')

const names = ['home', 'help', 'terms']
const pages = {
  name: 'pages',
  perSecond: 25,
  most: 120,
  request: (i) => ({ path: `/pages/${names[i % 3]}`, timeoutMs: 10_000 }),
}
const logIns = (perSecond) => ({
  name: 'log in',
  perSecond,
  most: 60,
  request: (i) => ({
    method: 'POST',
    path: '/login',
    body: { user: `user${i}`, password: `guess-${i}` },
    timeoutMs: 15_000,
  }),
})
run({ before: [pages, logIns(0.3)], during: [pages, logIns(34)] })
