'use strict'
const { randomUUID } = require('node:crypto')

/** Finds the question to an answer. */
class Correlator {
  #write
  #open = new Map()

  constructor(write) {
    this.#write = write
  }

  request(question) {
    const id = randomUUID()
    const trail = Array.from({ length: 40 }, (_, step) => ({ step, id, ...question }))
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject, trail, askedAt: Date.now() })
      this.#write(`${JSON.stringify({ id, ...question })}\n`)
    })
  }

  settle(line) {
    const { id, ...answer } = JSON.parse(line)
    this.#open.get(id)?.resolve(answer)
    this.#open.delete(id)
  }
}

module.exports = { Correlator }
