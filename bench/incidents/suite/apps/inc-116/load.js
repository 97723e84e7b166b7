'use strict'
const { run } = require('../_lib/load')

const about = { name: 'about', perSecond: 20, request: () => ({ path: '/about' }) }
const titles = (count) => ({
  name: 'titles',
  perSecond: 15,
  request: () => ({ path: `/titles?count=${count}` }),
})
run({ before: [about, titles(3)], during: [about, titles(5)] })
