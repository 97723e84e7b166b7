'use strict'
const { Mutex } = require('async-mutex')
const { setTimeout: delay } = require('node:timers/promises')

const shelves = new Map(Array.from({ length: 40 }, (_, i) => [`sku-${i}`, 1_000_000]))
const booking = new Mutex()

class OutOfStock extends Error {
  status = 409
  expose = true
}

async function writeJournal(entry) {
  await delay(2)
  return { ...entry, at: Date.now() }
}

async function reserve(sku, count) {
  const release = await booking.acquire()
  const left = shelves.get(sku)
  if (left === undefined || left < count) throw new OutOfStock(`only ${left ?? 0} of ${sku} left`)
  shelves.set(sku, left - count)
  const entry = await writeJournal({ sku, count })
  release()
  return entry
}

module.exports = { reserve, stockOf: (sku) => shelves.get(sku) ?? 0 }
