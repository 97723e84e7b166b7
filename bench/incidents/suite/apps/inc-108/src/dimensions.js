'use strict'
const { imageSize } = require('image-size')

/** Width and height in pixels, from the header alone. */
function dimensionsOf(bytes) {
  if (bytes.length < 16) throw new Error('too short for a picture')
  return imageSize(bytes)
}

module.exports = { dimensionsOf }
