/** Rates out of counters, and what is normal here. Pure; times in milliseconds. */
import type { HolderReading, PoolReading, PostgresReading, StatementReading } from './reading.ts'

/** One statement between two readings. */
export interface StatementRate {
  readonly id: number
  readonly calls: number
  readonly callsPerSecond: number
  /** Mean of the executions that ended; 0: none did. */
  readonly meanMs: number
  /** How many ran at the same time, on average: 1 is one connection always busy with it. */
  readonly load: number
  readonly errors: number
  readonly rowsPerCall: number
  readonly active: number
  readonly oldestActiveMs: number
  readonly runs: number
  readonly runCalls: number
  readonly runMs: number
  readonly longestRun: number
}

/** One pool between two readings. */
export interface PoolRate {
  readonly id: number
  readonly max: number
  readonly total: number
  readonly idle: number
  readonly waiting: number
  readonly oldestWaitMs: number
  readonly connectionTimeoutMs: number
  readonly requested: number
  readonly acquired: number
  readonly released: number
  readonly releasedInTransaction: number
  /** Mean wait of the checkouts that succeeded. */
  readonly meanWaitMs: number
  readonly holders: readonly HolderReading[]
}

/** What happened between two readings. */
export interface Interval {
  /** Main's clock at its end. */
  readonly at: number
  readonly spanMs: number
  readonly callsPerSecond: number
  readonly calls: number
  readonly errors: number
  readonly connectErrors: number
  /** Queries under way on average. */
  readonly load: number
  readonly active: number
  readonly statements: readonly StatementRate[]
  readonly pools: readonly PoolRate[]
  readonly loose: PostgresReading['loose']
  /** How late main's loop was: so much of the times is not the database's. */
  readonly loopLateMs: number
}

/** What is normal: medians over quiet intervals. */
export interface Normal {
  /** How long has been learnt. */
  readonly learntMs: number
  readonly load: number
  readonly callsPerSecond: number
  readonly meanWaitMs: number
  readonly statement: (id: number) => StatementNormal | undefined
}

export interface StatementNormal {
  /** Mean of the executions in quiet intervals. */
  readonly meanMs: number
  readonly load: number
  readonly callsPerSecond: number
  readonly runsPerSecond: number
  readonly longestRun: number
}

const MAX_INTERVALS = 40
const MAX_STATEMENTS = 1000
/** Quiet intervals that make up what is normal. */
const MAX_QUIET = 60
/** Normal traffic that must have been seen before anything is judged. */
export const LEARN_MS = 5000

/** Remembers readings of one main thread, bounded. */
export class History {
  #last: PostgresReading | undefined
  readonly #statements = new Map<number, StatementReading>()
  #intervals: readonly Interval[] = []
  #quiet: readonly Interval[] = []

