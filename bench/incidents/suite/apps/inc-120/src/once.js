'use strict'
const made = {}

/** Makes a thing when it is first asked for. */
function once(key, make) {
  made[key] ??= make()
  return made[key]
}

module.exports = { once }
