'use strict'
const { Pool } = require('pg')

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 6 })
pool.on('error', () => {})

module.exports = { query: (text, values) => pool.query(text, values).then(({ rows }) => rows) }
