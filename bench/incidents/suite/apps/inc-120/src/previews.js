'use strict'
const { once } = require('./once')

const templates = ['card', 'list', 'table']

function preview(id, theme) {
  const render = once(`${theme}/${id}`, () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      id: `${id}-${i}`,
      theme,
      kind: templates[i % 3],
    }))
    return () => ({ rows: rows.length, html: rows.map((row) => `<i>${row.id}</i>`).join('') })
  })
  return render()
}

module.exports = { preview }
