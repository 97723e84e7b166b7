'use strict'
const WebSocket = require('ws')
const { run, port } = require('../_lib/load')

/** A client on a bad line takes nothing any more. */
function subscribe(isStuck) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/prices`, { perMessageDeflate: false })
  socket.on('error', () => {})
  if (isStuck) socket.on('open', () => socket._socket.pause())
  return socket
}
const sockets = Array.from({ length: 12 }, () => subscribe(false))
run({
  before: [{ name: 'last', perSecond: 30, request: () => ({ path: '/last' }) }],
  onFault: () => {
    for (let i = 0; i < 12; i += 1) sockets.push(subscribe(true))
  },
  onEnd: () => {
    for (const socket of sockets) socket.terminate()
  },
})
