import { type Trace, takeTrace } from './call-site.ts'
import { chainOfTurn, resumeChain } from './chain.ts'
import { codeOf, messageOf } from './shape.ts'
import { type Site, Sites } from './sites.ts'
import { type Statement, Statements } from './statements.ts'
import {
  type Call,
  Checkout,
  ClientState,
  PoolState,
  type Request,
  type Running,
} from './traffic.ts'
import { isObject } from './wrap.ts'

const MAX_POOLS = 50
const MAX_LOOSE = 500
const MAX_CONNECT_CODES = 20
/** Traces of checkouts in a second; a trace costs 2 to 4 microseconds, and more of them add nothing. */
const CHECKOUT_TRACES_PER_SECOND = 200
/** One in so many checkouts that come back is read for how long its place holds a client. */
const HELD_ONE_IN = 8

/** All that main remembers of its PostgreSQL traffic; bounded, and it keeps nothing of the application alive. */
export class Ledger {
  readonly statements = new Statements()
  readonly sites = new Sites()
  readonly #clients = new WeakMap<object, ClientState>()
  /** The same by the client's connection, which is all that a query sees. */
  readonly #connections = new WeakMap<object, ClientState>()
  readonly connectCodes = new Map<string, number>()
  calls = 0
  errors = 0
  totalMs = 0
  /** Sent and not answered. */
  active = 0
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

  client(client: object): ClientState {
    const known = this.#clients.get(client)
    if (known !== undefined) return known
    const state = new ClientState()
    this.#clients.set(client, state)
    const connection: unknown = Reflect.get(client, 'connection')
    if (isObject(connection)) this.#connections.set(connection, state)
    return state
  }

  byConnection(connection: unknown): ClientState | undefined {
    return isObject(connection) ? this.#connections.get(connection) : undefined
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

  /** The application asks for a query, of a client or of the pool; `below` is the function that it called. */
  callFor(text: string, below: (...input: never[]) => unknown, isPool = false): Call {
    const at = performance.now()
    const statement = this.statements.of(text, at)
    statement.calls += 1
    this.calls += 1
    const chain = chainOfTurn()
    chain.note(statement)
    // BEGIN by the pool itself is a mistake whose place is worth a trace each time.
    const isBegin = isPool && statement.step === 'begin'
    if (!isBegin && !this.statements.wantsCaller(statement, at))
      return { at, statement, chain, site: undefined }
    const site = this.sites.of(takeTrace(below))
    statement.addCaller(site.id)
    return { at, statement, chain, site }
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

  acquired(client: object, pool: PoolState, request: Request | undefined): void {
    const now = performance.now()
    pool.acquired += 1
    if (request !== undefined) pool.waitedMs += now - request.at
    this.client(client).checkout = new Checkout(pool, request, now)
  }

  /** `isBroken`: the pool closes the connection, so nothing of it stays. */
  released(client: object, isBroken: boolean): void {
    const state = this.client(client)
    const { checkout } = state
    if (checkout === undefined) return
    state.checkout = undefined
    checkout.pool.released += 1
    if (!isBroken) this.#noteTransaction(client, state, checkout)
    if (checkout.isQuery) return
    this.#releases += 1
    if (this.#releases % HELD_ONE_IN !== 0 && this.#releases > HELD_ONE_IN) return
    this.siteOf(checkout).held(performance.now() - checkout.at, checkout.busyMs)
  }

  /** The server's word where the driver keeps it, else what the texts of its statements say. */
  #noteTransaction(client: object, state: ClientState, checkout: Checkout): void {
    if (!checkout.inTransaction && !checkout.hasEnded) return
    const status: unknown = Reflect.get(client, '_txStatus')
    const isOpen = typeof status === 'string' ? status !== 'I' : checkout.inTransaction
    if (!isOpen) state.left = undefined
    if (!isOpen || !checkout.inTransaction) return
    checkout.pool.releasedInTransaction += 1
    const site = this.siteOf(checkout)
    site.releasedInTransaction += 1
    site.isPoolQuery = checkout.isQuery
    const statement = checkout.statement?.id ?? 0
    state.left = { site: site.id, statement, at: performance.now() }
  }

  siteOf(checkout: Checkout): Site {
    checkout.site ??= this.sites.of(checkout.trace)
    checkout.trace = undefined
    return checkout.site
  }

  sent(query: object, running: Running): void {
    running.sentAt = performance.now()
    running.query = query
    const { call, checkout, client } = running
    if (!client.running.includes(running)) client.running.push(running)
    call.statement.active += 1
    this.active += 1
    if (checkout === undefined) return
    checkout.active += 1
    checkout.statement = call.statement
    const { step } = call.statement
    if (step === 'none') return
    checkout.inTransaction = step === 'begin'
    if (step === 'end') checkout.hasEnded = true
  }

  answered(client: ClientState | undefined, query: object, rows: number, error: unknown): void {
    const index = client?.running.findIndex((one) => one.query === query) ?? -1
    const [running] = index === -1 ? [] : (client?.running.splice(index, 1) ?? [])
    if (running === undefined) return
    const { call, checkout, sentAt } = running
    const { statement, chain } = call
    const now = performance.now()
    const ms = sentAt > 0 ? now - sentAt : 0
    if (sentAt > 0) this.#ended(statement, checkout, now, ms)
    statement.answered(ms, rows)
    if (error !== undefined) {
      this.errors += 1
      statement.failed(codeOf(error), messageOf(error))
    }
    chain.answered(statement, rows, ms)
    resumeChain(chain)
  }

  #ended(statement: Statement, checkout: Checkout | undefined, now: number, ms: number): void {
    statement.active -= 1
    this.active -= 1
    this.totalMs += ms
    if (checkout === undefined) return
    checkout.active -= 1
    checkout.restsSince = now
    checkout.busyMs += ms
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
