'use strict'
const { run } = require('../_lib/load')

const words = Array.from({ length: 120 }, (_, i) => `word${i}`)
const find = { name: 'find', perSecond: 30, request: (i) => ({ path: `/search/word${i % 200}` }) }
const edit = (perSecond) => ({
  name: 'edit',
  perSecond,
  request: (i) => ({
    method: 'POST',
    path: '/documents',
    body: { name: `doc${i % 5}`, text: words.map((word) => `${word}${i % 3}`).join(' ') },
  }),
})
run({ before: [find, edit(1)], during: [find, edit(220)] })
