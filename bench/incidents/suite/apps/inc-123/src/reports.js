'use strict'
const { LRUCache } = require('lru-cache')

/** A hundred reports are kept; nobody said how large a report may be. */
const ready = new LRUCache({ max: 100 })

function buildRows(id, count) {
  const rows = []
  for (let i = 0; i < count; i += 1)
    rows.push({ key: `${id}/${i}`, value: i * 1.5, flags: [i % 3 === 0] })
  return rows
}

function reportFor(id, count) {
  let report = ready.get(id)
  if (report === undefined) {
    report = { id, rows: buildRows(id, count) }
    ready.set(id, report)
  }
  return {
    id,
    rows: report.rows.length,
    total: report.rows.reduce((sum, row) => sum + row.value, 0),
  }
}

module.exports = { reportFor }
