'use strict'
const Koa = require('koa')
const Router = require('@koa/router')
const { reserve, stockOf } = require('./src/warehouse')

const app = new Koa()
const router = new Router()
router.get('/healthz', (context) => {
  context.body = { ok: true }
})
router.get('/stock/:sku', (context) => {
  context.body = { sku: context.params.sku, left: stockOf(context.params.sku) }
})
router.post('/reserve/:sku/:count', async (context) => {
  context.body = await reserve(context.params.sku, Number(context.params.count))
})
app.on('error', () => {})
app.use(router.routes())
app.listen(Number(process.env.PORT), '127.0.0.1')
