'use strict'
const express = require('express')
const { logIn } = require('./src/accounts')
const { pageOf } = require('./src/pages')

const app = express()
app.use(express.json())
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/pages/:name', async (request, response, next) => {
  pageOf(request.params.name).then((page) => response.type('html').send(page), next)
})
app.post('/login', (request, response, next) => {
  logIn(request.body).then((ok) => response.status(ok ? 200 : 401).json({ ok }), next)
})
app.listen(Number(process.env.PORT), '127.0.0.1')
