/**
 * What main's part tells the gateway. Plain data; times are milliseconds, counts are since the probe came,
 * and the gateway makes rates of them. Type aliases, because an interface is no `Json`.
 */

/** A stack frame as V8 has it: function, type, method, file, line, column. */
export type RawSite = readonly [
  string | null,
  string | null,
  string | null,
  string | null,
  number | null,
  number | null,
]

/** Clients that are out for a second or more, by the place that checked them out. */
export type HolderReading = {
  readonly site: number
  readonly count: number
  readonly oldestMs: number
  /** Of these, clients that have run nothing for two seconds or more. */
  readonly restingCount: number
  /** Of these, clients inside a transaction. */
  readonly inTransaction: number
  /** The statement that the oldest ran last; 0: none. */
  readonly statement: number
}

/** A client of a pool that is out now, or that went back inside a transaction. */
export type ClientReading = {
  /** Process of the server; 0: unknown. */
  readonly backend: number
  /** 0: a query of the pool itself, or unknown. */
  readonly site: number
  /** What it runs, or ran last; 0: nothing yet. */
  readonly statement: number
  readonly heldMs: number
  /** 0: it runs a query. */
  readonly restsMs: number
  readonly inTransaction: boolean
  /** It is back in the pool, inside a transaction that was never ended. */
  readonly isReleased: boolean
}

export type PoolReading = {
  readonly id: number
  readonly max: number
  readonly total: number
  readonly idle: number
  readonly waiting: number
  readonly oldestWaitMs: number
  /** 0: callers wait for ever. */
  readonly connectionTimeoutMs: number
  readonly requested: number
  readonly acquired: number
  readonly released: number
  /** Sum over all checkouts of the time until the client came. */
  readonly waitedMs: number
  /** Clients that came back inside a transaction. */
  readonly releasedInTransaction: number
  readonly holders: readonly HolderReading[]
}

export type StatementReading = {
  readonly id: number
  readonly calls: number
  /** Answered or failed. */
  readonly ended: number
  readonly errors: number
  /** From sending to the answer. */
  readonly totalMs: number
  readonly rows: number
  /** Under way now. */
  readonly active: number
  readonly oldestActiveMs: number
  /** Chains of queries in which this statement ran ten times or more. */
  readonly runs: number
  readonly runCalls: number
  readonly runMs: number
  readonly longestRun: number
}

export type PostgresReading = {
  /** `performance.now()` of main. */
  readonly at: number
  readonly isLoaded: boolean
  readonly calls: number
  readonly errors: number
  readonly totalMs: number
  readonly active: number
  readonly pools: readonly PoolReading[]
  /** Those that were called in the last ten seconds, and those under way; the busiest 40. */
  readonly statements: readonly StatementReading[]
  /** Connections made outside pools and not ended, by place. */
  readonly loose: readonly {
    readonly site: number
    readonly open: number
    readonly opened: number
  }[]
  readonly connectErrors: number
}

/** A place as main knows it. */
export type SiteDetail = {
  readonly id: number
  readonly sites: readonly RawSite[]
  /** Of a sample of the checkouts made here that came back. */
  readonly sampled: number
  readonly heldMs: number
  /** Of `heldMs`, the time in which a query ran. */
  readonly busyMs: number
  readonly longestHeldMs: number
}

export type StatementDetail = {
  readonly id: number
  readonly text: string
  /** Places that ran it, of a sample, most frequent first. */
  readonly callers: readonly { readonly site: number; readonly count: number }[]
  readonly maxMs: number
  readonly maxRows: number
  /** Another statement of the chain that gave several rows just before this one began to repeat; 0: none. */
  readonly leader: number
  readonly codes: Readonly<Record<string, number>>
  readonly lastError: string
}

export type PostgresDetails = {
  readonly sites: readonly SiteDetail[]
  readonly statements: readonly StatementDetail[]
  /** Places that released a client inside a transaction: counts by site. */
  readonly releasedInTransaction: readonly {
    readonly site: number
    readonly count: number
    /** A query of the pool itself, which gives its client back at once. */
    readonly isPoolQuery: boolean
  }[]
  readonly connectErrors: Readonly<Record<string, number>>
  readonly clients: readonly ClientReading[]
}

/** What main's part sent is a reading; it is ours, so its shape is only looked at. */
export function isReading(value: unknown): value is PostgresReading {
  return has(value, 'pools') && has(value, 'statements') && has(value, 'loose')
}

export function isDetails(value: unknown): value is PostgresDetails {
  return has(value, 'sites') && has(value, 'statements') && has(value, 'clients')
}

function has(value: unknown, list: string): boolean {
  return typeof value === 'object' && value !== null && Array.isArray(Reflect.get(value, list))
}
