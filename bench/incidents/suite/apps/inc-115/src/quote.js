'use strict'

function decodeQuote(line) {
  const { symbol, price } = JSON.parse(line)
  return { symbol, cents: Math.round(price.amount * 100), currency: price.currency.toUpperCase() }
}

module.exports = { decodeQuote }
