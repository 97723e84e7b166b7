'use strict'
const { expandSlots } = require('./expand')

const closed = new Set([0, 6])

function freeSlots(from, to) {
  return expandSlots(from, to, 30).filter(({ weekday }) => !closed.has(weekday))
}

module.exports = { freeSlots }
