'use strict'
const { run, ask } = require('../_lib/load')

const slots = {
  name: 'slots',
  perSecond: 20,
  request: (i) => ({ path: `/slots?from=2026-03-0${1 + (i % 5)}&to=2026-03-1${i % 9}` }),
}
run({
  before: [slots],
  onFault: () => {
    setTimeout(() => void ask({ path: '/slots?from=1900-01-01&to=9999-12-31' }), 1500)
  },
})
