'use strict'
const { readFile } = require('node:fs/promises')
const { join } = require('node:path')

async function pageOf(name) {
  const text = await readFile(
    join(__dirname, '..', 'pages', `${name.replace(/\W/g, '')}.html`),
    'utf8',
  )
  return text.replace('{{at}}', new Date().toISOString())
}

module.exports = { pageOf }
