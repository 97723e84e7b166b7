'use strict'
const { query } = require('./database')

async function customer(id) {
  const [row] = await query('select id, name from customers where id = $1', [id])
  return row ?? {}
}

module.exports = { customer }
