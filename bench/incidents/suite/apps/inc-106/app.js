'use strict'
const fastify = require('fastify')({ logger: false })
const { recordRequest, registry } = require('./src/metrics')
const { articleOf } = require('./src/articles')

fastify.addHook('onResponse', async (request, reply) => recordRequest(request, reply))
fastify.get('/healthz', async () => ({ ok: true }))
fastify.get('/articles/:slug', async (request) => articleOf(request.params.slug))
fastify.get('/metrics', async (_request, reply) => {
  reply.type(registry.contentType)
  return registry.metrics()
})
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
