'use strict'
const http = require('node:http')
const { Room } = require('./src/room')

const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(request.url === '/healthz' ? '{"ok":true}' : JSON.stringify({ here: room.size }))
})
const room = new Room(server)
server.listen(Number(process.env.PORT), '127.0.0.1')
