import Fastify from 'fastify'
import { forecast } from './forecast.mjs'

const fastify = Fastify({ logger: false })
fastify.get('/healthz', async () => ({ ok: true }))
fastify.get('/places', async () => ({ places: Array.from({ length: 40 }, (_, i) => `place-${i}`) }))
fastify.get('/forecast/:place', async (request, reply) => {
  try {
    return await forecast(request.params.place)
  } catch (error) {
    request.log.warn(error)
    return reply.code(503).send({ error: error.message })
  }
})
await fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
