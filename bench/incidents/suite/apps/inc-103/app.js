'use strict'
const fastify = require('fastify')({ logger: false })
const { quoteIn } = require('./src/quotes')

fastify.get('/healthz', async () => ({ ok: true }))
fastify.get('/currencies', async () => ['EUR', 'USD', 'CHF', 'JPY'])
fastify.get('/quote/:currency', async (request) =>
  quoteIn(request.params.currency, Number(request.query.amount ?? 1)),
)
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
