'use strict'
const express = require('express')
const { checksum } = require('./src/checksum')

const app = express()
app.use(express.text({ limit: '200kb' }))
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/formats', (_request, response) => response.json(['txt', 'md']))
app.post('/checksum', (request, response, next) => {
  checksum(request.body).then((sum) => response.json({ sum }), next)
})
app.listen(Number(process.env.PORT), '127.0.0.1')
