'use strict'
const axios = require('axios')

const client = axios.create({
  baseURL: process.env.UPSTREAM_URL,
  headers: { accept: 'application/json' },
})

async function latestRate(currency) {
  const { data } = await client.get(`/rates/${encodeURIComponent(currency)}`)
  return data.rate
}

module.exports = { latestRate }
