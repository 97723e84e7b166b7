import type { WebSocket } from 'ws'
import { applyEvents, type LiveState, stateOf, treeOf } from './apply-event.ts'
import { differencesText, LiveClient } from './live-client.ts'
import type { ObserverSettings } from './observer-options.ts'
import { PROTOCOL_VERSION, type Snapshot, type TopicEvent, type WireEvent } from './protocol.ts'
import type { TopicStore } from './topic-store.ts'
import { type TreeReader, wireEvent } from './tree-reader.ts'

/** Entries of a topic in a live snapshot, and kept by a live client. */
const LIVE_ITEMS_PER_TOPIC = 100
/** Differences that may wait for a flush; one more and it comes at once. */
const MAX_PENDING = 1000
/** Events that may come while the tree is read; more and it is read again. */
const MAX_EARLY = 20_000
const RETRY_MS = 1000
/** The tree is not read again more often than this because of updates of unknown processes. */
const RESYNC_MS = 2000

/** What is known of the tree: nothing yet (with the events so far), or all of it. */
type Mirror =
  | { readonly type: 'reading'; readonly early: WireEvent[] }
  | { readonly type: 'ready'; readonly state: LiveState }

/**
 * Feeds the live clients. While there is at least one, it is subscribed to the tree and keeps a
 * mirror of it, so that a client who joins or lags gets a snapshot that fits the numbering without
 * anybody being asked. While there is none, it does nothing at all.
 */
export class LiveFeed {
  readonly #settings: ObserverSettings
  readonly #reader: TreeReader
  readonly #topics: TopicStore
  readonly #clients = new Set<LiveClient>()
  #mirror: Mirror = { type: 'reading', early: [] }
  #unsubscribe: (() => void) | undefined
  #pending: WireEvent[] = []
  /** Where in `#pending` the update of a pid is, to be merged with the next one. */
  #updates = new Map<string, number>()
  #seq = 0
  #dropped = 0
  #resyncedAt = Number.NEGATIVE_INFINITY
  #flushTimer: NodeJS.Timeout | undefined
  #heartbeatTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined

  constructor(settings: ObserverSettings, reader: TreeReader, topics: TopicStore) {
    this.#settings = settings
    this.#reader = reader
    this.#topics = topics
  }

  get seq(): number {
    return this.#seq
  }

