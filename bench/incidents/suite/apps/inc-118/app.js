'use strict'
const express = require('express')
const { Index } = require('./src/index-client')

const app = express()
const index = new Index()
app.use(express.json())
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.post('/documents', (request, response, next) => {
  index.add(request.body).then((result) => response.status(201).json(result), next)
})
app.get('/search/:word', (request, response, next) => {
  index.find(request.params.word).then((hits) => response.json({ hits }), next)
})
app.listen(Number(process.env.PORT), '127.0.0.1')
