/** The door's BroadcastChannel: requests of threads that are not of the runtime. */
import { BroadcastChannel } from 'node:worker_threads'
import {
  type ChannelReply,
  type ChannelRequest,
  clientChannelName,
  type DoorNews,
  type DoorRequest,
  doorChannelName,
} from '../client/protocol.ts'
import { isObject } from '../vocabulary/json.ts'
import { answerOf } from './reply-later.ts'

/** Clients whose channels are kept open; more are opened anew for each reply. */
const maxChannels = 64

export class ChannelDoor {
  readonly #answer: (request: DoorRequest) => Promise<unknown>
  readonly #channel = new BroadcastChannel(doorChannelName)
  readonly #clients = new Map<string, BroadcastChannel>()
  /** Requests that are being worked on: `<client> <id>`. A request that comes again is the same. */
  readonly #open = new Set<string>()
  #isClosed = false

  constructor(answer: (request: DoorRequest) => Promise<unknown>) {
    this.#answer = answer
    this.#channel.onmessage = (event: unknown) => {
      const request = requestOf(event)
      if (request !== undefined) this.#hear(request)
    }
    this.#channel.unref()
    this.#tell({ type: 'opened' })
  }

  /** Tells every client that waits, and closes. */
  close(): void {
    this.#isClosed = true
    this.#tell({ type: 'closed' })
    this.#channel.close()
    for (const channel of this.#clients.values()) channel.close()
    this.#clients.clear()
  }

  #hear(message: ChannelRequest): void {
    const { client, id } = message
    const key = `${client} ${id}`
    if (message.type === 'still') {
      return this.#reply(client, { type: this.#open.has(key) ? 'accepted' : 'unknown', id })
    }
    this.#reply(client, { type: 'accepted', id })
    if (this.#open.has(key)) return
    this.#open.add(key)
    void answerOf(() => this.#answer(message.request)).then((answer) => {
      this.#open.delete(key)
      this.#reply(client, { type: 'answer', id, answer })
    })
  }

  #tell(news: DoorNews): void {
    this.#channel.postMessage(news)
  }

  #reply(client: string, reply: ChannelReply): void {
    if (!this.#isClosed) this.#channelOf(client).postMessage(reply)
  }

  #channelOf(client: string): BroadcastChannel {
    const known = this.#clients.get(client)
    if (known !== undefined) return known
    for (const [oldest, channel] of this.#clients) {
      if (this.#clients.size < maxChannels) break
      channel.close()
      this.#clients.delete(oldest)
    }
    const channel = new BroadcastChannel(clientChannelName(client))
    channel.unref()
    this.#clients.set(client, channel)
    return channel
  }
}

/** Only clients of this package post here; anything else is ignored. */
function requestOf(event: unknown): ChannelRequest | undefined {
  const message: unknown = hasData(event) ? event.data : undefined
  return isChannelRequest(message) ? message : undefined
}

function hasData(event: unknown): event is { readonly data: unknown } {
  return typeof event === 'object' && event !== null && 'data' in event
}

function isChannelRequest(message: unknown): message is ChannelRequest {
  if (!isObject(message)) return false
  const { type, client, id, request } = message
  if (typeof client !== 'string' || typeof id !== 'number') return false
  return type === 'still' || (type === 'request' && isObject(request))
}
