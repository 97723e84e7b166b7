import { type Trace, takeTrace } from './call-site.ts'
import { type Chain, chainOfTurn, resumeChain } from './chain.ts'
import { codeOf, messageOf } from './shape.ts'
import { type Site, Sites } from './sites.ts'
import { type Statement, Statements } from './statements.ts'

const MAX_POOLS = 50
const MAX_LOOSE = 500
const MAX_CONNECT_CODES = 20
/** Traces of checkouts in a second; a trace costs 2 to 4 microseconds, and more of them add nothing. */
const CHECKOUT_TRACES_PER_SECOND = 500
/** One in so many checkouts that come back is read for how long its place holds a client. */
const HELD_ONE_IN = 8

/** A query that the application asked for. */
export interface Call {
  readonly at: number
  readonly statement: Statement
  readonly chain: Chain
}

/** Somebody wants a client of a pool. */
export interface Request {
  readonly at: number
  /** The pool's own query, which releases the client by itself. */
  call: Call | undefined
  readonly trace: Trace | undefined
}

/** A query on its way. */
export interface Running {
  readonly call: Call
  readonly checkout: Checkout | undefined
  sentAt: number
  isDone: boolean
}

/** Who gave a client back inside a transaction. */
export interface Left {
  readonly site: number
  readonly statement: number
  readonly at: number
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

  constructor(id: number, pool: object) {
    this.id = id
    this.pool = new WeakRef(pool)
  }
}

/** All that main remembers of its PostgreSQL traffic; bounded, and it keeps nothing of the application alive. */
export class Ledger {
  readonly statements = new Statements()
  readonly sites = new Sites()
  readonly checkouts = new WeakMap<object, Checkout>()
  readonly requests = new WeakMap<object, Request>()
  readonly queries = new WeakMap<object, Running>()
  readonly running = new Set<Running>()
  /** Clients that went back inside a transaction, and who left them so. */
  readonly left = new WeakMap<object, Left>()
  /** Clients of ours: not counted. */
  readonly own = new WeakSet<object>()
  readonly connectCodes = new Map<string, number>()
  calls = 0
  errors = 0
  totalMs = 0
  connectErrors = 0
  isLoaded = false
  #pools: PoolState[] = []
  readonly #poolOf = new WeakMap<object, PoolState>()
  #loose: { readonly client: WeakRef<object>; readonly site: Site }[] = []
  #lastPool = 0
  #second = 0
  #traces = 0
  #releases = 0

  poolOf(pool: object): PoolState {
    const known = this.#poolOf.get(pool)
    if (known !== undefined) return known
    this.#lastPool += 1
    const state = new PoolState(this.#lastPool, pool)
    this.#poolOf.set(pool, state)
    this.#pools = [...this.#pools, state].slice(-MAX_POOLS)
    return state
  }

  /** Pools that are still there. */
  pools(): { readonly state: PoolState; readonly pool: object }[] {
    const alive = this.#pools.flatMap((state) => {
      const pool = state.pool.deref()
      return pool === undefined ? [] : [{ state, pool }]
    })
    if (alive.length < this.#pools.length) this.#pools = alive.map(({ state }) => state)
    return alive
  }

  /** The application asks for a query; `below` is the function that it called. */
  callFor(text: string, below: (...input: never[]) => unknown): Call {
    const at = performance.now()
    const statement = this.statements.of(text, at)
    statement.calls += 1
    this.calls += 1
    if (this.statements.wantsCaller(statement, at))
      statement.addCaller(this.sites.of(takeTrace(below)).id)
    const chain = chainOfTurn()
    chain.note(statement)
    return { at, statement, chain }
  }

  /**
   * A query on a client. The first one with the text that the pool was asked for is the pool's own; what a
   * listener of the pool's `connect` event sends before it is another.
   */
  callOn(
    checkout: Checkout | undefined,
    text: string,
    below: (...input: never[]) => unknown,
  ): Call {
    const asked = checkout?.call
    if (checkout !== undefined && asked !== undefined) {
      if (this.statements.of(text, asked.at) === asked.statement) {
        checkout.call = undefined
        return asked
      }
    }
    return this.callFor(text, below)
  }

