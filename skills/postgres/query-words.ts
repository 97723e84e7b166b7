/** Findings about queries in words. Pure. */
import type { FullScan } from './plan.ts'
import type { ErrorTrouble, RunTrouble, SlowTrouble, StuckTrouble } from './trouble.ts'
import { count, ms, quote, rate, type Words } from './words.ts'

export function slowWords(
  trouble: SlowTrouble,
  place: string,
  text: string,
  cause: SlowCause,
): Words {
  const { meanMs, load, share, callsPerSecond, normalMs, normalPerSecond, overMs } = trouble
  const was =
    normalMs === undefined
      ? 'not seen before'
      : `${ms(normalMs)} at ${rate(normalPerSecond)} before`
  const observation = `The query ${quote(text, 110)} of ${place} took ${ms(meanMs)} on average at ${rate(callsPerSecond)} over the last ${ms(overMs)} (${was}): ${Math.round(share * 100)} % of the time spent in the database, ${load.toFixed(1)} connections always busy with it`
  return { observation, ...slowCause(cause, place, trouble.waiting > 0) }
}

/** Why a statement is slow. */
export type SlowCause =
  | { readonly type: 'no-index'; readonly scan: FullScan; readonly rows: number }
  | { readonly type: 'wrapped'; readonly scan: FullScan; readonly rows: number }
  | { readonly type: 'full'; readonly scan: FullScan; readonly rows: number }
  | { readonly type: 'rows'; readonly rowsPerCall: number }
  | { readonly type: 'unknown'; readonly outline: string | undefined }

function noIndex(
  { scan, rows }: Extract<SlowCause, { type: 'no-index' }>,
  place: string,
  behind: string,
): Pick<Words, 'explanation' | 'remedy'> {
  const columns = [...scan.equal, ...scan.ranged]
  const sorted = scan.sortedBy.filter((key) => !columns.includes(key.replace(/ .*$/, '')))
  return {
    explanation: `A slow query: no index serves ${columns.join(', ')} of the table ${scan.table}, so each call of ${place} is a sequential scan of its ${count(rows)} rows (EXPLAIN: Seq Scan on ${scan.table}, filter ${quote(scan.filter, 70)})${behind}`,
    remedy: `CREATE INDEX CONCURRENTLY ON ${scan.table} (${[...columns, ...sorted].join(', ')}); then EXPLAIN again`,
  }
}

function slowCause(
  cause: SlowCause,
  place: string,
  isQueueing: boolean,
): Pick<Words, 'explanation' | 'remedy'> {
  const behind = isQueueing ? '; other queries only queue behind it' : ''
  switch (cause.type) {
    case 'no-index':
      return noIndex(cause, place, behind)
    case 'wrapped': {
      const { scan, rows } = cause
      return {
        explanation: `A slow query: it compares ${scan.wrapped ?? 'an expression'} and no index on ${scan.table} can serve that expression, so each call of ${place} is a sequential scan of ${count(rows)} rows`,
        remedy: `Create an index on the expression (CREATE INDEX CONCURRENTLY ON ${scan.table} ((${scan.wrapped ?? 'expression'}))), or compare the bare column with a value of its own type`,
      }
    }
    case 'full':
      return {
        explanation: `A slow query: each call of ${place} reads the whole table ${cause.scan.table} (EXPLAIN: Seq Scan, ${count(cause.rows)} rows)`,
        remedy:
          'Restrict it with a condition that an index serves, add a LIMIT, or cache the result',
      }
    case 'rows':
      return {
        explanation: `A slow query: each call of ${place} fetches ${count(cause.rowsPerCall)} rows`,
        remedy: 'Add a LIMIT (paging by key), select fewer columns, or aggregate in the database',
      }
    case 'unknown':
      return {
        explanation: `A slow query: ${place} spends most of the time in the database${cause.outline === undefined ? '; its plan could not be read' : ` (plan: ${cause.outline.slice(0, 150)})`}`,
        remedy:
          'EXPLAIN (ANALYZE, BUFFERS) it on a copy, and look at statistics, locks and the load of the server',
      }
  }
}

export function stuckWords(trouble: StuckTrouble, place: string, text: string): Words {
  const { statement, normalMs } = trouble
  const usual = normalMs === undefined ? '' : `, usually it takes ${ms(normalMs)}`
  return {
    observation: `${statement.active} executions of ${quote(text, 110)} of ${place} have not ended, the oldest for ${ms(statement.oldestActiveMs)}${usual}`,
    explanation: `The query of ${place} waits in the database, most likely for a lock that another transaction holds; the server did not say which`,
    remedy:
      'Look at pg_stat_activity (wait_event_type, pg_blocking_pids) for the transaction that blocks it; set lock_timeout and statement_timeout',
  }
}

