/**
 * The driver `pg` has no diagnostics channel. Its classes are found by their methods, whatever copy, and those
 * methods are wrapped that a query passes on its way: they take notes and change nothing. No promise gets
 * a handler of ours (it would hide unhandled rejections), no callback is replaced.
 */
import { takeTrace } from './call-site.ts'
import type { Call, Ledger, Request, Running } from './ledger.ts'
import { dataOf, lastOf, prototypeWith, rowsOf, textOf } from './shape.ts'
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
      const text = textOf(input[0])
      ambient.call = text === undefined ? undefined : quietly(() => ledger.callFor(text, query))
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
    const claim = (pool: object, request: Request): void => this.#claimLast(pool, request)
    const see = (client: unknown): void => this.#seeClient(client)
    return function connect(...input) {
      const { call, request: outer } = ambient
      ambient.call = undefined
      const request = quietly(() => {
        see(Reflect.get(this, 'Client'))
        return ledger.requestFor(ledger.poolOf(this), call, connect)
      })
      ambient.request = request
      try {
        return Reflect.apply(original, this, input)
      } finally {
        ambient.request = outer
        ambient.call = call
        if (request !== undefined) quietly(() => claim(this, request))
      }
    }
  }

  /** No client was free: the request is the last in the pool's queue. */
  #claimLast(pool: object, request: Request): void {
    const last = lastOf(Reflect.get(pool, '_pendingQueue'))
    const { requests } = this.#ledger
    if (last !== undefined && !requests.has(last)) requests.set(last, request)
  }

  #newClient(original: Method): Method {
    const { requests } = this.#ledger
    const ambient = this.#ambient
    return function newClient(...input) {
      const [item] = input
      const { request, isPoolConnecting } = ambient
      if (request !== undefined && isObject(item) && !requests.has(item))
        requests.set(item, request)
      ambient.isPoolConnecting = true
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
      quietly(() => {
        if (!isObject(client)) return
        const request = isObject(item) ? ledger.requests.get(item) : undefined
        ledger.acquired(client, ledger.poolOf(this), request)
      })
      return Reflect.apply(original, this, input)
    }
  }

  #release(original: Method): Method {
    const ledger = this.#ledger
    return function _release(...input) {
      const [client, , error] = input
      if (isObject(client)) quietly(() => ledger.released(client, Boolean(error)))
      return Reflect.apply(original, this, input)
    }
  }

  #clientQuery(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    const claim = (client: object, running: Running): void => this.#claimQueued(client, running)
    return function query(...input) {
      const text = textOf(input[0])
      if (text === undefined || ledger.own.has(this)) return Reflect.apply(original, this, input)
      const outer = ambient.running
      const running = quietly(() => {
        const checkout = ledger.checkouts.get(this)
        return { call: ledger.callOn(checkout, text, query), checkout, sentAt: 0, isDone: false }
      })
      ambient.running = running
      try {
        return Reflect.apply(original, this, input)
      } finally {
        if (running !== undefined && ambient.running === running)
          quietly(() => claim(this, running))
        ambient.running = outer
      }
    }
  }

  /** The client is busy: the query is the last in its queue. The public name of the queue is deprecated since 8.16. */
  #claimQueued(client: object, running: Running): void {
    const own = Object.hasOwn(client, '_queryQueue') ? '_queryQueue' : 'queryQueue'
    const last = Object.hasOwn(client, own) ? lastOf(Reflect.get(client, own)) : undefined
    const { queries } = this.#ledger
    if (last !== undefined && !queries.has(last)) queries.set(last, running)
  }

  #submit(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    return function submit(...input) {
      quietly(() => {
        const running = ledger.queries.get(this) ?? ambient.running
        if (running === undefined || running.sentAt > 0) return
        if (ambient.running === running) ambient.running = undefined
        ledger.sent(this, running)
      })
      return Reflect.apply(original, this, input)
    }
  }

  #handleError(original: Method): Method {
    const ledger = this.#ledger
    return function handleError(...input) {
      quietly(() => ledger.answered(this, 0, input[0] ?? 'unknown'))
      return Reflect.apply(original, this, input)
    }
  }

  #handleReady(original: Method): Method {
    const ledger = this.#ledger
    return function handleReadyForQuery(...input) {
      quietly(() => {
        const isFailed = Boolean(Reflect.get(this, '_canceledDueToError'))
        if (!isFailed) ledger.answered(this, rowsOf(this), undefined)
      })
      return Reflect.apply(original, this, input)
    }
  }

  #clientConnect(original: Method): Method {
    const ledger = this.#ledger
    const ambient = this.#ambient
    return function connect(...input) {
      if (!ambient.isPoolConnecting && !ledger.own.has(this))
        quietly(() => ledger.opened(this, takeTrace(connect)))
      return Reflect.apply(original, this, input)
    }
  }

  #connectError(original: Method): Method {
    const ledger = this.#ledger
    return function _handleErrorWhileConnecting(...input) {
      if (!ledger.own.has(this)) quietly(() => ledger.connectFailed(input[0]))
      return Reflect.apply(original, this, input)
    }
  }
}
