'use strict'
const fastify = require('fastify')({ logger: false })
const { reportFor } = require('./src/reports')

fastify.get('/healthz', async () => ({ ok: true }))
fastify.get('/regions', async () => ['north', 'south'])
fastify.get('/reports/:id', async (request) =>
  reportFor(request.params.id, Number(request.query.rows ?? 50)),
)
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