  /** The application asks for a client, itself or by a query of the pool. */
  requestFor(
    state: PoolState,
    call: Call | undefined,
    below: (...input: never[]) => unknown,
  ): Request {
    const at = performance.now()
    state.requested += 1
    return { at, call, trace: call === undefined ? this.#checkoutTrace(at, below) : undefined }
  }

  acquired(client: object, state: PoolState, request: Request | undefined): void {
    const now = performance.now()
    state.acquired += 1
    if (request !== undefined) state.waitedMs += now - request.at
    this.checkouts.set(client, new Checkout(state, request, now))
  }

  /** `isBroken`: the pool closes the connection, so nothing of it stays. */
  released(client: object, isBroken: boolean): void {
    const checkout = this.checkouts.get(client)
    if (checkout === undefined) return
    this.checkouts.delete(client)
    checkout.pool.released += 1
    if (!isBroken) this.#noteTransaction(client, checkout)
    if (checkout.isQuery) return
    this.#releases += 1
    if (this.#releases % HELD_ONE_IN !== 0 && this.#releases > HELD_ONE_IN) return
    this.siteOf(checkout).held(performance.now() - checkout.at, checkout.busyMs)
  }

  /** The server's word (since pg 8.20), else what the texts of its statements say. */
  #noteTransaction(client: object, checkout: Checkout): void {
    const status: unknown = Reflect.get(client, '_txStatus')
    const isOpen = typeof status === 'string' ? status !== 'I' : checkout.inTransaction
    const isClosed = typeof status === 'string' ? status === 'I' : checkout.hasEnded
    if (isClosed) this.left.delete(client)
    if (!isOpen || !checkout.inTransaction) return
    checkout.pool.releasedInTransaction += 1
    const site = checkout.isQuery ? this.sites.unknown : this.siteOf(checkout)
    site.releasedInTransaction += 1
    this.left.set(client, {
      site: site.id,
      statement: checkout.statement?.id ?? 0,
      at: performance.now(),
    })
  }

  siteOf(checkout: Checkout): Site {
    checkout.site ??= this.sites.of(checkout.trace)
    checkout.trace = undefined
    return checkout.site
  }

  sent(query: object, running: Running): void {
    running.sentAt = performance.now()
    this.queries.set(query, running)
    if (this.running.size < 2000) this.running.add(running)
    const { call, checkout } = running
    call.statement.active += 1
    if (checkout === undefined) return
    checkout.active += 1
    checkout.statement = call.statement
    const { step } = call.statement
    if (step !== 'none') checkout.inTransaction = step === 'begin'
    if (step === 'end') checkout.hasEnded = true
  }

  answered(query: object, rows: number, error: unknown): void {
    const running = this.queries.get(query)
    if (running === undefined || running.isDone) return
    running.isDone = true
    this.running.delete(running)
    const { call, checkout, sentAt } = running
    const now = performance.now()
    if (sentAt > 0) call.statement.active -= 1
    if (checkout !== undefined && sentAt > 0) {
      checkout.active -= 1
      checkout.restsSince = now
      checkout.busyMs += now - sentAt
    }
    const ms = sentAt > 0 ? now - sentAt : 0
    this.totalMs += ms
    call.statement.answered(ms, rows)
    if (error !== undefined) {
      this.errors += 1
      call.statement.failed(codeOf(error), messageOf(error))
    }
    call.chain.answered(call.statement, rows, ms)
    resumeChain(call.chain)
  }

  /** A client that connects outside a pool. */
  opened(client: object, trace: Trace | undefined): void {
    const site = this.sites.of(trace)
    site.opened += 1
    this.#loose = [...this.#loose.slice(1 - MAX_LOOSE), { client: new WeakRef(client), site }]
  }

  /** Clients outside pools that were not ended. */
  loose(): { readonly client: object; readonly site: Site }[] {
    const open = this.#loose.flatMap(({ client, site }) => {
      const alive = client.deref()
      return alive === undefined || isEnded(alive) ? [] : [{ client: alive, site }]
    })
    this.#loose = open.map(({ client, site }) => ({ client: new WeakRef(client), site }))
    return open
  }

  connectFailed(error: unknown): void {
    this.connectErrors += 1
    const code = codeOf(error)
    const count = this.connectCodes.get(code)
    if (count !== undefined || this.connectCodes.size < MAX_CONNECT_CODES)
      this.connectCodes.set(code, (count ?? 0) + 1)
  }

  #checkoutTrace(now: number, below: (...input: never[]) => unknown): Trace | undefined {
    const second = Math.floor(now / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#traces = 0
    }
    this.#traces += 1
    return this.#traces > CHECKOUT_TRACES_PER_SECOND ? undefined : takeTrace(below)
  }
}

function isEnded(client: object): boolean {
  return Reflect.get(client, '_ending') === true || Reflect.get(client, '_ended') === true
}
