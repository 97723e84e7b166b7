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

/**
 * Every two seconds a client asks whether its request is still worked on. One that has not for so
 * long, milliseconds, is taken for dead, or so busy that it waits for nothing. It may come again.
 */
export const clientSilenceMs = 30_000
const lookMs = 5_000

/** Clients whose channels are kept open; more are opened anew for each reply. */
const maxChannels = 64

/** `gone` aborts when the client is heard of no more. */
type AnswerRequest = (request: DoorRequest, gone: AbortSignal) => Promise<unknown>

export class ChannelDoor {
  readonly #answer: AnswerRequest
  readonly #channel = new BroadcastChannel(doorChannelName)
  readonly #clients = new Map<string, BroadcastChannel>()
  /** Requests that are being worked on: `<client> <id>`. A request that comes again is the same. */
  readonly #open = new Map<string, { readonly gone: AbortController; heardAt: number }>()
  #isClosed = false

  readonly #look: NodeJS.Timeout
  readonly #silenceMs: number

  constructor(answer: AnswerRequest, { silenceMs = clientSilenceMs } = {}) {
    this.#answer = answer
    this.#silenceMs = silenceMs
    this.#look = setInterval(() => this.#lookAfterClients(), Math.min(lookMs, silenceMs))
    this.#look.unref()
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
    clearInterval(this.#look)
    this.#tell({ type: 'closed' })
    this.#channel.close()
    for (const channel of this.#clients.values()) channel.close()
    this.#clients.clear()
  }

  #hear(message: ChannelRequest): void {
    const { client, id } = message
    const key = `${client} ${id}`
    const open = this.#open.get(key)
    if (open !== undefined) open.heardAt = Date.now()
    if (message.type === 'still') {
      return this.#reply(client, { type: open === undefined ? 'unknown' : 'accepted', id })
    }
    this.#reply(client, { type: 'accepted', id })
    if (open !== undefined) return
    const gone = new AbortController()
    this.#open.set(key, { gone, heardAt: Date.now() })
    void answerOf(() => this.#answer(message.request, gone.signal)).then((answer) => {
      this.#open.delete(key)
      this.#reply(client, { type: 'answer', id, answer })
    })
  }

  #lookAfterClients(): void {
    const longAgo = Date.now() - this.#silenceMs
    for (const { gone, heardAt } of this.#open.values()) if (heardAt < longAgo) gone.abort()
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
