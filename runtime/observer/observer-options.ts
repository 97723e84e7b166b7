import { isIPv4 } from 'node:net'
import { checkKeys, checkNumber } from '../options.ts'
import { programTitle } from '../program-title.ts'
import type { TreeSource } from '../tree-event.ts'

/** What {@link startObserver} takes. */
export interface ObserverOptions {
  /** Address to listen on. Default `127.0.0.1`. Anything but loopback needs a `token`. */
  readonly host?: string
  /** Port to listen on. Default 0: any free one; see `url`. */
  readonly port?: number
  /** Secret that every request must show, as `Authorization: Bearer …` or `?token=…`. */
  readonly token?: string
  /** Other origins (`https://ops.example.com`) whose pages may use the observer. */
  readonly allowedOrigins?: readonly string[]
  /** Name of the program at the head of the page. Default: the file that this thread runs. */
  readonly title?: string
  /** Where the tree comes from. */
  readonly tree: TreeSource
  /** Topics by name; each function tells what there is now (a list of entries with an `id`, best). */
  readonly topics?: Readonly<Record<string, () => unknown>>
  /** WebSockets at a time; the next one is answered with 503. Default 50. */
  readonly maxClients?: number
  /** Published entries kept for each topic. Default 500. */
  readonly historyPerTopic?: number
  /** Differences are collected for so long before they are sent. Default 100. */
  readonly flushMs?: number
  /** Unsent bytes of one client beyond which its differences are dropped. Default 1 MiB. */
  readonly maxBufferedBytes?: number
  /** Time between pings; a client that is silent for two of them is dropped. Default 15000. */
  readonly heartbeatMs?: number
}

/** The options with every default filled in. */
export interface ObserverSettings {
  readonly host: string
  readonly port: number
  readonly token: string | undefined
  readonly allowedOrigins: readonly string[]
  readonly title: string
  readonly tree: TreeSource
  readonly topics: ReadonlyMap<string, () => unknown>
  readonly maxClients: number
  readonly historyPerTopic: number
  readonly flushMs: number
  readonly maxBufferedBytes: number
  readonly heartbeatMs: number
}

const KNOWN = [
  'host',
  'port',
  'token',
  'allowedOrigins',
  'title',
  'tree',
  'topics',
  'maxClients',
  'historyPerTopic',
  'flushMs',
  'maxBufferedBytes',
  'heartbeatMs',
]
const TOPIC_NAME = /^[a-z][a-z0-9_-]{0,63}$/
const MAX_TITLE = 200
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} An unknown or wrong option, or a host that others can reach without a token.
 * @throws {RangeError} A number out of bounds.
 */
export function checkObserverOptions(options: ObserverOptions): ObserverSettings {
  checkKeys('startObserver', options, KNOWN)
  const { host = '127.0.0.1', port = 0, token, allowedOrigins = [], tree, topics = {} } = options
  const { title = programTitle() } = options
  const { maxClients = 50, historyPerTopic = 500, flushMs = 100 } = options
  const { maxBufferedBytes = 1024 * 1024, heartbeatMs = 15_000 } = options
  checkInteger('port', port, 0, 65_535)
  checkInteger('maxClients', maxClients, 1, 10_000)
  checkInteger('historyPerTopic', historyPerTopic, 1, 10_000)
  checkInteger('flushMs', flushMs, 1, 60_000)
  checkInteger('maxBufferedBytes', maxBufferedBytes, 1024, 2 ** 30)
  checkInteger('heartbeatMs', heartbeatMs, 50, MAX_TIMER_MS)
  checkTitle(title)
  checkTree(tree)
  checkHostAndToken(host, token)
  return {
    host,
    port,
    token,
    allowedOrigins: checkOrigins(allowedOrigins),
    title,
    tree,
    topics: checkTopics(topics),
    maxClients,
    historyPerTopic,
    flushMs,
    maxBufferedBytes,
    heartbeatMs,
  }
}

function checkInteger(name: string, value: unknown, min: number, max: number): void {
  checkNumber(`startObserver: ${name}`, value, { min, max, integer: true })
}

function checkTitle(title: unknown): void {
  if (typeof title === 'string' && title.length > 0 && title.length <= MAX_TITLE) return
  throw new TypeError(`startObserver: title: expected a text of 1 to ${MAX_TITLE} characters.`)
}

function checkTree(tree: unknown): void {
  const fits =
    typeof tree === 'object' &&
    tree !== null &&
    'snapshot' in tree &&
    typeof tree.snapshot === 'function' &&
    'subscribe' in tree &&
    typeof tree.subscribe === 'function'
  if (fits) return
  throw new TypeError(
    'startObserver: tree: expected an object with snapshot() and subscribe(listener).',
  )
}

function checkHostAndToken(host: unknown, token: unknown): void {
  if (typeof host !== 'string' || host.length === 0) {
    throw new TypeError(
      "startObserver: host: expected an address or name such as '127.0.0.1', got nothing of the kind.",
    )
  }
  if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))) {
    throw new TypeError(
      'startObserver: token: expected a string of visible ASCII characters without spaces.',
    )
  }
  if (token !== undefined || isLoopback(host)) return
  throw new TypeError(
    `startObserver: host '${host}' can be reached by others, and no token is set. ` +
      "Set token to a long random string, or listen on '127.0.0.1'.",
  )
}

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

function checkOrigins(origins: unknown): readonly string[] {
  if (!Array.isArray(origins)) {
    throw new TypeError(
      "startObserver: allowedOrigins: expected a list like ['https://a.example'].",
    )
  }
  return origins.map((origin: unknown) => {
    const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined
    if (url && url.origin !== 'null' && (origin === url.origin || origin === `${url.origin}/`)) {
      return url.origin
    }
    throw new TypeError(
      `startObserver: allowedOrigins: expected origins like 'https://a.example:8443' (no path, no '*'), got '${String(origin)}'.`,
    )
  })
}

function checkTopics(topics: unknown): ReadonlyMap<string, () => unknown> {
  const checked = new Map<string, () => unknown>()
  if (typeof topics !== 'object' || topics === null || Array.isArray(topics)) {
    throw new TypeError(
      'startObserver: topics: expected functions by topic name, { insights: () => [...] }.',
    )
  }
  for (const [name, provider] of Object.entries(topics)) {
    if (!TOPIC_NAME.test(name) || typeof provider !== 'function') {
      throw new TypeError(
        `startObserver: topics: expected a lower-case name with a function, got '${name}': ${typeof provider}.`,
      )
    }
    checked.set(name, (): unknown => provider())
  }
  return checked
}
