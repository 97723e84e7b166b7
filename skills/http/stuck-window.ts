import { type AsyncHook, AsyncLocalStorage, createHook } from 'node:async_hooks'
import type { JsonRecord } from '../json.ts'
import { onChannels, part } from '../probe/channels.ts'
import { stackOfMoment } from '../probe/creation-stack.ts'
import { type HttpThing, objectOf } from './exchange.ts'
import { inboundKey } from './observe.ts'

interface Followed {
  readonly startedAt: number
  readonly request: HttpThing & object
  readonly response: HttpThing & object
  /** Stacks of promises that have not settled, in the order in which they were made. */
  readonly open: Map<number, string>
}

const MAX_REQUESTS = 24
const MAX_KEYS = 100
const MAX_STACKS = 600
const MAX_OPEN = 60
const SENT = { requests: 12, stacks: 16 }
const MOST_MS = 10_000
const now = performance.now.bind(performance)

/**
 * For a short time, follows requests that come in through every promise they make, and gives the places of
 * those that never settled: what a request that hangs is waiting for.
 *
 * Promise hooks slow promises down while they are on, so this is opened only when requests hang, for two
 * dozen of them at a time, and 600 stacks at most.
 */
export class StuckWindow {
  #storage = new AsyncLocalStorage<Followed>()
  #followed: Followed[] = []
  #seen = new Map<string, number>()
  #owners = new Map<number, Followed>()
  #stacks = 0
  #stop: (() => void) | undefined

  begin(): null {
    this.#stop?.()
    this.#storage = new AsyncLocalStorage()
    this.#followed = []
    this.#seen = new Map()
    this.#owners = new Map()
    this.#stacks = 0
    const hook = this.#hook().enable()
    const stopListening = onChannels({
      'http.server.request.start': (message) => this.#follow(message),
    })
    const timer = setTimeout(() => this.#stop?.(), MOST_MS)
    timer.unref()
    this.#stop = () => {
      clearTimeout(timer)
      stopListening()
      hook.disable()
      this.#storage.disable()
      this.#stop = undefined
    }
    return null
  }

  /** Ends the window: the requests that it saw begin and that have no answer, the oldest first. */
  end(): JsonRecord {
    this.#stop?.()
    const at = now()
    const stuck = this.#followed.filter(({ response }) => !hasAnswer(response))
    const rows = stuck.slice(0, SENT.requests).map(({ startedAt, request, open }) => ({
      key: keyOf(request),
      seen: this.#seen.get(keyOf(request)) ?? 1,
      ageMs: Math.round(at - startedAt),
      stacks: [...open.values()].slice(-SENT.stacks),
    }))
    this.#followed = []
    this.#owners = new Map()
    return { stuck: rows }
  }

  #follow(message: unknown): void {
    const request = part(message, 'request')
    const response = part(message, 'response')
    if (request === undefined || response === undefined) return
    if (this.#followed.length >= MAX_REQUESTS) this.#letGo()
    if (this.#followed.length >= MAX_REQUESTS) return
    const key = keyOf(request)
    if (this.#seen.size < MAX_KEYS) this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1)
    const followed: Followed = { startedAt: now(), request, response, open: new Map() }
    this.#followed.push(followed)
    this.#storage.enterWith(followed)
  }

  /** Those that have their answer make room. */
  #letGo(): void {
    for (const { open, response } of this.#followed) {
      if (hasAnswer(response)) for (const id of open.keys()) this.#owners.delete(id)
    }
    this.#followed = this.#followed.filter(({ response }) => !hasAnswer(response))
  }

  #hook(): AsyncHook {
    const settle = (id: number): void => {
      this.#owners.get(id)?.open.delete(id)
      this.#owners.delete(id)
    }
    return createHook({
      init: (id, type) => {
        if (type === 'PROMISE') this.#note(id)
      },
      // what follows an `await` runs in the promise that was made for it, which is never resolved itself
      before: settle,
      promiseResolve: settle,
    })
  }

  #note(id: number): void {
    const followed = this.#storage.getStore()
    if (followed === undefined || this.#stacks >= MAX_STACKS) return
    if (followed.open.size >= MAX_OPEN) return
    this.#stacks += 1
    const creation = stackOfMoment()
    if (creation.type !== 'stack' || creation.text === '') return
    followed.open.set(id, creation.text)
    this.#owners.set(id, followed)
  }
}

/** Before a framework has found the route: by the path. */
function keyOf(request: HttpThing & object): string {
  return inboundKey({ startedAt: 0, request, status: 0, headersAt: 0 })
}

function hasAnswer(response: HttpThing): boolean {
  return objectOf(response)?.headersSent === true || response.destroyed === true
}
