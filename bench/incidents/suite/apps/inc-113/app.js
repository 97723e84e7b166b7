'use strict'
const express = require('express')
const { book, balanceOf } = require('./src/ledger')

const app = express()
app.use(express.json())
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/accounts/:id', (request, response, next) => {
  balanceOf(Number(request.params.id)).then((balance) => response.json({ balance }), next)
})
app.post('/accounts/:id/bookings', (request, response, next) => {
  book(Number(request.params.id), Number(request.body.cents)).then(
    (outcome) => response.status(outcome.isBooked ? 201 : 409).json(outcome),
    next,
  )
})
app.listen(Number(process.env.PORT), '127.0.0.1')
