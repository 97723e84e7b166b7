'use strict'
const trail = []

/** For the auditors: who read which page. */
function recordVisit(request) {
  if (request.headers['x-audit'] !== 'on') return
  trail.push({
    at: new Date(),
    page: request.params.name,
    headers: { ...request.headers },
    hops: Array.from({ length: 40 }, (_, hop) => ({ hop, via: request.socket.remoteAddress })),
  })
}

module.exports = { recordVisit, visits: () => trail.length }
