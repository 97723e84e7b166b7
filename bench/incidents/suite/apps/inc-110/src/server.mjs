import { createServer } from 'node:http'
import { exportDocument } from './exports.mjs'

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://service')
  response.setHeader('content-type', 'application/json')
  if (url.pathname === '/healthz') return response.end('{"ok":true}')
  if (url.pathname === '/recent') return response.end('["a","b","c"]')
  const result = await exportDocument(url.searchParams.get('id'), url.searchParams.get('format'))
  return response.end(JSON.stringify(result))
}).listen(Number(process.env.PORT), '127.0.0.1')
