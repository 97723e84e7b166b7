import { onChannels, part } from '../probe/channels.ts'
import { creationStack } from '../probe/creation-stack.ts'
import { type Exchange, numberOr0, type OpenExchanges, objectOf, textOr } from './exchange.ts'
import { routeKey } from './route.ts'
import type { StatsBook } from './stats.ts'

const now = performance.now.bind(performance)

/** What is kept of requests in one direction. */
export interface Traffic {
  readonly open: OpenExchanges
  readonly stats: StatsBook
}

/**
 * Watches requests that come in through `node:http` and `node:https`, which express, fastify, koa and
 * their like are made of.
 *
 * No listener is added to any response: what its client gave up is found by `sweepServer`.
 */
export function observeServer(traffic: Traffic): () => void {
  const { open, stats } = traffic
  return onChannels({
    'http.server.request.start': (message) => {
      const request = part(message, 'request')
      const response = part(message, 'response')
      if (request === undefined || response === undefined) return
      if (open.isDueForSweep) sweepServer(traffic)
      open.begin(response, { startedAt: now(), request, response, status: 0, headersAt: 0 })
    },
    'http.server.response.finish': (message) => {
      const response = part(message, 'response')
      const exchange = response === undefined ? undefined : open.end(response)
      if (exchange === undefined) return
      const status = numberOr0(objectOf(response)?.statusCode)
      stats.note(inboundKey(exchange), status, now() - exchange.startedAt, false)
    },
  })
}

/** Takes out the requests whose clients have gone before the answer was complete. */
export function sweepServer({ open, stats }: Traffic): void {
  for (const exchange of open.list()) {
    const { response } = exchange
    if (response === undefined || response.destroyed !== true) continue
    open.end(response)
    stats.note(inboundKey(exchange), 0, now() - exchange.startedAt, true)
  }
  open.swept()
}

/** Takes out the requests whose answers have been read to the end, or that were given up. */
export function sweepClients({ open, stats }: Traffic): void {
  for (const exchange of open.list()) {
    const { request, headersAt, isOver } = exchange
    const isRead = objectOf(request.res)?.complete === true
    const isGone = request.destroyed === true
    if (isOver !== true && !isRead && !isGone) continue
    open.end(request)
    // an answer was counted when it began, an error when it came
    if (headersAt === 0 && isOver !== true) finish(stats, exchange, true)
  }
  open.swept()
}

/** `GET /orders/:id`: express's own name of the route where there is one. */
export function inboundKey({ request }: Exchange): string {
  const { method, route, baseUrl, originalUrl, url } = request
  const verb = textOr(method, '?')
  const path = objectOf(route)?.path
  if (typeof path === 'string') return `${verb} ${textOr(baseUrl, '')}${path}`
  return routeKey(verb, textOr(originalUrl, textOr(url, '?')))
}

/** Watches requests that go out, by `node:http` and by undici, which is also `fetch`. */
export function observeClients(traffic: Traffic): () => void {
  const stops = [observeNodeClient(traffic), observeUndici(traffic)]
  return () => {
    for (const stop of stops) stop()
  }
}

function observeNodeClient(traffic: Traffic): () => void {
  const { open, stats } = traffic
  return onChannels({
    'http.client.request.start': (message) => {
      const request = part(message, 'request')
      if (request === undefined || open.find(request) !== undefined) return
      if (open.isDueForSweep) sweepClients(traffic)
      const key = hostOf(request)
      open.begin(request, { startedAt: now(), request, key, status: 0, headersAt: 0 })
    },
    'http.client.response.finish': (message) => {
      const request = part(message, 'request')
      const exchange = request === undefined ? undefined : open.find(request)
      if (exchange === undefined || exchange.headersAt !== 0) return
      exchange.headersAt = now()
      exchange.status = numberOr0(objectOf(part(message, 'response'))?.statusCode)
      finish(stats, exchange, false)
    },
    'http.client.request.error': (message) => {
      const request = part(message, 'request')
      const exchange = request === undefined ? undefined : open.find(request)
      if (exchange === undefined) return
      if (exchange.headersAt === 0) finish(stats, exchange, false)
      exchange.isOver = true
    },
  })
}

/** undici makes a request while its caller is on the stack; twenty a second are asked who that is. */
const STACK_EVERY_MS = 50

function observeUndici({ open, stats }: Traffic): () => void {
  let stackAt = Number.NEGATIVE_INFINITY
  const stackNow = (at: number): { stack?: string } => {
    if (at - stackAt < STACK_EVERY_MS) return {}
    stackAt = at
    const creation = creationStack()
    return creation.type === 'stack' && creation.text !== '' ? { stack: creation.text } : {}
  }
  const end = (message: unknown): void => {
    const request = part(message, 'request')
    const exchange = request === undefined ? undefined : open.end(request)
    if (exchange !== undefined) finish(stats, exchange, false)
  }
  return onChannels({
    'undici:request:create': (message) => {
      const request = part(message, 'request')
      if (request === undefined) return
      const key = String(objectOf(request)?.origin).replace(/^https?:\/\//, '')
      const startedAt = now()
      const exchange = { startedAt, request, key, status: 0, headersAt: 0, ...stackNow(startedAt) }
      open.begin(request, exchange)
    },
    'undici:request:headers': (message) => {
      const request = part(message, 'request')
      const exchange = request === undefined ? undefined : open.find(request)
      if (exchange === undefined) return
      exchange.headersAt = now()
      exchange.status = numberOr0(objectOf(part(message, 'response'))?.statusCode)
    },
    'undici:request:trailers': end,
    'undici:request:error': end,
  })
}

/** The latency of an upstream is the time to its headers: the rest depends on who reads. */
function finish(stats: StatsBook, exchange: Exchange, isAborted: boolean): void {
  const until = exchange.headersAt === 0 ? now() : exchange.headersAt
  stats.note(exchange.key ?? '?', exchange.status, until - exchange.startedAt, isAborted)
}

function hostOf(request: object): string {
  const read: unknown = Reflect.get(request, 'getHeader')
  const header: unknown =
    typeof read === 'function' ? Reflect.apply(read, request, ['host']) : undefined
  return typeof header === 'string' ? header : textOr(objectOf(request)?.host, '?')
}
