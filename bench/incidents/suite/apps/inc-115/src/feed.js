'use strict'
const http = require('node:http')
const { createInterface } = require('node:readline')
const { decodeQuote } = require('./quote')

/** Prices as they come, a line each. */
class Feed {
  #prices = new Map()

  constructor(url) {
    const request = http.get(`${url}/quotes`, (response) => {
      createInterface({ input: response }).on('line', (line) => this.onLine(line))
    })
    request.on('error', () => {})
  }

  onLine(line) {
    const { symbol, cents } = decodeQuote(line)
    this.#prices.set(symbol, cents)
  }

  priceOf(symbol) {
    return { symbol, cents: this.#prices.get(symbol) ?? null }
  }
}

module.exports = { Feed }
