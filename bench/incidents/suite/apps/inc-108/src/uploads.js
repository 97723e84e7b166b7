'use strict'
const { dimensionsOf } = require('./dimensions')

function describeUpload(bytes) {
  const { width, height, type } = dimensionsOf(bytes)
  return { type, width, height, bytes: bytes.length, isPortrait: height > width }
}

module.exports = { describeUpload }
