import { createServer, type Server } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import { RuntimeFailure } from '../errors.ts'
import { accessPolicy } from './access.ts'
import { answerRequest, type RouteSources } from './http-routes.ts'
import { LiveFeed } from './live-feed.ts'
import { upgradeHandler } from './live-socket.ts'
import { checkObserverOptions, type ObserverOptions } from './observer-options.ts'
import { TopicStore } from './topic-store.ts'
import { TreeReader } from './tree-reader.ts'

/** Connections beside the live ones: page loads, probes, programs that poll. */
const SPARE_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 30_000
/** How long `stop()` waits for clients to say goodbye. */
const STOP_GRACE_MS = 250

/** A running observer. */
export interface Observer {
  /** Where the page is, without the token: `http://127.0.0.1:4680/`. */
  readonly url: string
  readonly port: number
  /**
   * Shows an entry of a topic to everybody, now and later (up to `historyPerTopic`). An entry with
   * the `id` of an older one takes its place. Costs a copy while nobody looks.
   *
   * @throws {TypeError} The topic is not one of those that the observer was started with.
   */
  publish(topic: string, entry: unknown): void
  /** Clients, unsent bytes of all of them, and differences dropped because they read too slowly. */
  stats(): ObserverStats
  /** Closes all connections and the port within a quarter of a second; harmless when repeated. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface ObserverStats {
  readonly clients: number
  readonly bufferedBytes: number
  readonly droppedDifferences: number
}

/** The observer cannot listen where it was told to. */
export class ObserverFailed extends RuntimeFailure {
  constructor(message: string, cause: unknown) {
    super('ERR_OBSERVER_LISTEN', message, { cause })
  }
}

/**
 * Serves the actor tree and the topics over HTTP and WebSocket, with a page that draws them live.
 *
 * It never keeps the process alive: all of its handles are unref'd. It is subscribed to the tree
 * only while a live client is connected.
 *
 * @throws {TypeError} A wrong option; a host that others can reach without a token.
 * @throws {RangeError} A number out of bounds.
 * @throws {ObserverFailed} The port is in use, or the address is not one of this machine.
 */
export async function startObserver(options: ObserverOptions): Promise<Observer> {
  const settings = checkObserverOptions(options)
  const policy = accessPolicy(settings)
  const topics = new TopicStore(settings.topics, settings.historyPerTopic)
  const reader = new TreeReader(settings.tree)
  const feed = new LiveFeed(settings, reader, topics)
  const server = httpServer(
    { policy, reader, topics, seq: () => feed.seq },
    settings.maxClients + SPARE_CONNECTIONS,
  )
  const onUpgrade = upgradeHandler({
    policy,
    hasRoom: () => feed.stats().clients < settings.maxClients,
    onSocket: (socket) => feed.add(socket),
  })
  server.on('upgrade', onUpgrade)
  const sockets = trackSockets(server)
  const port = await listen(server, settings.host, settings.port)
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= stopAll(server, feed, sockets))
  return {
    url: `http://${isIPv6(settings.host) ? `[${settings.host}]` : settings.host}:${port}/`,
    port,
    publish: (topic, entry) => {
      if (!topics.has(topic)) throw unknownTopic(topic, topics.names)
      if (!stopping) feed.publish(topics.publish(topic, entry))
    },
    stats: () => feed.stats(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function httpServer(sources: RouteSources, maxConnections: number): Server {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      request.resume() // a body is of no use, but it must not stop the connection
      void answerRequest(request, response, sources)
    },
  )
  server.maxConnections = maxConnections
  server.setTimeout(IDLE_TIMEOUT_MS) // who does not read its answer must not hold it; ws takes it off
  return server
}

/** Upgraded sockets are no longer the server's: we must know them ourselves to close them. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    socket.unref()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return sockets
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // For good: a failed accept (no file descriptors left) must not be an uncaught error later.
    server.on('error', (error) => reject(listenFailure(error, host, port)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
    // Not before it listens would do: until then it must not keep the process alive either.
    server.unref()
  })
}

function listenFailure(error: Error, host: string, port: number): ObserverFailed {
  const code = 'code' in error ? String(error.code) : ''
  const where = `The observer cannot listen on ${host}:${port}`
  const advice: Record<string, string> = {
    EADDRINUSE: `the port is in use. Choose another port (0: any free one), or end the process that holds it (to find it: lsof -i :${port}).`,
    EACCES: 'the system does not allow it. Choose a port from 1024 up.',
    EADDRNOTAVAIL:
      "the address is not one of this machine. Use '127.0.0.1', or '0.0.0.0' with a token.",
    ENOTFOUND: "there is no such host name. Use '127.0.0.1', or an address of this machine.",
  }
  return new ObserverFailed(`${where}: ${advice[code] ?? error.message}`, error)
}

function unknownTopic(topic: string, names: readonly string[]): TypeError {
  const known = names.length > 0 ? names.join(', ') : '(none)'
  return new TypeError(
    `publish: there is no topic '${topic}'. Topics are named at startObserver({ topics }); known: ${known}.`,
  )
}

async function stopAll(
  server: Server,
  feed: LiveFeed,
  sockets: ReadonlySet<Socket>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  server.closeAllConnections()
  await feed.stop(STOP_GRACE_MS)
  for (const socket of sockets) socket.destroy()
  await closed
}
