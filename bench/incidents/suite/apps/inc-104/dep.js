'use strict'
const http = require('node:http')

const notFound = `<html><body>${'<p>There is no such flag; see the list of all flags.</p>'.repeat(6000)}</body></html>`
http
  .createServer((request, response) => {
    if (request.url.startsWith('/flags/new-')) {
      return response.end(JSON.stringify({ enabled: true }))
    }
    response.statusCode = 404
    return response.end(notFound)
  })
  .listen(Number(process.env.DEP_PORT), '127.0.0.1', () => console.log('READY'))
