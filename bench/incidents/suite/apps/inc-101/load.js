'use strict'
const { run } = require('../_lib/load')

const publish = {
  name: 'publish',
  perSecond: 40,
  request: (i) => ({
    method: 'POST',
    path: '/news',
    body: { user: `user-${i % 5}`, text: `n${i}` },
  }),
}
const poll = (name, user) => ({
  name,
  perSecond: 60,
  most: 120,
  request: (i) => ({ path: `/news/${user(i)}?waitMs=150` }),
})
run({
  before: [publish, poll('poll', (i) => `user-${i % 5}`)],
  during: [publish, poll('poll', (i) => (i % 4 === 0 ? `user-${i % 5}` : `guest-${i}`))],
})
