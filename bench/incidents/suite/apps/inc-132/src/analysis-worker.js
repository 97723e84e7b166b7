'use strict'
const { parentPort } = require('node:worker_threads')

parentPort.on('message', ({ id, day }) => {
  let sum = day
  for (let i = 0; i < 12_000_000; i += 1) sum = (sum * 31 + i) % 1_000_003
  parentPort.postMessage({ id, result: { day, sum } })
})