  stats(): { clients: number; bufferedBytes: number; droppedDifferences: number } {
    let bufferedBytes = 0
    let droppedDifferences = this.#dropped
    for (const client of this.#clients) {
      bufferedBytes += client.bufferedBytes
      droppedDifferences += client.dropped
    }
    return { clients: this.#clients.size, bufferedBytes, droppedDifferences }
  }

  add(socket: WebSocket): void {
    const client = new LiveClient(socket, {
      maxBufferedBytes: this.#settings.maxBufferedBytes,
      topicNames: this.#topics.names,
      onOwed: () => this.#schedule(),
    })
    socket.on('close', () => this.#remove(client))
    socket.on('error', () => client.terminate())
    this.#clients.add(client)
    client.send({
      version: PROTOCOL_VERSION,
      type: 'hello',
      server: {
        name: 'nodelens',
        node: process.version,
        pid: process.pid,
        title: this.#settings.title,
        startedAt: Math.round(Date.now() - process.uptime() * 1000),
      },
      topics: this.#topics.names,
      itemsPerTopic: LIVE_ITEMS_PER_TOPIC,
      heartbeatMs: this.#settings.heartbeatMs,
    })
    if (this.#unsubscribe === undefined && this.#retryTimer === undefined) this.#open()
    this.#flush()
  }

  /** Tells the clients of an entry that is in the store already. */
  publish(event: TopicEvent): void {
    if (this.#clients.size > 0) this.#collect(event)
  }

  /** Says goodbye to everybody, and cuts off whoever is still there after the grace. */
  async stop(graceMs: number): Promise<void> {
    for (const client of this.#clients) client.close(1001, 'the observer stops')
    const start = Date.now()
    while (this.#clients.size > 0 && Date.now() - start < graceMs) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    for (const client of this.#clients) client.terminate()
    this.#close()
  }

  #remove(client: LiveClient): void {
    if (!this.#clients.delete(client)) return
    this.#dropped += client.dropped
    if (this.#clients.size === 0) this.#close()
  }

  #open(): void {
    this.#heartbeatTimer ??= setInterval(() => {
      for (const client of this.#clients) client.ping()
    }, this.#settings.heartbeatMs).unref()
    const mirror: Mirror = { type: 'reading', early: [] }
    this.#mirror = mirror
    try {
      this.#unsubscribe = this.#settings.tree.subscribe((event) => this.#collect(wireEvent(event)))
    } catch (error) {
      return this.#giveUp(error)
    }
    if (this.#mirror !== mirror) return this.#detach() // given up within subscribe()
    this.#reader.readFresh().then(
      (tree) => {
        if (this.#mirror !== mirror) return
        const content = { tree, threads: [], topics: {} }
        const state = applyEvents(stateOf(content, LIVE_ITEMS_PER_TOPIC), mirror.early)
        this.#mirror = { type: 'ready', state }
        this.#flush()
      },
      (error: unknown) => {
        if (this.#mirror === mirror) this.#giveUp(error)
      },
    )
  }

  /** The tree could not be read: tells the clients and tries again soon. */
  #giveUp(error: unknown): void {
    this.#detach()
    const why = error instanceof Error ? error.message : String(error)
    const message = `The actor tree cannot be read: ${why} Trying again.`
    for (const client of this.#clients) {
      client.send({ version: PROTOCOL_VERSION, type: 'error', code: 'tree_unavailable', message })
    }
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined
      if (this.#clients.size > 0) this.#open()
    }, RETRY_MS).unref()
  }

  #detach(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#mirror = { type: 'reading', early: [] }
  }

  #close(): void {
    this.#detach()
    clearTimeout(this.#flushTimer)
    clearTimeout(this.#retryTimer)
    clearInterval(this.#heartbeatTimer)
    this.#flushTimer = undefined
    this.#retryTimer = undefined
    this.#heartbeatTimer = undefined
    this.#pending = []
    this.#updates.clear()
  }

  #collect(event: WireEvent): void {
    if (this.#mirror.type === 'reading') {
      if (event.type === 'topic') return // the snapshot will have it from the store
      this.#mirror.early.push(event)
      if (this.#mirror.early.length > MAX_EARLY) {
        this.#giveUp(new Error(`More than ${MAX_EARLY} changes came while it was read.`))
      }
      return
    }
    if (event.type === 'process-updated') this.#merge(event)
    else this.#pending.push(event)
    if (this.#pending.length >= MAX_PENDING) this.#flush()
    else this.#schedule()
  }

  /** Values are absolute, so that of many updates of one process only the last one counts. */
  #merge(event: Extract<WireEvent, { type: 'process-updated' }>): void {
    const index = this.#updates.get(event.pid)
    const older = index === undefined ? undefined : this.#pending[index]
    if (index !== undefined && older?.type === 'process-updated') {
      this.#pending[index] = { ...older, ...event }
      return
    }
    this.#updates.set(event.pid, this.#pending.length)
    this.#pending.push(event)
  }

  #schedule(): void {
    this.#flushTimer ??= setTimeout(() => this.#flush(), this.#settings.flushMs).unref()
  }

  #flush(): void {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    if (this.#mirror.type === 'reading') return
    const events = this.#pending
    this.#pending = []
    this.#updates.clear()
    if (events.length > 0) this.#send(events, this.#mirror.state)
    if (this.#hasMissed(events, this.#mirror.state)) return this.#resync()
    this.#settleOwed(this.#mirror.state)
  }

  #send(events: readonly WireEvent[], state: LiveState): void {
    const previous = this.#seq
    this.#seq += events.length
    const ofTree = events.filter((event) => event.type !== 'topic')
    if (ofTree.length > 0) {
      this.#mirror = { type: 'ready', state: applyEvents(state, ofTree) }
    }
    const part = { previous, seq: this.#seq, events }
    const batch = { ...part, text: differencesText(part) }
    for (const client of this.#clients) client.deliver(batch)
  }

  /** True if there are updates of a process of which neither start nor exit has been told. */
  #hasMissed(events: readonly WireEvent[], { processes }: LiveState): boolean {
    if (performance.now() - this.#resyncedAt < RESYNC_MS) return false
    const ended = new Set(
      events.map((event) => (event.type === 'process-exited' ? event.pid : undefined)),
    )
    return events.some(
      (event) =>
        event.type === 'process-updated' && !processes.has(event.pid) && !ended.has(event.pid),
    )
  }

  /** Begins anew with the tree; everybody gets a snapshot when it has been read. */
  #resync(): void {
    this.#resyncedAt = performance.now()
    for (const client of this.#clients) client.resync()
    this.#detach()
    this.#open()
  }

  #settleOwed(state: LiveState): void {
    const ready = [...this.#clients].filter((client) => client.canSettle)
    const snapshot = ready.length > 0 ? this.#snapshot(state) : undefined
    for (const client of ready) {
      this.#dropped += client.dropped
      if (snapshot) client.settle(snapshot)
    }
    // Who has no room yet is looked at again.
    if ([...this.#clients].some((client) => client.isOwed)) this.#schedule()
  }

  #snapshot(state: LiveState): Omit<Snapshot, 'cause'> {
    return {
      version: PROTOCOL_VERSION,
      type: 'snapshot',
      seq: this.#seq,
      at: Date.now(),
      tree: treeOf(state),
      threads: [...state.threads.values()],
      topics: this.#topics.all(LIVE_ITEMS_PER_TOPIC),
    }
  }
}
