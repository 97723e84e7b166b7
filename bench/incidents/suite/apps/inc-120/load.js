'use strict'
const { run } = require('../_lib/load')

const look = (id) => ({
  name: 'preview',
  perSecond: 110,
  request: (i) => ({ path: `/preview/${id(i)}?theme=${i % 2 ? 'dark' : 'light'}` }),
})
run({ before: [look((i) => `doc-${i % 60}`)], during: [look((i) => `draft-${i}`)] })
