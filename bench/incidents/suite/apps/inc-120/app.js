'use strict'
const Koa = require('koa')
const Router = require('@koa/router')
const { preview } = require('./src/previews')

const app = new Koa()
const router = new Router()
router.get('/healthz', (context) => {
  context.body = { ok: true }
})
router.get('/preview/:id', (context) => {
  context.body = preview(context.params.id, String(context.query.theme ?? 'light'))
})
app.use(router.routes())
app.listen(Number(process.env.PORT), '127.0.0.1')
