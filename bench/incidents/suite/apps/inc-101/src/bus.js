'use strict'
const { EventEmitter } = require('node:events')

// Every waiting client listens, so the usual warning about ten listeners would only be noise.
const bus = new EventEmitter().setMaxListeners(0)
const recent = []

function publish(item) {
  recent.push({ ...item, at: Date.now() })
  if (recent.length > 150) recent.shift()
  bus.emit('news', recent[recent.length - 1])
}

module.exports = { bus, publish, latest: () => recent }
