'use strict'
const { createReadStream } = require('node:fs')

/** The first line of a file, without reading the whole of it. */
function firstLine(path) {
  return new Promise((resolve, reject) => {
    const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 128 })
    stream.once('error', reject)
    stream.once('readable', () => {
      const [line = ''] = (stream.read() ?? '').split('\n')
      resolve(line)
    })
  })
}

module.exports = { firstLine }
