'use strict'
let turn = 0

/** The newest prices of so many papers. */
function tick(count) {
  turn += 1
  return Array.from({ length: count }, (_, i) => ({
    id: `paper-${i}`,
    bid: 100 + ((turn + i) % 17),
    ask: 101 + ((turn + i) % 17),
    at: turn,
  }))
}

module.exports = { tick }
