import { createServer } from 'node:http'
import { isEnabled } from './flags.mjs'

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://service')
  response.setHeader('content-type', 'application/json')
  if (pathname === '/healthz') return response.end('{"ok":true}')
  if (pathname === '/menu') return response.end(JSON.stringify(['home', 'search', 'account']))
  const [, kind, flag] = pathname.split('/')
  if (kind !== 'feature') {
    response.statusCode = 404
    return response.end('{}')
  }
  try {
    return response.end(JSON.stringify({ flag, enabled: await isEnabled(flag) }))
  } catch (error) {
    response.statusCode = 502
    return response.end(JSON.stringify({ error: error.message }))
  }
}).listen(Number(process.env.PORT), '127.0.0.1')
