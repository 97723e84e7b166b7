'use strict'
const { pool } = require('./pool')

async function balanceOf(account) {
  const { rows } = await pool.query('select cents from accounts where id = $1', [account])
  return rows[0]?.cents ?? 0
}

async function book(account, cents) {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const { rows } = await client.query(
      'update accounts set cents = cents + $2 where id = $1 returning cents',
      [account, cents],
    )
    if (rows[0].cents < 0) return { isBooked: false, reason: 'not enough money' }
    await client.query('insert into bookings (account_id, cents) values ($1, $2)', [account, cents])
    await client.query('commit')
    return { isBooked: true, cents: rows[0].cents }
  } finally {
    client.release()
  }
}

module.exports = { balanceOf, book }
