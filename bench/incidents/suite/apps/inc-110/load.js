'use strict'
const { run, ask } = require('../_lib/load')

const recent = { name: 'recent', perSecond: 30, request: () => ({ path: '/recent' }) }
const exportOf = (id) => ({
  name: 'export',
  perSecond: 10,
  request: (i) => ({ path: `/export?id=${id(i)}&format=pdf`, timeoutMs: 8000 }),
})
run({
  before: [recent, exportOf((i) => `doc-${i}`)],
  onFault: () => {
    setTimeout(() => {
      for (const format of ['pdf', 'odt']) void ask({ path: `/export?id=shared&format=${format}` })
    }, 1500)
  },
})
