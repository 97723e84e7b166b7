'use strict'
const http = require('node:http')

let isDown = false
http
  .createServer((request, response) => {
    if (request.method === 'POST') {
      isDown = true
      return response.end()
    }
    response.statusCode = isDown ? 503 : 200
    return response.end(JSON.stringify(isDown ? { error: 'overloaded' } : { state: 'on its way' }))
  })
  .listen(Number(process.env.DEP_PORT), '127.0.0.1', () => console.log('READY'))
