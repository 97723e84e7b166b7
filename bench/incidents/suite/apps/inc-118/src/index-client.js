'use strict'
const { join } = require('node:path')
const { Worker } = require('node:worker_threads')

/** The index lives in a thread of its own, so that building it blocks nobody. */
class Index {
  #worker = new Worker(join(__dirname, 'index-worker.js'))
  #open = new Map()
  #next = 1

  constructor() {
    this.#worker.on('message', ({ id, result }) => {
      this.#open.get(id)?.(result)
      this.#open.delete(id)
    })
  }

  #ask(message) {
    const id = this.#next++
    return new Promise((resolve) => {
      this.#open.set(id, resolve)
      this.#worker.postMessage({ id, ...message })
    })
  }

  add(document) {
    return this.#ask({ op: 'add', document })
  }

  find(word) {
    return this.#ask({ op: 'find', word })
  }
}

module.exports = { Index }
