'use strict'
const { Histogram, Registry } = require('prom-client')

const registry = new Registry()
const durations = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'How long requests take',
  labelNames: ['method', 'path', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  registers: [registry],
})

function recordRequest(request, reply) {
  durations.observe(
    { method: request.method, path: request.url, status: reply.statusCode },
    reply.elapsedTime / 1000,
  )
}

module.exports = { recordRequest, registry }
