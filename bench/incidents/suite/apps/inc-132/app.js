'use strict'
const express = require('express')
const { pipeline } = require('node:stream')
const { createGzip } = require('node:zlib')
const { summary } = require('./src/analysis')
const { rowsOf } = require('./src/export')

const app = express()
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/summary/:day', (request, response, next) => {
  summary(Number(request.params.day)).then((result) => response.json(result), next)
})
app.get('/export', (request, response) => {
  response.set({ 'content-type': 'text/csv', 'content-encoding': 'gzip' })
  pipeline(rowsOf(Number(request.query.rows ?? 2000)), createGzip(), response, () => {})
})
app.listen(Number(process.env.PORT), '127.0.0.1')
