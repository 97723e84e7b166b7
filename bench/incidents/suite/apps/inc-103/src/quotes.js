'use strict'
const { latestRate } = require('./rate-client')

async function quoteIn(currency, amount) {
  const rate = await latestRate(currency)
  return { currency, amount: Math.round(amount * rate * 100) / 100, rate }
}

module.exports = { quoteIn }
