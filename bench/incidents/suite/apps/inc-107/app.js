'use strict'
const http = require('node:http')
const { Gateway } = require('./src/gateway')

const gateway = new Gateway(Number(process.env.DEP_PORT))
http
  .createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://service')
    response.setHeader('content-type', 'application/json')
    if (pathname === '/healthz') return response.end('{"ok":true}')
    if (pathname === '/status') return response.end(JSON.stringify({ online: gateway.isOnline }))
    const device = pathname.split('/')[2] ?? ''
    try {
      const reading = await gateway.read(device)
      return response.end(JSON.stringify(reading))
    } catch (error) {
      response.statusCode = 504
      return response.end(JSON.stringify({ error: error.message }))
    }
  })
  .listen(Number(process.env.PORT), '127.0.0.1')
