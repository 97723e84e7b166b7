'use strict'
const express = require('express')
const { recordVisit, visits } = require('./src/audit')
const { leaderboard } = require('./src/leaderboard')

const app = express()
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/pages/:name', (request, response) => {
  recordVisit(request)
  response.json({ page: request.params.name })
})
app.get('/leaderboard', (request, response) => {
  response.json(leaderboard(Number(request.query.players ?? 100)))
})
app.get('/visits', (_request, response) => response.json({ count: visits() }))
app.listen(Number(process.env.PORT), '127.0.0.1')
