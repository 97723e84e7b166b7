'use strict'

function cartOf(session) {
  session.cart ??= { items: [], viewed: [], since: Date.now() }
  return { count: session.cart.items.length }
}

function addToCart(session, { sku, note }) {
  cartOf(session)
  session.cart.items.push({ sku, note, at: new Date().toISOString() })
  session.cart.viewed = Array.from({ length: 60 }, (_, i) => `${sku}-${session.id}-like-${i}`)
  return { count: session.cart.items.length }
}

module.exports = { addToCart, cartOf }
