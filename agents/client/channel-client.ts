/**
 * The client for threads that are not of the runtime: the application's own workers. It talks to the
 * root thread over a BroadcastChannel, so it works while main is blocked. Every request settles:
 * by its answer, by time, by its signal, by the end of nodelens, or because nobody answers.
 */
import { randomUUID } from 'node:crypto'
import { BroadcastChannel } from 'node:worker_threads'
import { ClientTimeout, LensNotRunning, LensStopped } from '../errors.ts'
import { isObject } from '../vocabulary/json.ts'
import {
  type ChannelRequest,
  clientChannelName,
  type DoorRequest,
  doorChannelName,
} from './protocol.ts'

/** Until the door has accepted a request it is posted again at this pace: nodelens may be starting. */
const repostMs = 250
/** A request that nobody accepts within this time fails; the root thread answers in a millisecond. */
const acceptMs = 5_000
/** At this pace the door is asked whether it still works on a request, and so long it may be silent. */
const stillMs = 2_000
const silenceMs = 15_000

interface Pending {
  readonly what: string
  readonly request: DoorRequest
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
  readonly timers: NodeJS.Timeout[]
  accepted: boolean
  heardAt: number
}

interface AskOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

let shared: ChannelClient | undefined

/** This thread's client; its channels are opened at the first request and closed after the last. */
export function channelClient(): ChannelClient {
  shared ??= new ChannelClient()
  return shared
}

export class ChannelClient {
  readonly #client = randomUUID()
  readonly #pending = new Map<number, Pending>()
  #channels: { readonly door: BroadcastChannel; readonly own: BroadcastChannel } | undefined
  #serial = 0

  ask(what: string, request: DoorRequest, { timeoutMs, signal }: AskOptions): Promise<unknown> {
    const id = ++this.#serial
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#settle(id, () => reject(signal?.reason))
      const release = (): void => signal?.removeEventListener('abort', onAbort)
      signal?.addEventListener('abort', onAbort, { once: true })
      const pending: Pending = {
        what,
        request,
        resolve: (answer) => {
          release()
          resolve(answer)
        },
        reject: (error) => {
          release()
          reject(error)
        },
        timers: [],
        accepted: false,
        heardAt: Date.now(),
      }
      this.#pending.set(id, pending)
      this.#open()
      this.#arm(id, pending, timeoutMs)
      this.#post(id, pending)
    })
  }

  #arm(id: number, pending: Pending, timeoutMs: number): void {
    const { what, timers, reject } = pending
    timers.push(
      setTimeout(
        () => this.#settle(id, () => reject(new ClientTimeout(what, timeoutMs))),
        timeoutMs,
      ),
      setInterval(() => this.#lookAfter(id, pending), repostMs),
    )
  }

  /** Posts again what nobody accepted, and gives up on a door that says nothing any more. */
  #lookAfter(id: number, pending: Pending): void {
    const silentMs = Date.now() - pending.heardAt
    const { what, reject } = pending
    if (!pending.accepted) {
      if (silentMs > acceptMs) return this.#settle(id, () => reject(new LensNotRunning(what)))
      return this.#post(id, pending)
    }
    if (silentMs > silenceMs) return this.#settle(id, () => reject(new LensStopped(what)))
    if (silentMs > stillMs) this.#send({ type: 'still', client: this.#client, id })
  }

  #post(id: number, { request }: Pending): void {
    this.#send({ type: 'request', client: this.#client, id, request })
  }

  #send(request: ChannelRequest): void {
    this.#channels?.door.postMessage(request)
  }

  #hear(reply: unknown): void {
    if (!isObject(reply) || typeof reply['id'] !== 'number') return
    const pending = this.#pending.get(reply['id'])
    if (pending === undefined) return
    pending.heardAt = Date.now()
    const { what, resolve, reject } = pending
    if (reply['type'] === 'accepted') pending.accepted = true
    else if (reply['type'] === 'answer') {
      this.#settle(reply['id'], () => resolve(reply['answer']))
    } else if (reply['type'] === 'unknown') {
      // The door was restarted and knows nothing of the request; runs are known by their ids.
      pending.accepted = false
      if (!isRepeatable(pending.request)) {
        this.#settle(reply['id'], () => reject(new LensStopped(what)))
      }
    }
  }

  #hearNews(news: unknown): void {
    if (!isObject(news) || news['type'] !== 'closed') return
    for (const [id, { what, reject, accepted }] of this.#pending) {
      if (accepted) this.#settle(id, () => reject(new LensStopped(what)))
    }
  }

  #settle(id: number, conclude: () => void): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    for (const timer of pending.timers) clearTimeout(timer)
    if (this.#pending.size === 0) this.#close()
    conclude()
  }

  #open(): void {
    if (this.#channels !== undefined) return
    const door = new BroadcastChannel(doorChannelName)
    const own = new BroadcastChannel(clientChannelName(this.#client))
    door.onmessage = (event: unknown) => this.#hearNews(dataOf(event))
    own.onmessage = (event: unknown) => this.#hear(dataOf(event))
    this.#channels = { door, own }
  }

  /** Without a pending request nothing is left that could keep the thread alive. */
  #close(): void {
    this.#channels?.door.close()
    this.#channels?.own.close()
    this.#channels = undefined
  }
}

function isRepeatable(request: DoorRequest): boolean {
  return request.type !== 'operator-message'
}

function dataOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'data' in event ? event.data : undefined
}
