'use strict'
const express = require('express')
const { sessions } = require('./src/sessions')
const { addToCart, cartOf } = require('./src/cart')

const app = express()
app.use(express.json())
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/offers', (_request, response) => response.json({ offers: ['tea', 'cups', 'honey'] }))
app.use('/shop', sessions())
app.get('/shop/cart', (request, response) => response.json(cartOf(request.session)))
app.post('/shop/cart', (request, response) => {
  response.status(201).json(addToCart(request.session, request.body))
})
app.listen(Number(process.env.PORT), '127.0.0.1')
