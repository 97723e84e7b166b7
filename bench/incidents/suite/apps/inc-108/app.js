'use strict'
const express = require('express')
const { describeUpload } = require('./src/uploads')

const app = express()
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/albums', (_request, response) => response.json(['garden', 'lake', 'attic']))
app.post('/photos', express.raw({ type: () => true, limit: '1mb' }), (request, response) => {
  try {
    response.status(201).json(describeUpload(request.body))
  } catch (error) {
    response.status(415).json({ error: error.message })
  }
})
app.listen(Number(process.env.PORT), '127.0.0.1')
