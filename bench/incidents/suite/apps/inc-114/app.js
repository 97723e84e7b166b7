'use strict'
const Koa = require('koa')
const Router = require('@koa/router')
const { parcelOf } = require('./src/parcels')

const app = new Koa()
const router = new Router()
router.get('/healthz', (context) => {
  context.body = { ok: true }
})
router.get('/tariffs', (context) => {
  context.body = [{ upToGrams: 500, cents: 290 }]
})
router.get('/parcels/:id', async (context) => {
  context.body = await parcelOf(context.params.id)
})
app.on('error', () => {})
app.use(router.routes())
app.listen(Number(process.env.PORT), '127.0.0.1')
