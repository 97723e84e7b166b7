'use strict'

const attempts = 30

/** The carrier's service hiccups now and then, so it is asked again. */
async function fetchJson(url) {
  let last
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const response = await fetch(url)
    const text = await response.text()
    if (response.ok) return JSON.parse(text)
    last = response.status
  }
  throw new Error(`${url} answered ${last} to ${attempts} attempts`)
}

module.exports = { fetchJson }
