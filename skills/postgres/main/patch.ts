/**
 * The driver `pg` has no diagnostics channel. Its classes are found by their methods, whatever copy, and those
 * methods are wrapped that a query passes on its way: they take notes and change nothing. No promise gets
 * a handler of ours (it would hide unhandled rejections), no callback is replaced.
 */
import { takeTrace } from './call-site.ts'
import { claimLast, claimQueued } from './claim.ts'
import type { Ledger } from './ledger.ts'
import { dataOf, prototypeWith, rowsOf, textOf } from './shape.ts'
import type { Call, Request, Running } from './traffic.ts'
import { isObject, type Method, quietly, wrapMethod } from './wrap.ts'

/** What is under way in this very call, from an outer method to an inner one. */
interface Ambient {
  call: Call | undefined
  request: Request | undefined
  running: Running | undefined
  isPoolConnecting: boolean
}

export class Patch {
  readonly #ledger: Ledger
  readonly #done = new WeakSet<object>()
  readonly #ambient: Ambient = {
    call: undefined,
    request: undefined,
    running: undefined,
    isPoolConnecting: false,
  }
  #undo: (() => void)[] = []

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Looks at what a module exports: `pg`, `pg-pool`, or something else. */
  see(exported: unknown): void {
    quietly(() => {
      if (!isObject(exported)) return
      for (const value of [exported, dataOf(exported, 'Pool'), dataOf(exported, 'default')])
        this.#seePool(value)
      for (const value of [exported, dataOf(exported, 'Client')]) this.#seeClient(value)
    })
  }

  undo(): void {
    for (const undo of this.#undo.splice(0).toReversed()) undo()
  }

  #seePool(value: unknown): void {
    const prototype = prototypeWith(value, [
      'connect',
      'query',
      '_acquireClient',
      '_release',
      'newClient',
    ])
    if (prototype === undefined || this.#done.has(prototype)) return
    this.#done.add(prototype)
    this.#ledger.isLoaded = true
    this.#wrap(prototype, 'query', (original) => this.#poolQuery(original))
    this.#wrap(prototype, 'connect', (original) => this.#poolConnect(original))
    this.#wrap(prototype, 'newClient', (original) => this.#newClient(original))
    this.#wrap(prototype, '_acquireClient', (original) => this.#acquireClient(original))
    this.#wrap(prototype, '_release', (original) => this.#release(original))
  }

  #seeClient(value: unknown): void {
    const prototype = prototypeWith(value, ['connect', 'query', 'end', '_pulseQueryQueue'])
    if (prototype === undefined || this.#done.has(prototype) || !isObject(value)) return
    this.#done.add(prototype)
    this.#ledger.isLoaded = true
    this.#wrap(prototype, 'query', (original) => this.#clientQuery(original))
    this.#wrap(prototype, 'connect', (original) => this.#clientConnect(original))
    this.#wrap(prototype, '_handleErrorWhileConnecting', (original) => this.#connectError(original))
    const query = prototypeWith(
      dataOf(value, 'Query') ?? dataOf(Reflect.get(prototype, 'constructor'), 'Query'),
      ['submit', 'handleError', 'handleReadyForQuery'],
    )
    if (query === undefined || this.#done.has(query)) return
    this.#done.add(query)
    this.#wrap(query, 'submit', (original) => this.#submit(original))
    this.#wrap(query, 'handleError', (original) => this.#handleError(original))
    this.#wrap(query, 'handleReadyForQuery', (original) => this.#handleReady(original))
  }

  #wrap(holder: object, name: string, make: (original: Method) => Method): void {
    const undo = wrapMethod(holder, name, make)
    if (undo !== undefined) this.#undo.push(undo)
  }

  #poolQuery(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    return function query(...input) {
      const outer = ambient.call
      ambient.call = undefined
      try {
        const text = textOf(input[0])
        if (text !== undefined) ambient.call = ledger.callFor(text, query, true)
      } catch {
        // Bookkeeping never reaches the application; so everywhere below.
      }
      try {
        return Reflect.apply(original, this, input)
      } finally {
        ambient.call = outer
      }
    }
  }

  #poolConnect(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    const seen = new WeakSet<object>()
    const see = (client: unknown): void => {
      if (!isObject(client) || seen.has(client)) return
      seen.add(client)
      this.#seeClient(client)
    }
    return function connect(...input) {
      const { call, request: outer } = ambient
      ambient.call = undefined
      let request: Request | undefined
      try {
        see(Reflect.get(this, 'Client'))
        request = ledger.requestFor(ledger.poolOf(this), call, connect)
      } catch {}
      ambient.request = request
      try {
        return Reflect.apply(original, this, input)
      } finally {
        // Not taken by `newClient`: the request is the last in the pool's queue.
        const isQueued = request !== undefined && ambient.request === request
        ambient.request = outer
        ambient.call = call
        if (isQueued && request !== undefined) claimLast(ledger, this, request)
      }
    }
  }

  #newClient(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    return function newClient(...input) {
      const { request, isPoolConnecting } = ambient
      const [item] = input
      ambient.request = undefined
      ambient.isPoolConnecting = true
      try {
        if (request !== undefined && isObject(item)) ledger.poolOf(this).claim(item, request)
      } catch {}
      try {
        return Reflect.apply(original, this, input)
      } finally {
        ambient.isPoolConnecting = isPoolConnecting
      }
    }
  }

  #acquireClient(original: Method): Method {
    const ledger = this.#ledger
    return function _acquireClient(...input) {
      const [client, item] = input
      try {
        const pool = ledger.poolOf(this)
        const request = isObject(item) ? pool.request(item) : undefined
        if (isObject(item)) pool.settled(item)
        if (isObject(client)) ledger.acquired(client, pool, request)
      } catch {}
      return Reflect.apply(original, this, input)
    }
  }

  #release(original: Method): Method {
    const ledger = this.#ledger
    return function _release(...input) {
      const [client, , error] = input
      try {
        if (isObject(client)) ledger.released(client, Boolean(error))
      } catch {}
      return Reflect.apply(original, this, input)
    }
  }

  #clientQuery(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    return function query(...input) {
      const outer = ambient.running
      let running: Running | undefined
      try {
        const text = textOf(input[0])
        const client = ledger.client(this)
        if (text !== undefined && !client.isOwn) {
          const { checkout } = client
          const call = ledger.callOn(checkout, text, query)
          running = { call, checkout, client, query: undefined, sentAt: 0 }
        }
      } catch {}
      ambient.running = running
      try {
        return Reflect.apply(original, this, input)
      } finally {
        if (running !== undefined && ambient.running === running) claimQueued(this, running)
        ambient.running = outer
      }
    }
  }

  #submit(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    return function submit(...input) {
      try {
        const client = ledger.byConnection(input[0])
        const { running } = ambient
        if (running !== undefined && running.client === client) {
          ambient.running = undefined
          ledger.sent(this, running)
        } else {
          const queued = client?.running.find((one) => one.query === this)
          if (queued !== undefined && queued.sentAt === 0) ledger.sent(this, queued)
        }
      } catch {}
      return Reflect.apply(original, this, input)
    }
  }

  #handleError(original: Method): Method {
    const ledger = this.#ledger
    return function handleError(...input) {
      const [error, connection] = input
      try {
        ledger.answered(ledger.byConnection(connection), this, 0, error ?? 'unknown')
      } catch {}
      return Reflect.apply(original, this, input)
    }
  }

  #handleReady(original: Method): Method {
    const ledger = this.#ledger
    return function handleReadyForQuery(...input) {
      try {
        const isFailed = Boolean(Reflect.get(this, '_canceledDueToError'))
        if (!isFailed) ledger.answered(ledger.byConnection(input[0]), this, rowsOf(this), undefined)
      } catch {}
      return Reflect.apply(original, this, input)
    }
  }

  #clientConnect(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    return function connect(...input) {
      const isLoose = !ambient.isPoolConnecting && !ledger.client(this).isOwn
      if (isLoose) quietly(() => ledger.opened(this, takeTrace(connect)))
      return Reflect.apply(original, this, input)
    }
  }

  #connectError(original: Method): Method {
    const ledger = this.#ledger
    return function _handleErrorWhileConnecting(...input) {
      if (!ledger.client(this).isOwn) quietly(() => ledger.connectFailed(input[0]))
      return Reflect.apply(original, this, input)
    }
  }
}
