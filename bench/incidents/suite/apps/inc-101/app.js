'use strict'
const express = require('express')
const { awaitNews } = require('./src/notifications')
const { publish, latest } = require('./src/bus')

const app = express()
app.use(express.json())
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/news/:user', async (request, response) => {
  const news = await awaitNews(request.params.user, Number(request.query.waitMs ?? 1000))
  response.json({ news })
})
app.post('/news', (request, response) => {
  publish(request.body)
  response.status(202).json({ latest: latest().length })
})
app.listen(Number(process.env.PORT), '127.0.0.1')
