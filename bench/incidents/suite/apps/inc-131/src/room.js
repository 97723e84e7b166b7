'use strict'
const { WebSocketServer } = require('ws')

const kept = 200
const mostWaitingBytes = 1_000_000

/** A chat room: the last messages are kept, clients that do not answer are sent away. */
class Room {
  #history = []
  #sockets

  constructor(server) {
    this.#sockets = new WebSocketServer({ server, path: '/room' })
    this.#sockets.on('connection', (socket) => this.#welcome(socket))
  }

  get size() {
    return this.#sockets.clients.size
  }

  #welcome(socket) {
    const pulse = setInterval(() => socket.ping(), 2000)
    socket.on('error', () => {})
    socket.on('close', () => clearInterval(pulse))
    socket.on('message', (data) => this.#say(String(data).slice(0, 300)))
    for (const line of this.#history.slice(-20)) socket.send(line)
  }

  #say(line) {
    this.#history.push(line)
    if (this.#history.length > kept) this.#history.shift()
    for (const socket of this.#sockets.clients) {
      if (socket.bufferedAmount > mostWaitingBytes) socket.terminate()
      else if (socket.readyState === socket.OPEN) socket.send(line)
    }
  }
}

module.exports = { Room }
