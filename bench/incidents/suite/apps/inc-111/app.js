'use strict'
const Koa = require('koa')
const Router = require('@koa/router')
const { freeSlots } = require('./src/calendar')

const app = new Koa()
const router = new Router()
router.get('/healthz', (context) => {
  context.body = { ok: true }
})
router.get('/slots', (context) => {
  const { from, to } = context.query
  const slots = freeSlots(new Date(String(from)), new Date(String(to)))
  context.body = { count: slots.length, first: slots.slice(0, 10) }
})
app.use(router.routes())
app.listen(Number(process.env.PORT), '127.0.0.1')
