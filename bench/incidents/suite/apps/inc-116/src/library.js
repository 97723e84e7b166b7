'use strict'
const { mkdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { firstLine } = require('./first-line')

const shelf = join(__dirname, '..', 'shelf')
mkdirSync(shelf, { recursive: true })
for (let i = 0; i < 8; i += 1) {
  const text = i < 3 ? `Leaflet ${i}` : `Book ${i}\n${'It was a dark night.\n'.repeat(400)}`
  writeFileSync(join(shelf, `${i}.txt`), text)
}

async function titles(count) {
  const paths = Array.from({ length: count }, (_, i) => join(shelf, `${i % 8}.txt`))
  return Promise.all(paths.map((path) => firstLine(path)))
}

module.exports = { titles }