  /** Takes a reading; undefined for the first, and when main was restarted. */
  add(reading: PostgresReading, loopLateMs: number): Interval | undefined {
    const before = this.#last
    this.#last = reading
    const rates = reading.statements.map((now) => ({ now, was: this.#statements.get(now.id) }))
    for (const statement of reading.statements) this.#statements.set(statement.id, statement)
    for (const id of this.#statements.keys()) {
      if (this.#statements.size <= MAX_STATEMENTS) break
      this.#statements.delete(id)
    }
    const spanMs = before === undefined ? 0 : reading.at - before.at
    if (before === undefined || spanMs <= 0) return undefined
    const interval = intervalOf(before, reading, rates, loopLateMs)
    this.#intervals = [...this.#intervals, interval].slice(-MAX_INTERVALS)
    return interval
  }

  /** The interval belongs to what is normal. */
  learn(interval: Interval): void {
    if (interval.calls > 0) this.#quiet = [...this.#quiet, interval].slice(-MAX_QUIET)
  }

  get last(): PostgresReading | undefined {
    return this.#last
  }

  /** Oldest first. */
  get intervals(): readonly Interval[] {
    return this.#intervals
  }

  /** Counters of a statement as they were when it last ran. */
  statement(id: number): StatementReading | undefined {
    return this.#statements.get(id)
  }

  normal(): Normal {
    const quiet = this.#quiet
    const waits = quiet.flatMap(({ pools }) => pools.map((pool) => pool.meanWaitMs))
    return {
      learntMs: sum(quiet.map(({ spanMs }) => spanMs)),
      load: median(quiet.map(({ load }) => load)),
      callsPerSecond: median(quiet.map(({ callsPerSecond }) => callsPerSecond)),
      meanWaitMs: median(waits),
      statement: (id) => statementNormal(quiet, id),
    }
  }
}

/** Medians over intervals, so that two bad ones among the first do not spoil what is normal. */
function statementNormal(quiet: readonly Interval[], id: number): StatementNormal | undefined {
  const seen = quiet.flatMap(({ statements }) => statements.filter((rate) => rate.id === id))
  const ended = seen.filter((rate) => rate.meanMs > 0)
  if (ended.length === 0) return undefined
  const spanMs = Math.max(1, sum(quiet.map((interval) => interval.spanMs)))
  const rates = quiet.map(({ statements }) => statements.find((rate) => rate.id === id))
  return {
    meanMs: median(ended.map((rate) => rate.meanMs)),
    load: median(rates.map((rate) => rate?.load ?? 0)),
    callsPerSecond: (sum(seen.map((rate) => rate.calls)) * 1000) / spanMs,
    runsPerSecond: (sum(seen.map((rate) => rate.runs)) * 1000) / spanMs,
    longestRun: Math.max(0, ...seen.map((rate) => rate.longestRun)),
  }
}

function intervalOf(
  before: PostgresReading,
  reading: PostgresReading,
  rates: readonly { readonly now: StatementReading; readonly was: StatementReading | undefined }[],
  loopLateMs: number,
): Interval {
  const spanMs = reading.at - before.at
  const calls = reading.calls - before.calls
  return {
    at: reading.at,
    spanMs,
    calls,
    loopLateMs,
    callsPerSecond: (calls * 1000) / spanMs,
    errors: reading.errors - before.errors,
    connectErrors: reading.connectErrors - before.connectErrors,
    load: (reading.totalMs - before.totalMs) / spanMs,
    active: reading.active,
    statements: rates.map(({ now, was }) => statementRate(now, was, spanMs)),
    pools: reading.pools.map((pool) =>
      poolRate(
        pool,
        before.pools.find(({ id }) => id === pool.id),
      ),
    ),
    loose: reading.loose,
  }
}

function statementRate(
  now: StatementReading,
  was: StatementReading | undefined,
  spanMs: number,
): StatementRate {
  const since = (
    field: 'calls' | 'ended' | 'errors' | 'totalMs' | 'rows' | 'runs' | 'runCalls' | 'runMs',
  ) => now[field] - (was?.[field] ?? 0)
  const calls = since('calls')
  const ended = since('ended')
  const { id, active, oldestActiveMs, longestRun } = now
  return {
    id,
    calls,
    active,
    oldestActiveMs,
    longestRun,
    callsPerSecond: (calls * 1000) / spanMs,
    meanMs: ended === 0 ? 0 : since('totalMs') / ended,
    load: since('totalMs') / spanMs,
    errors: since('errors'),
    rowsPerCall: ended === 0 ? 0 : since('rows') / ended,
    runs: since('runs'),
    runCalls: since('runCalls'),
    runMs: since('runMs'),
  }
}

function poolRate(now: PoolReading, was: PoolReading | undefined): PoolRate {
  const acquired = now.acquired - (was?.acquired ?? 0)
  const waitedMs = now.waitedMs - (was?.waitedMs ?? 0)
  return {
    ...now,
    requested: now.requested - (was?.requested ?? 0),
    acquired,
    released: now.released - (was?.released ?? 0),
    releasedInTransaction: now.releasedInTransaction - (was?.releasedInTransaction ?? 0),
    meanWaitMs: acquired === 0 ? 0 : waitedMs / acquired,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
