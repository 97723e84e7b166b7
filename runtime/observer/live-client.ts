import type { WebSocket } from 'ws'
import { type ClientMessage, parseClientMessage } from './client-message.ts'
import { type Frame, PROTOCOL_VERSION, type Snapshot, type WireEvent } from './protocol.ts'

/** Differences that belong together, with the numbers of the first and the last. */
export interface Batch {
  /** The last number before these. */
  readonly previous: number
  readonly seq: number
  readonly events: readonly WireEvent[]
  /** The frame for a client that has seen everything and wants everything; made once. */
  readonly text: string
}

/** What a client may be told. */
interface Interest {
  readonly tree: boolean
  /** `undefined`: all. */
  readonly topics: ReadonlySet<string> | undefined
}

type Mode =
  | { readonly type: 'live' }
  | { readonly type: 'paused' }
  /** The next thing that it gets is a snapshot, once there is room. */
  | { readonly type: 'owed'; readonly cause: Snapshot['cause'] }

const MAX_BAD_MESSAGES = 20
const POLICY_VIOLATION = 1008

/** What a client needs of whoever feeds it. */
export interface LiveClientHost {
  readonly maxBufferedBytes: number
  readonly topicNames: readonly string[]
  /** The client is owed a snapshot. */
  onOwed(): void
}

/**
 * One WebSocket. It is live (gets differences), paused (gets nothing), or owed a snapshot: at
 * first, after a pause, and when it read too slowly. Nothing is queued for it here: what does not
 * fit into the socket's bounded buffer is dropped, and the snapshot makes up for it.
 */
export class LiveClient {
  readonly #socket: WebSocket
  readonly #host: LiveClientHost
  #mode: Mode = { type: 'owed', cause: 'connected' }
  #interest: Interest = { tree: true, topics: undefined }
  #seq = 0
  #dropped = 0
  #badMessages = 0
  #isAnswering = true

  constructor(socket: WebSocket, host: LiveClientHost) {
    this.#socket = socket
    this.#host = host
    socket.on('message', (data, isBinary) => {
      this.#isAnswering = true
      this.#hear(!isBinary && Buffer.isBuffer(data) ? data.toString() : undefined)
    })
    socket.on('pong', () => {
      this.#isAnswering = true
    })
  }

  get isOwed(): boolean {
    return this.#mode.type === 'owed'
  }

  /** True if it is owed a snapshot and has read most of what went before. */
  get canSettle(): boolean {
    return this.isOwed && this.bufferedBytes <= this.#host.maxBufferedBytes / 4
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** Differences dropped since the last snapshot. */
  get dropped(): number {
    return this.#dropped
  }

  /** Sends a frame that is not a difference, unless the client is too far behind for it. */
  send(frame: Frame): void {
    if (this.bufferedBytes <= this.#host.maxBufferedBytes) this.#write(JSON.stringify(frame))
  }

  /** Sends the differences, or drops them if the client has no room or no use for them. */
  deliver(batch: Batch): void {
    if (this.#mode.type === 'paused') return
    if (this.#mode.type === 'live' && this.bufferedBytes > this.#host.maxBufferedBytes) {
      this.#owe('lagging')
    }
    if (this.#mode.type === 'owed') {
      if (this.#mode.cause === 'lagging') this.#dropped += batch.events.length
      return
    }
    const { tree, topics } = this.#interest
    const wantsAll = tree && topics === undefined
    if (wantsAll && this.#seq === batch.previous) {
      this.#write(batch.text)
    } else {
      const events = batch.events.filter((event) => this.#wants(event))
      if (events.length === 0) return
      const { seq } = batch
      this.#write(differencesText({ previous: this.#seq, seq, events }))
    }
    this.#seq = batch.seq
  }

  /** Sends the snapshot that the client is owed, if it can settle. */
  settle(snapshot: Omit<Snapshot, 'cause'>): void {
    if (this.#mode.type !== 'owed' || !this.canSettle) return
    const { cause } = this.#mode
    const version = PROTOCOL_VERSION
    if (cause === 'lagging') {
      this.send({ version, type: 'lagging', at: Date.now(), dropped: this.#dropped })
    }
    this.#write(JSON.stringify({ ...this.#filtered(snapshot), cause }))
    this.#mode = { type: 'live' }
    this.#seq = snapshot.seq
    this.#dropped = 0
  }

  /** What the client was told may be wrong: a snapshot is to put it right. */
  resync(): void {
    if (this.#mode.type === 'live') this.#owe('resync')
  }

  /** Asks for a sign of life; ends a client that gave none since it was asked last. */
  ping(): void {
    if (!this.#isAnswering) return this.terminate()
    this.#isAnswering = false
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#socket.ping()
    this.send({ version: PROTOCOL_VERSION, type: 'ping', at: Date.now() })
  }

  /** Says goodbye; whoever does not answer is cut off by {@link terminate}. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #write(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text, ignoreFailure)
  }

  #hear(text: string | undefined): void {
    const parsed =
      text === undefined
        ? { ok: false as const, error: 'Binary frames are not understood; send JSON as text.' }
        : parseClientMessage(text)
    if (!parsed.ok) return this.#refuse('bad_message', parsed.error)
    this.#obey(parsed.message)
  }

  #obey(message: ClientMessage): void {
    switch (message.type) {
      case 'pause':
        this.#mode = { type: 'paused' }
        return
      case 'resume':
        if (this.#mode.type === 'paused') this.#owe('resumed')
        return
      case 'pong':
        return
      case 'subscribe':
        this.#subscribe(message)
        return
    }
  }

  #subscribe(message: Extract<ClientMessage, { type: 'subscribe' }>): void {
    const { tree = this.#interest.tree, topics } = message
    const known = this.#host.topicNames
    const unknown = topics?.find((name) => !known.includes(name))
    if (unknown !== undefined) {
      const names = known.length > 0 ? known.join(', ') : '(none)'
      return this.#refuse('unknown_topic', `There is no topic '${unknown}'. Topics: ${names}.`)
    }
    this.#interest = { tree, topics: topics ? new Set(topics) : this.#interest.topics }
    if (this.#mode.type === 'live') this.#owe('subscribed')
  }

  #refuse(code: string, message: string): void {
    this.#badMessages += 1
    if (this.#badMessages > MAX_BAD_MESSAGES) {
      return this.close(POLICY_VIOLATION, 'too many messages that could not be understood')
    }
    this.send({ version: PROTOCOL_VERSION, type: 'error', code, message })
  }

  #owe(cause: Snapshot['cause']): void {
    this.#mode = { type: 'owed', cause }
    this.#host.onOwed()
  }

  #wants(event: WireEvent): boolean {
    const { tree, topics } = this.#interest
    if (event.type !== 'topic') return tree
    return topics === undefined || topics.has(event.topic)
  }

  #filtered(snapshot: Omit<Snapshot, 'cause'>): Omit<Snapshot, 'cause'> {
    const { tree, topics } = this.#interest
    const entries = Object.entries(snapshot.topics)
    return {
      ...snapshot,
      ...(tree ? {} : { tree: [], threads: [] }),
      topics: topics
        ? Object.fromEntries(entries.filter(([name]) => topics.has(name)))
        : snapshot.topics,
    }
  }
}

/** The frame of some differences. */
export function differencesText(part: Omit<Batch, 'text'>): string {
  return JSON.stringify({ version: PROTOCOL_VERSION, type: 'differences', ...part })
}

/** A failed send is followed by 'close', which is where it is dealt with. */
function ignoreFailure(): void {}
