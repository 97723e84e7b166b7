'use strict'
const fastify = require('fastify')({ logger: false })
const { titles } = require('./src/library')

fastify.get('/healthz', async () => ({ ok: true }))
fastify.get('/titles', async (request) => titles(Number(request.query.count ?? 2)))
fastify.get('/about', async () => ({ name: 'library', shelves: 12 }))
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
