'use strict'
const fastify = require('fastify')({ logger: false })
const { settingsFor } = require('./src/settings')

fastify.get('/healthz', async () => ({ ok: true }))
fastify.get('/ping', async () => ({ at: Date.now() }))
fastify.get('/settings/:tenant', async (request) => {
  const { theme, limits } = settingsFor(request.params.tenant)
  return { theme, limits }
})
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
