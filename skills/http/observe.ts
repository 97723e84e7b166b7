import { EventEmitter } from 'node:events'
import { onChannels, part } from '../probe/channels.ts'
import { type Exchange, numberAt, type OpenExchanges, objectAt, textAt } from './exchange.ts'
import { routeOf } from './route.ts'
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
 * The listener of `close` is one for all responses. A response that the client did not wait for
 * closes unfinished.
 */
export function observeServer({ open, stats }: Traffic): () => void {
  function onClose(this: object): void {
    const exchange = open.end(this)
    if (exchange === undefined) return
    const isFinished = Reflect.get(this, 'writableFinished') === true
    const durationMs = now() - exchange.startedAt
    stats.note(inboundKey(exchange), numberAt(this, 'statusCode'), durationMs, !isFinished)
  }
  return onChannels({
    'http.server.request.start': (message) => {
      const request = part(message, 'request')
      const response = part(message, 'response')
      if (request === undefined || !(response instanceof EventEmitter)) return
      open.begin(response, { startedAt: now(), request, response, status: 0, headersAt: 0 })
      response.on('close', onClose)
    },
  })
}

/** `GET /orders/:id`: express's own name of the route where there is one. */
export function inboundKey({ request }: Exchange): string {
  const method = textAt(request, 'method') ?? '?'
  const route = textAt(objectAt(request, 'route'), 'path')
  if (route !== undefined) return `${method} ${(textAt(request, 'baseUrl') ?? '') + route}`
  return `${method} ${routeOf(textAt(request, 'originalUrl') ?? textAt(request, 'url') ?? '?')}`
}

/** Watches requests that go out, by `node:http` and by undici, which is also `fetch`. */
export function observeClients(traffic: Traffic): () => void {
  const stops = [observeNodeClient(traffic), observeUndici(traffic)]
  return () => {
    for (const stop of stops) stop()
  }
}

function observeNodeClient({ open, stats }: Traffic): () => void {
  function onClose(this: object): void {
    const exchange = open.end(this)
    if (exchange !== undefined) finish(stats, exchange, Reflect.get(this, 'aborted') === true)
  }
  return onChannels({
    'http.client.request.start': (message) => {
      const request = part(message, 'request')
      if (!(request instanceof EventEmitter) || open.find(request) !== undefined) return
      const key = hostOf(request)
      open.begin(request, { startedAt: now(), request, key, status: 0, headersAt: 0 })
      request.on('close', onClose)
    },
    'http.client.response.finish': (message) => {
      const request = part(message, 'request')
      const exchange = request === undefined ? undefined : open.find(request)
      if (exchange === undefined) return
      exchange.headersAt = now()
      exchange.status = numberAt(part(message, 'response'), 'statusCode')
    },
  })
}

function observeUndici({ open, stats }: Traffic): () => void {
  const end = (message: unknown): void => {
    const request = part(message, 'request')
    const exchange = request === undefined ? undefined : open.end(request)
    if (exchange !== undefined) finish(stats, exchange, false)
  }
  return onChannels({
    'undici:request:create': (message) => {
      const request = part(message, 'request')
      if (request === undefined) return
      const origin = textAt(request, 'origin') ?? String(Reflect.get(request, 'origin'))
      const key = origin.replace(/^https?:\/\//, '')
      open.begin(request, { startedAt: now(), request, key, status: 0, headersAt: 0 })
    },
    'undici:request:headers': (message) => {
      const request = part(message, 'request')
      const exchange = request === undefined ? undefined : open.find(request)
      if (exchange === undefined) return
      exchange.headersAt = now()
      exchange.status = numberAt(part(message, 'response'), 'statusCode')
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
  return typeof header === 'string' ? header : (textAt(request, 'host') ?? '?')
}
