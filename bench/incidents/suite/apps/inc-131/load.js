'use strict'
const WebSocket = require('ws')
const { run, port } = require('../_lib/load')

const people = []
function join() {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/room`)
  socket.on('error', () => {})
  socket.on('open', () => {
    const talk = setInterval(() => socket.send(`${Date.now()} ${'so '.repeat(20)}`), 900)
    socket.on('close', () => clearInterval(talk))
  })
  people.push(socket)
}
for (let i = 0; i < 15; i += 1) join()
run({
  before: [{ name: 'who', perSecond: 20, request: () => ({ path: '/who' }) }],
  onFault: () => {
    let more = 30
    const timer = setInterval(() => {
      if (more-- > 0) join()
      else people.shift()?.close(), join()
    }, 150)
    timer.unref()
  },
  onEnd: () => {
    for (const socket of people) socket.terminate()
  },
})