export function lockWords(
  wait: {
    readonly text: string
    readonly place: string
    readonly waitMs: number
    readonly waiters: number
  },
  holder: {
    readonly place: string | undefined
    /** It gave its client back without ending the transaction. */
    readonly isReleased: boolean
    readonly application: string
    readonly pid: number
    readonly transactionMs: number
    readonly idleMs: number | undefined
    readonly statement: string | undefined
  },
): Words {
  const who =
    holder.place ??
    `backend ${holder.pid} of ${holder.application}, which is no client of a pool here`
  const idle =
    holder.idleMs === undefined
      ? 'running a statement'
      : `idle in transaction for ${ms(holder.idleMs)}`
  const last =
    holder.statement === undefined ? '' : `, its last statement ${quote(holder.statement, 60)}`
  return {
    observation: `${wait.waiters} queries wait for a lock, the longest ${ms(wait.waitMs)}, such as ${quote(wait.text, 70)} of ${wait.place}; they are blocked by a transaction of ${who}, open for ${ms(holder.transactionMs)} and ${idle}${last}`,
    explanation: `The transaction of ${who} holds its row or table locks ${holder.isReleased ? 'although its client went back to the pool without COMMIT or ROLLBACK' : holder.idleMs === undefined ? 'while it runs long' : 'while it waits for something other than the database, or was never committed'}: everything that needs the same rows queues behind it`,
    remedy:
      'Keep transactions short: no calls to other services between BEGIN and COMMIT, COMMIT or ROLLBACK in a finally block; set lock_timeout and idle_in_transaction_session_timeout',
  }
}

export function runWords(
  trouble: RunTrouble,
  place: string,
  text: string,
  leader: string | undefined,
): Words {
  const { length, runMs, runsPerSecond, share, normalLength } = trouble
  const after = leader === undefined ? '' : `, after ${quote(leader, 60)}`
  const before =
    normalLength === 0 ? 'not seen before' : `at most ${Math.round(normalLength)} before`
  return {
    observation: `${place} runs the query ${quote(text, 80)} ${Math.round(length)} times per request on average (${before})${after}: ${ms(runMs)} each time, ${runsPerSecond.toFixed(1)} times a second, ${Math.round(share * 100)} % of all queries`,
    explanation: `An N+1 pattern: ${place} sends one query per row in a loop instead of one for all rows`,
    remedy:
      'Fetch all rows with one query: a JOIN, or WHERE id = ANY($1) with the list of ids; cap the size of the list (LIMIT)',
  }
}

export function errorWords(
  trouble: ErrorTrouble,
  place: string | undefined,
  text: string,
  errors: { readonly code: string; readonly message: string },
): Words {
  const { overMs } = trouble
  const many = `${trouble.errors} of ${trouble.calls}`
  if (trouble.statement === 0)
    return {
      observation: `${trouble.errors} attempts to connect to the database failed in ${ms(overMs)} (${errors.code})`,
      explanation: CONNECT_CAUSES[errors.code] ?? `The database cannot be reached (${errors.code})`,
      remedy:
        'Check that the server is up and has free connections (max_connections), and the address and credentials of the pool',
    }
  return {
    observation: `${many} executions of ${quote(text, 90)} of ${place ?? 'an unknown place'} failed in ${ms(overMs)}: ${errors.code} ${errors.message}`,
    explanation:
      CAUSES[errors.code] ?? `The query of ${place ?? 'the application'} fails: ${errors.message}`,
    remedy:
      REMEDIES[errors.code] ??
      'Correct the statement or its values, and handle the error where it is called',
  }
}

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CONNECT_CAUSES: Readonly<Record<string, string>> = {
  '53300': 'The server has no connection left: too many clients already',
  '28P01': 'The password is wrong',
  '3D000': 'The database does not exist',
  '57P03': 'The server is starting up or shutting down',
  ECONNREFUSED:
    'Nothing listens at the address of the database: it is down, or the address is wrong',
}
const CAUSES: Readonly<Record<string, string>> = {
  '40P01':
    'Deadlock: transactions lock the same rows in different orders, and the server aborts one of them',
  '40001': 'Concurrent transactions conflict (serialization failure)',
  '23505': 'The same key is inserted twice (unique violation)',
  '57014': 'The statement was cancelled, as by statement_timeout',
  '55P03': 'A lock was not available in time (lock_timeout)',
}
const REMEDIES: Readonly<Record<string, string>> = {
  '40P01':
    'Lock rows in one order everywhere (ORDER BY id … FOR UPDATE), keep transactions short, retry 40P01',
  '40001': 'Retry the transaction on 40001, and keep it short',
  '23505': 'Use INSERT … ON CONFLICT, or look for the double submission',
}
