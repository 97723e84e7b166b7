'use strict'
const http = require('node:http')
const { Broadcast } = require('./src/broadcast')
const { tick } = require('./src/market')

const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(request.url === '/healthz' ? '{"ok":true}' : JSON.stringify(tick(3)))
})
const broadcast = new Broadcast(server)
setInterval(() => broadcast.send(tick(400)), 50)
server.listen(Number(process.env.PORT), '127.0.0.1')
