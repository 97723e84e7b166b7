'use strict'
const { WebSocketServer } = require('ws')

class Broadcast {
  constructor(server) {
    this.sockets = new WebSocketServer({ server, path: '/prices', perMessageDeflate: false })
    this.sockets.on('connection', (socket) => socket.on('error', () => {}))
  }

  send(message) {
    const text = JSON.stringify(message)
    for (const socket of this.sockets.clients) {
      if (socket.readyState === socket.OPEN) socket.send(text)
    }
  }
}

module.exports = { Broadcast }
