'use strict'
const fastify = require('fastify')({ logger: false })
const { basketsOf } = require('./src/baskets')
const { customer } = require('./src/customers')

fastify.get('/healthz', async () => ({ ok: true }))
fastify.get('/customers/:id', async (request) => customer(Number(request.params.id)))
fastify.get('/customers/:id/baskets', async (request) =>
  basketsOf(Number(request.params.id), Number(request.query.limit ?? 5)),
)
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
