'use strict'
const { query } = require('./database')

async function withLines(basket) {
  const lines = await query('select sku, count from basket_lines where basket_id = $1', [basket.id])
  return { ...basket, lines }
}

async function basketsOf(customerId, limit) {
  const baskets = await query(
    'select id, placed_at from baskets where customer_id = $1 order by id desc limit $2',
    [customerId, limit],
  )
  const complete = []
  for (const basket of baskets) complete.push(await withLines(basket))
  return complete
}

module.exports = { basketsOf }
