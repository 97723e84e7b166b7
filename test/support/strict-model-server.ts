/**
 * A strict stand-in for the HTTP interfaces of the model providers, written from their documents and
 * not from our clients: it checks method, path, sign-in, roles, parameters and schemas as the
 * services do, answers by a script in the dialect that it was asked in, and can fail in all the
 * ways that a service can.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createServer2, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { answerBadly, type BadAnswer } from './bad-answers.ts'
import { type Dialect, dialects, type Refusal } from './strict-model-dialects.ts'

/** One scripted answer, whatever the dialect. */
export type ModelServerAnswer =
  | {
      readonly type: 'text'
      readonly text: string
      readonly finish?: 'stop' | 'length' | 'refusal' | 'odd'
      /** The server counts nothing. */
      readonly uncounted?: boolean
    }
  | ({ readonly type: 'error' } & Refusal)
  | { readonly type: 'json'; readonly body: unknown }
  | { readonly type: 'redirect'; readonly location: string }
  | BadAnswer

export interface ModelServerRequest {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  // Tests look into bodies of five shapes.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
  /** Why it was refused before the script was asked; undefined: it was not. */
  readonly refusal: string | undefined
}

export interface StrictModelServer {
  readonly origin: string
  readonly requests: ModelServerRequest[]
  /** Resolves when the n-th request (from 1) has arrived. */
  arrived(n: number): Promise<void>
  /** Resolves when a client has closed its connection before an answer. */
  readonly abandoned: Promise<void>
  stop(): Promise<void>
}

/** The only key that is taken. */
export const strictKey = 'test-key-0123456789'

/** Answers in the order of the script; the last answer repeats. `http2`: without TLS. */
export async function strictModelServer(
  script: readonly ModelServerAnswer[],
  { http2 = false }: { readonly http2?: boolean } = {},
): Promise<StrictModelServer> {
  const requests: ModelServerRequest[] = []
  const waiters: { n: number; resolve: () => void }[] = []
  let used = 0
  let tellAbandoned = () => {}
  const abandoned = new Promise<void>((resolve) => (tellAbandoned = resolve))
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    response.on('close', () => response.writableEnded || tellAbandoned())
    void read(request).then((text) => {
      const dialect = dialects.find(({ path }) => path.test(request.url ?? ''))
      const body = parse(text)
      const refusal = refusalOf(request, body, dialect)
      const { url = '', headers } = request
      requests.push({ url, headers, body, refusal: refusal?.message })
      for (const { n, resolve } of waiters) if (requests.length >= n) resolve()
      if (refusal !== undefined || dialect === undefined)
        return refuse(response, dialect, refusal ?? { status: 404, message: 'Not found' })
      send(response, dialect, script[Math.min(used, script.length - 1)] ?? { type: 'hang' })
      used += 1
    })
  }
  const server = http2 ? server2(handle) : createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    abandoned,
    arrived: (n) =>
      requests.length >= n
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push({ n, resolve })),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The same over HTTP/2: Node's request and response have the same members there. */
function server2(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer2((request, response) => {
    handle(request as unknown as IncomingMessage, response as unknown as ServerResponse)
  })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  const closeAllConnections = () => {
    for (const session of sessions) session.destroy()
  }
  return Object.assign(server, { closeAllConnections })
}

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) text += chunk
  return text
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusalOf(
  request: IncomingMessage,
  body: unknown,
  dialect: Dialect | undefined,
): Refusal | undefined {
  if (dialect === undefined || request.method !== 'POST')
    return { status: 404, message: `Unknown request URL: ${request.method} ${request.url}` }
  if (request.headers['content-type'] !== 'application/json')
    return { status: 415, message: 'Unsupported content type; expected application/json' }
  if (!dialect.isSignedIn(request.headers, strictKey)) return dialect.wrongKey
  if (typeof body !== 'object' || body === null)
    return { status: 400, message: 'We could not parse the JSON body of your request.' }
  return dialect.check(body, request)
}

function refuse(response: ServerResponse, dialect: Dialect | undefined, refusal: Refusal): void {
  response.writeHead(refusal.status, { 'content-type': 'application/json', ...refusal.headers })
  response.end(JSON.stringify(dialect?.errorBody(refusal) ?? { error: refusal.message }))
}

function send(response: ServerResponse, dialect: Dialect, answer: ModelServerAnswer): void {
  const whole = (status: number, body: string, contentType = 'application/json') => {
    response.writeHead(status, { 'content-type': contentType })
    response.end(body)
  }
  switch (answer.type) {
    case 'text':
      return whole(200, JSON.stringify(dialect.answerBody(answer)))
    case 'error':
      return refuse(response, dialect, answer)
    case 'json':
      return whole(200, JSON.stringify(answer.body))
    case 'redirect':
      response.writeHead(307, { location: answer.location })
      response.end()
      return
    case 'raw':
    case 'hang':
    case 'endless':
    case 'reset':
      answerBadly(response, answer)
  }
}
