import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { AccessPolicy } from './access.ts'
import { problem, refusalOf, targetOf } from './http-routes.ts'

/** A client's message is short; a longer one ends the connection with code 1009. */
const MAX_PAYLOAD_BYTES = 16 * 1024
/** How long a peer may take to close after it was told to. */
const CLOSE_TIMEOUT_MS = 2000

/** Decides about upgrades and makes WebSockets of those that may. */
export interface LiveSocketOptions {
  readonly policy: AccessPolicy
  /** True while one more client may come. */
  readonly hasRoom: () => boolean
  readonly onSocket: (socket: WebSocket) => void
}

/** The handler of the HTTP server's `upgrade` events. */
export function upgradeHandler(
  options: LiveSocketOptions,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const settings = {
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS, // since ws 8.19; without it 30 s
  }
  const server = new WebSocketServer(settings)
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refusal = upgradeRefusal(request, options)
    if (refusal) return refuse(socket, refusal)
    server.handleUpgrade(request, socket, head, (webSocket) => options.onSocket(webSocket))
  }
}

interface UpgradeRefusal {
  readonly status: number
  readonly body: string
}

function upgradeRefusal(
  request: IncomingMessage,
  { policy, hasRoom }: LiveSocketOptions,
): UpgradeRefusal | undefined {
  const url = targetOf(request)
  if (!url) return problem(400, 'bad_target', 'The request target is no path.')
  const refusal = refusalOf(request, url, policy)
  if (refusal) return problem(refusal.status, refusal.code, refusal.message)
  if (url.pathname !== '/api/v1/live') {
    return problem(404, 'not_found', 'The WebSocket is at /api/v1/live.')
  }
  if (hasRoom()) return undefined
  return problem(503, 'too_many_clients', 'All places for live clients are taken; try again later.')
}

function refuse(socket: Duplex, { status, body }: UpgradeRefusal): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n` +
      'Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n' +
      'Content-Type: application/json; charset=utf-8\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
