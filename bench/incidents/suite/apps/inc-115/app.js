'use strict'
const express = require('express')
const { Feed } = require('./src/feed')

const app = express()
const feed = new Feed(process.env.UPSTREAM_URL)
app.get('/healthz', (_request, response) => response.json({ ok: true }))
app.get('/price/:symbol', (request, response) => response.json(feed.priceOf(request.params.symbol)))
app.listen(Number(process.env.PORT), '127.0.0.1')
