import type {
  ClientReading,
  HolderReading,
  PoolReading,
  PostgresDetails,
  PostgresReading,
  StatementReading,
} from '../reading.ts'
import type { Ledger } from './ledger.ts'
import type { Statement } from './statements.ts'
import type { Checkout, PoolState } from './traffic.ts'
import { isObject } from './wrap.ts'

/** A client that is out for less is nobody's business. */
const HELD_FROM_MS = 1000
/** A client that rests for so long between two queries is waiting for something else, or forgotten. */
const RESTS_FROM_MS = 2000
const MAX_HOLDERS = 10
/** Statements that were called lately are told; readings may get lost, so not just those of one interval. */
const TOLD_MS = 10_000
const MAX_TOLD = 40
const MAX_DETAILS = 100
const MAX_CLIENTS = 200

/** One reading for the patrol. */
export function readLedger(ledger: Ledger): PostgresReading {
  const now = performance.now()
  const { calls, errors, totalMs, isLoaded, connectErrors } = ledger
  const loose = new Map<number, { site: number; open: number; opened: number }>()
  for (const { site } of ledger.loose()) {
    const entry = loose.get(site.id) ?? { site: site.id, open: 0, opened: site.opened }
    loose.set(site.id, { ...entry, open: entry.open + 1 })
  }
  return {
    at: now,
    isLoaded,
    calls,
    errors,
    totalMs,
    connectErrors,
    active: ledger.active,
    pools: ledger.pools().map(({ state, pool }) => poolReading(ledger, state, pool, now)),
    statements: statementReadings(ledger, now),
    loose: [...loose.values()].sort((left, right) => right.open - left.open).slice(0, 10),
  }
}

/** Texts, callers and places by id; the 100 that matter most when none are named. */
export function readDetails(ledger: Ledger, ids: readonly number[]): PostgresDetails {
  const wanted = new Set(ids)
  const statements = ledger.statements
    .all()
    .filter(({ id, calls }) => (wanted.size === 0 ? calls > 0 : wanted.has(id)))
    .sort((left, right) => right.totalMs - left.totalMs)
    .slice(0, MAX_DETAILS)
  const sites = ledger.sites.all()
  return {
    statements: statements.map((statement) => statement.detail()),
    sites: sites.slice(-MAX_DETAILS * 2).map((site) => site.detail()),
    releasedInTransaction: sites
      .filter((site) => site.releasedInTransaction > 0)
      .map((site) => ({
        site: site.id,
        count: site.releasedInTransaction,
        isPoolQuery: site.isPoolQuery,
      })),
    connectErrors: Object.fromEntries(ledger.connectCodes),
    clients: clientsOut(ledger),
  }
}

function statementReadings(ledger: Ledger, now: number): StatementReading[] {
  const oldest = new Map<Statement, number>()
  for (const client of clientsOf(ledger)) {
    for (const { call, sentAt } of ledger.client(client).running) {
      const age = sentAt === 0 ? 0 : now - sentAt
      if (age > (oldest.get(call.statement) ?? 0)) oldest.set(call.statement, age)
    }
  }
  const recent = ledger.statements
    .all()
    .filter(({ lastAt, active }) => now - lastAt < TOLD_MS || active > 0)
    .sort((left, right) => right.totalMs - left.totalMs)
    .slice(0, MAX_TOLD)
  return recent.map((statement) => statement.reading(oldest.get(statement) ?? 0))
}

function poolReading(ledger: Ledger, state: PoolState, pool: object, now: number): PoolReading {
  const { id, requested, acquired, released, waitedMs, releasedInTransaction } = state
  const options: unknown = Reflect.get(pool, 'options')
  const numberOf = (holder: unknown, name: string): number => {
    const value: unknown = isObject(holder) ? Reflect.get(holder, name) : undefined
    return typeof value === 'number' && Number.isFinite(value) ? value : 0
  }
  const queue: unknown = Reflect.get(pool, '_pendingQueue')
  const first: unknown = Array.isArray(queue) ? queue[0] : undefined
  const request = isObject(first) ? state.request(first) : undefined
  return {
    id,
    requested,
    acquired,
    released,
    releasedInTransaction,
    waitedMs: Math.round(waitedMs),
    max: numberOf(options, 'max'),
    total: numberOf(pool, 'totalCount'),
    idle: numberOf(pool, 'idleCount'),
    waiting: numberOf(pool, 'waitingCount'),
    oldestWaitMs: request === undefined ? 0 : Math.round(now - request.at),
    connectionTimeoutMs: numberOf(options, 'connectionTimeoutMillis'),
    holders: holdersOf(ledger, pool, now),
  }
}

/** Clients that the application itself checked out a while ago, by place. */
function holdersOf(ledger: Ledger, pool: object, now: number): HolderReading[] {
  const bySite = new Map<number, Checkout[]>()
  for (const client of clientsIn(pool)) {
    const { checkout } = ledger.client(client)
    if (checkout === undefined || checkout.isQuery) continue
    if (now - checkout.at < HELD_FROM_MS) continue
    const { id } = ledger.siteOf(checkout)
    bySite.set(id, [...(bySite.get(id) ?? []), checkout])
  }
  return [...bySite]
    .map(([site, held]) => holderReading(site, held, now))
    .sort((left, right) => right.count - left.count)
    .slice(0, MAX_HOLDERS)
}

function holderReading(site: number, held: readonly Checkout[], now: number): HolderReading {
  const oldest = held.reduce((first, next) => (next.at < first.at ? next : first))
  const resting = held.filter(
    ({ active, restsSince }) => active === 0 && now - restsSince >= RESTS_FROM_MS,
  )
  return {
    site,
    count: held.length,
    oldestMs: Math.round(now - oldest.at),
    restingCount: resting.length,
    inTransaction: held.filter(({ inTransaction }) => inTransaction).length,
    statement: oldest.statement?.id ?? 0,
  }
}

function clientReading(ledger: Ledger, client: object, now: number): ClientReading[] {
  const { checkout, left } = ledger.client(client)
  const pid: unknown = Reflect.get(client, 'processID')
  const backend = typeof pid === 'number' ? pid : 0
  if (left !== undefined && (checkout === undefined || !checkout.inTransaction)) {
    const { site, statement, at } = left
    const restsMs = Math.round(now - at)
    return [{ backend, site, statement, heldMs: 0, restsMs, inTransaction: true, isReleased: true }]
  }
  if (checkout === undefined) return []
  return [
    {
      backend,
      site: checkout.isQuery ? 0 : ledger.siteOf(checkout).id,
      statement: checkout.statement?.id ?? 0,
      heldMs: Math.round(now - checkout.at),
      restsMs: checkout.active > 0 ? 0 : Math.round(now - checkout.restsSince),
      inTransaction: checkout.inTransaction,
      isReleased: false,
    },
  ]
}

/** Every client that is out, so that a backend process can be found in the code. */
function clientsOut(ledger: Ledger): ClientReading[] {
  const now = performance.now()
  const found: ClientReading[] = []
  for (const client of clientsOf(ledger)) {
    if (found.length < MAX_CLIENTS) found.push(...clientReading(ledger, client, now))
  }
  return found
}

function clientsOf(ledger: Ledger): object[] {
  const pooled = ledger.pools().flatMap(({ pool }) => clientsIn(pool))
  return [...pooled, ...ledger.loose().map(({ client }) => client)]
}

function clientsIn(pool: object): object[] {
  const clients: unknown = Reflect.get(pool, '_clients')
  return Array.isArray(clients) ? clients.filter(isObject) : []
}
