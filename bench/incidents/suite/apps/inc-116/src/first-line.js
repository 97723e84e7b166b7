'use strict'
const { createReadStream } = require('node:fs')

/** The first line of a file, without reading the whole of it. */
function firstLine(path) {
  return new Promise((resolve, reject) => {
    const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 128 })
    stream.once('error', reject)
    stream.once('readable', () => {
      const text = stream.read() ?? ''
      resolve(text.split('\n')[0])
      if (text.length < 128) stream.destroy() // that was all of it
    })
  })
}

module.exports = { firstLine }
