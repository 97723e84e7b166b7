'use strict'
const { Histogram, Registry, linearBuckets } = require('prom-client')

const registry = new Registry()
const durations = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'How long requests take',
  labelNames: ['method', 'path', 'status'],
  buckets: linearBuckets(0.02, 0.02, 60),
  registers: [registry],
})

function recordRequest(request, reply) {
  durations.observe(
    { method: request.method, path: request.url, status: reply.statusCode },
    reply.elapsedTime / 1000,
  )
}

module.exports = { recordRequest, registry }
