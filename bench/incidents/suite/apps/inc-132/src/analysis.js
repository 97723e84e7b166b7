'use strict'
const { join } = require('node:path')
const { Worker } = require('node:worker_threads')

const workers = Array.from({ length: 2 }, () => new Worker(join(__dirname, 'analysis-worker.js')))
const open = new Map()
let next = 0
for (const worker of workers) {
  worker.on('message', ({ id, result }) => {
    open.get(id)(result)
    open.delete(id)
  })
}

/** Heavy work, so it is done in a thread of its own. */
function summary(day) {
  const id = next++
  return new Promise((resolve) => {
    open.set(id, resolve)
    workers[id % workers.length].postMessage({ id, day })
  })
}

module.exports = { summary }
