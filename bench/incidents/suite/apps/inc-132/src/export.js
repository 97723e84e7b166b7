'use strict'
const { Readable } = require('node:stream')

function* lines(count) {
  for (let i = 0; i < count; i += 1) yield `${i};${(i * 7919) % 10_007};${'abc'.repeat(i % 9)}\n`
}

module.exports = { rowsOf: (count) => Readable.from(lines(count), { highWaterMark: 64 }) }
