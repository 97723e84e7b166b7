'use strict'

/** Rejects when the promise takes too long. */
function withTimeout(promise, ms) {
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

module.exports = { withTimeout }
