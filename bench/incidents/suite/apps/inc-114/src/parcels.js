'use strict'
const { fetchJson } = require('./persistent-fetch')

async function parcelOf(id) {
  const tracking = await fetchJson(`${process.env.UPSTREAM_URL}/tracking/${id}`)
  return { id, ...tracking }
}

module.exports = { parcelOf }
