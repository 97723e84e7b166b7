'use strict'
const http = require('node:http')

let isStuck = false
http
  .createServer((request, response) => {
    if (request.method === 'POST') {
      isStuck = request.url === '/stick'
      return response.end()
    }
    if (isStuck) return undefined // takes the request and never answers
    setTimeout(() => response.end(JSON.stringify({ rate: 1.08 })), 6)
  })
  .listen(Number(process.env.DEP_PORT), '127.0.0.1', () => console.log('READY'))
