/** What is under way between the application and its database. */
import type { Trace } from './call-site.ts'
import type { Chain } from './chain.ts'
import type { Site } from './sites.ts'
import type { Statement } from './statements.ts'

/** A query that the application asked for. */
export interface Call {
  readonly at: number
  readonly statement: Statement
  readonly chain: Chain
  /** Where it was asked for; of few calls only. */
  readonly site: Site | undefined
}

/** Somebody wants a client of a pool. */
export interface Request {
  readonly at: number
  /** The pool's own query, which releases the client by itself. */
  readonly call: Call | undefined
  readonly trace: Trace | undefined
}

/** A query on its way. */
export interface Running {
  readonly call: Call
  readonly checkout: Checkout | undefined
  readonly client: ClientState
  /** The driver's object for it, from when it is known; the client's state lets go of it with the answer. */
  query: object | undefined
  /** 0: not sent yet. */
  sentAt: number
}

/** Who gave a client back inside a transaction. */
export interface Left {
  readonly site: number
  readonly statement: number
  readonly at: number
}

/**
 * What is known of a client, for as long as it lives.
 *
 * Weak maps have clients as keys, not queries: keys that die young make each scavenge expensive (measured
 * with pg 8.23: 9 microseconds a query, against 2).
 */
export class ClientState {
  checkout: Checkout | undefined
  left: Left | undefined
  /** In the order in which they were asked for. */
  running: Running[] = []
  /** A connection of nodelens itself: not counted. */
  isOwn = false
}

/** A client that is out. */
export class Checkout {
  readonly at: number
  readonly pool: PoolState
  call: Call | undefined
  readonly isQuery: boolean
  trace: Trace | undefined
  site: Site | undefined
  statement: Statement | undefined
  active = 0
  busyMs = 0
  restsSince: number
  inTransaction = false
  hasEnded = false

  constructor(pool: PoolState, request: Request | undefined, now: number) {
    this.pool = pool
    this.at = now
    this.restsSince = now
    this.call = request?.call
    this.isQuery = request?.call !== undefined
    this.trace = request?.trace
    this.site = request?.call?.site
  }
}

/** What is known of a pool; the pool itself is held weakly. */
export class PoolState {
  readonly id: number
  readonly pool: WeakRef<object>
  requested = 0
  acquired = 0
  released = 0
  waitedMs = 0
  releasedInTransaction = 0
  /** By the driver's own object for one that waits. */
  readonly #requests = new Map<object, Request>()
  #item: object | undefined
  #request: Request | undefined

  constructor(id: number, pool: object) {
    this.id = id
    this.pool = new WeakRef(pool)
  }

  request(item: object): Request | undefined {
    return item === this.#item ? this.#request : this.#requests.get(item)
  }

  /** Mostly one waits at a time: a map, which pays for each entry that goes, comes with the second. */
  claim(item: object, request: Request): void {
    if (this.#item === undefined) {
      this.#item = item
      this.#request = request
    } else if (item !== this.#item && !this.#requests.has(item)) {
      this.#requests.set(item, request)
      if (this.#requests.size % 100 === 0) this.#forgetOld(item, request)
    }
  }

  settled(item: object): void {
    if (item === this.#item) this.#item = this.#request = undefined
    else if (this.#requests.size > 0) this.#requests.delete(item)
  }

  /** Those that gave up waiting, or could not connect, are never settled. */
  #forgetOld(last: object, request: Request): void {
    const pool = this.pool.deref()
    const queue: unknown = pool === undefined ? undefined : Reflect.get(pool, '_pendingQueue')
    const waiting = new Set<unknown>(Array.isArray(queue) ? queue : [])
    if (!waiting.has(this.#item)) this.#item = this.#request = undefined
    for (const [item, { at }] of this.#requests) {
      if (item !== last && !waiting.has(item) && request.at - at > CONNECTING_MS)
        this.#requests.delete(item)
    }
  }
}

/** Nobody connects for longer. */
const CONNECTING_MS = 60_000
