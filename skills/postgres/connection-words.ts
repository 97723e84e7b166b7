/** Findings about connections in words. Pure. */
import type { Exit } from '../source/exits.ts'
import type { LeakTrouble, LooseTrouble, OpenTrouble, PoolTrouble } from './trouble.ts'
import { ms, quote, type Words } from './words.ts'

export function leakWords(
  trouble: LeakTrouble,
  place: string,
  known: {
    readonly usualMs: number | undefined
    readonly statement: string | undefined
    readonly exits: readonly Exit[]
    readonly isIdle: boolean
  },
): Words {
  const { pool, holder, fromCount } = trouble
  const count = holder.restingCount
  const isFull = pool.total >= pool.max && pool.idle === 0 && pool.waiting > 0
  const usual = known.usualMs === undefined ? '' : `, usually it is back after ${ms(known.usualMs)}`
  const grew = fromCount < count ? ` (${fromCount} when first seen)` : ''
  const waiting =
    pool.waiting === 0
      ? ''
      : `; ${pool.waiting} callers wait for a connection, the longest ${ms(pool.oldestWaitMs)}`
  const last =
    known.statement === undefined ? '' : ` The oldest ran ${quote(known.statement, 60)} last.`
  const exit =
    known.exits.length === 0 ? last : ` It can leave before that in ${exitsText(known.exits)}.`
  const name = place.replace(/ \(.*$/, '')
  return {
    observation: `${count} of ${pool.max} connections of the pg pool were checked out in ${place} and not released${grew}, the oldest for ${ms(holder.oldestMs)}${usual}${waiting}`,
    explanation: `${name} takes a client with connect() and a path through it never calls release(): ${isFull ? 'the pool is exhausted' : `the pool is being exhausted (${pool.max - count} left)`}, and then every query waits.${exit}${known.isIdle ? ' The database itself has little to do.' : ''}`,
    remedy: `Release the client on every path: try { … } finally { client.release() } in ${name}, or pool.query() where no transaction is needed${pool.connectionTimeoutMs === 0 ? '; set connectionTimeoutMillis so that callers fail instead of waiting for ever' : ''}`,
  }
}

function exitsText(exits: readonly Exit[]): string {
  const most = exits.length === 1 ? 60 : 28
  return exits.map(({ line, text }) => `line ${line} (${quote(text, most)})`).join(', ')
}

export function heldWords(
  trouble: PoolTrouble,
  place: string,
  held: { readonly count: number; readonly resting: number; readonly heldMs: number },
): Words {
  const { pool } = trouble
  return {
    observation: `${held.count} of ${pool.max} connections of the pg pool are held by ${place}, for ${ms(held.heldMs)} on average so far, ${held.resting} of them without running a query; ${pool.waiting} callers wait for a connection, the longest ${ms(pool.oldestWaitMs)}`,
    explanation: `${place} keeps its client while it does other work (a call to another service, a timer, a computation), so the pool is exhausted although the database has little to do`,
    remedy:
      'Do the other work before connect() or after release(), so that a client is held only while queries run; a larger pool only postpones it',
  }
}

export function poolWords(
  trouble: PoolTrouble,
  busiest: { readonly text: string; readonly meanMs: number; readonly place: string } | undefined,
): Words {
  const { pool, meanWaitMs, normalWaitMs } = trouble
  const what =
    busiest === undefined
      ? ''
      : `; the busiest statement is ${quote(busiest.text, 70)} of ${busiest.place}, ${ms(busiest.meanMs)} on average`
  return {
    observation: `All ${pool.max} connections of the pg pool are in use and ${pool.waiting} callers wait, the longest ${ms(pool.oldestWaitMs)}; a connection takes ${ms(meanWaitMs)} to get (${ms(normalWaitMs)} before)${what}`,
    explanation: `The pool is exhausted: more queries are asked for at the same time than its ${pool.max} connections can run`,
    remedy:
      'Ask for fewer queries at a time, make the busiest ones faster, or raise max of the pool if the database has room',
  }
}

export function openWords(
  trouble: OpenTrouble,
  place: string,
  isPoolQuery: boolean,
  open: number,
): Words {
  const how = isPoolQuery
    ? `${place} sends BEGIN with pool.query(), which gives the connection back at once: the statements that follow may run on other connections, and the transaction stays open`
    : `A path through ${place} releases its client without COMMIT or ROLLBACK: the transaction stays open on a connection that others then use, and keeps its locks`
  return {
    observation: `${trouble.count} times in ${ms(trouble.overMs)} a connection went back to the pg pool inside a transaction, checked out in ${place}; ${open} idle connections hold an open transaction now`,
    explanation: how,
    remedy: isPoolQuery
      ? 'Run a transaction on one client: const client = await pool.connect(); BEGIN … COMMIT; client.release() in a finally block'
      : 'COMMIT, or ROLLBACK in a catch block, before release(); or release(true), which closes the connection',
  }
}

export function looseWords(trouble: LooseTrouble, place: string): Words {
  const { open, fromOpen, overMs } = trouble
  return {
    observation: `${open} database connections opened in ${place} are not ended (${fromOpen} of them ${ms(overMs)} earlier)`,
    explanation: `${place} makes a client of its own with connect() each time and does not end() it: connections grow until the server refuses more`,
    remedy:
      'Share one Pool in the process instead of a Client per request, or call client.end() in a finally block',
  }
}
