import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import type { JsonRecord } from '../json.ts'
import type { MainPart } from '../probe/main-part.ts'
import { CallerWindow } from './callers.ts'
import {
  type Exchange,
  type HttpThing,
  numberOr0,
  OpenExchanges,
  objectOf,
  unreadAnswer,
} from './exchange.ts'
import {
  inboundKey,
  observeClients,
  observeServer,
  sweepClients,
  sweepServer,
  type Traffic,
} from './observe.ts'
import { StatsBook } from './stats.ts'
import { StuckWindow } from './stuck-window.ts'
import { WriteWindow } from './writes.ts'

const TOP = 30
/** Characters of a handler's source by which it is found in its file. */
const SOURCE_CHARACTERS = 600
const MAX_FILES = 400

let inbound: Traffic = { open: new OpenExchanges(), stats: new StatsBook() }
let outbound: Traffic = { open: new OpenExchanges(), stats: new StatsBook() }
const callers = new CallerWindow()
const writes = new WriteWindow()
const stuck = new StuckWindow()
const now = performance.now.bind(performance)

/** Main's part of `http`: counts by route and host, and what is under way. */
export const httpMain: MainPart = {
  skill: 'http',
  install: () => {
    inbound = { open: new OpenExchanges(), stats: new StatsBook() }
    outbound = { open: new OpenExchanges(), stats: new StatsBook() }
    const stops = [observeServer(inbound), observeClients(outbound)]
    return () => {
      for (const stop of stops) stop()
      callers.end()
      writes.end()
      stuck.end()
    }
  },
  read: () => {
    sweepServer(inbound)
    sweepClients(outbound)
    return {
      inbound: readTraffic(inbound, inboundKey),
      outbound: readTraffic(outbound, ({ key }) => key ?? '?'),
      ...waitingBytes(),
    }
  },
  functions: {
    'http.oldest': { run: oldest },
    'http.openCallers': { run: openCallers },
    'http.beginCallers': { run: () => callers.begin() },
    'http.endCallers': { run: () => callers.end() },
    'http.beginWrites': { run: () => writes.begin() },
    'http.endWrites': { run: () => writes.end() },
    'http.beginStuck': { run: () => stuck.begin() },
    'http.endStuck': { run: () => stuck.end() },
  },
}

interface OpenCounts {
  open: number
  oldestMs: number
  /** Of outgoing ones: no headers yet; headers, but nobody reads the body. */
  waiting: number
  oldestWaitingMs: number
  unread: number
}

function readTraffic(
  { open, stats }: Traffic,
  keyOf: (exchange: Exchange) => string,
): JsonRecord[] {
  const openByKey = new Map<string, OpenCounts>()
  const at = now()
  for (const exchange of open.list()) {
    const key = keyOf(exchange)
    let counts = openByKey.get(key)
    if (counts === undefined) {
      counts = { open: 0, oldestMs: 0, waiting: 0, oldestWaitingMs: 0, unread: 0 }
      openByKey.set(key, counts)
    }
    addOpen(counts, exchange, at)
  }
  const rows = stats.entries().map(([key, counts]) => ({ key, ...counts, ...openByKey.get(key) }))
  const fresh = [...openByKey]
    .filter(([key]) => !rows.some((row) => row.key === key))
    .map(([key, counts]) => ({
      key,
      count: 0,
      errors: 0,
      refusals: 0,
      aborted: 0,
      buckets: [],
      ...counts,
    }))
  return [...rows, ...fresh]
    .sort((left, right) => right.count + (right.open ?? 0) - left.count - (left.open ?? 0))
    .slice(0, TOP)
    .map((row) => ({ ...row }))
}

function addOpen(counts: OpenCounts, exchange: Exchange, at: number): void {
  const ageMs = Math.round(at - exchange.startedAt)
  counts.open += 1
  counts.oldestMs = Math.max(counts.oldestMs, ageMs)
  if (!hasBegun(exchange)) {
    counts.waiting += 1
    counts.oldestWaitingMs = Math.max(counts.oldestWaitingMs, ageMs)
  } else if (
    exchange.response === undefined &&
    at - exchange.headersAt > 2000 &&
    unreadAnswer(exchange)
  )
    counts.unread += 1
}

/** The answer has begun: streams are open for long by design. */
function hasBegun({ headersAt, response }: Exchange): boolean {
  return headersAt !== 0 || response?.headersSent === true
}

/** Bytes written to clients that do not take them, over all responses under way. */
function waitingBytes(): JsonRecord {
  let bytes = 0
  let slowest = 0
  for (const { response } of inbound.open.list()) {
    const waiting = numberOr0(response?.writableLength)
    bytes += waiting
    slowest = Math.max(slowest, waiting)
  }
  return { waitingBytes: bytes, mostWaitingBytes: slowest }
}

/** Who sent the requests that are under way, where that is known; those with unread answers first. */
function openCallers(): JsonRecord[] {
  const rows = new Map<string, { host: string; stack: string; count: number; unread: number }>()
  for (const exchange of outbound.open.list()) {
    const { stack, key = '?' } = exchange
    if (stack === undefined || rows.size >= TOP) continue
    const row = rows.get(`${key}\n${stack}`) ?? { host: key, stack, count: 0, unread: 0 }
    rows.set(`${key}\n${stack}`, row)
    row.count += 1
    if (unreadAnswer(exchange)) row.unread += 1
  }
  return [...rows.values()].sort(
    (left, right) => right.unread - left.unread || right.count - left.count,
  )
}

/** The oldest requests under way, with the source of what handles them, and where sources are. */
function oldest(): JsonRecord {
  const rows: JsonRecord[] = []
  for (const exchange of inbound.open.list()) {
    if (rows.length >= 20) break
    rows.push({
      key: inboundKey(exchange),
      ageMs: Math.round(now() - exchange.startedAt),
      handler: handlerSource(exchange.request),
      hasHeaders: exchange.response?.headersSent === true,
    })
  }
  return { requests: rows, files: loadedFiles() }
}

/** Express keeps the route of a request; its last handler is the one that answers. Else the server's listener does. */
function handlerSource(request: HttpThing): string {
  const server = objectOf(objectOf(request.socket)?.server)
  const listener: unknown =
    server instanceof EventEmitter ? server.listeners('request')[0] : undefined
  const stack = objectOf(request.route)?.stack
  const layer: unknown = Array.isArray(stack) ? stack.at(-1) : undefined
  const handle: unknown =
    typeof layer === 'object' && layer !== null ? Reflect.get(layer, 'handle') : listener
  return typeof handle === 'function'
    ? Function.prototype.toString.call(handle).slice(0, SOURCE_CHARACTERS)
    : ''
}

/** CommonJS files of the application that are loaded. */
function loadedFiles(): string[] {
  const cache = createRequire(import.meta.url).cache
  return Object.keys(cache)
    .filter((file) => !/[\\/]node_modules[\\/]/.test(file))
    .slice(0, MAX_FILES)
}
