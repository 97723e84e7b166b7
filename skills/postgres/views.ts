import type { Json } from '../json.ts'
import type { Book } from './book.ts'
import type { PostgresWatch } from './watch.ts'

export const STATEMENT_ORDERS = ['time', 'calls', 'errors', 'repetition'] as const
export type StatementOrder = (typeof STATEMENT_ORDERS)[number]

/** The pools now. */
export function poolRows(book: Book, watch: PostgresWatch): Json {
  const rates = watch.history.intervals.at(-1)?.pools ?? []
  return (watch.last?.pools ?? []).map((pool) => ({
    id: pool.id,
    max: pool.max,
    total: pool.total,
    idle: pool.idle,
    waiting: pool.waiting,
    longestWaitMs: pool.oldestWaitMs,
    connectionTimeoutMs: pool.connectionTimeoutMs,
    meanWaitMs: round(rates.find(({ id }) => id === pool.id)?.meanWaitMs ?? 0),
    holders: pool.holders.map(({ site, count, restingCount, oldestMs, inTransaction }) => ({
      place: book.place(site)?.text ?? 'unknown',
      count,
      restingCount,
      oldestMs,
      inTransaction,
    })),
  }))
}

/** Statements since the start. */
export function statementRows(
  book: Book,
  watch: PostgresWatch,
  limit: number,
  by: StatementOrder,
): Json {
  const rows = book.details.statements.flatMap((detail) => {
    const counts = watch.history.statement(detail.id)
    if (counts === undefined) return []
    const { id, calls, errors, totalMs, active, longestRun, ended, rows: rowCount } = counts
    const row = {
      id,
      calls,
      errors,
      active,
      totalMs: round(totalMs),
      text: detail.text,
      meanMs: round(totalMs / Math.max(1, ended)),
      maxMs: detail.maxMs,
      rowsPerCall: round(rowCount / Math.max(1, ended)),
      callers: detail.callers.map(({ site }) => book.place(site, 'query')?.text ?? 'unknown'),
      repeatedInRequest: longestRun,
      errorCodes: { ...detail.codes },
    }
    const rank = { time: totalMs, calls, errors, repetition: longestRun }
    return [{ row, rank: rank[by] }]
  })
  return rows
    .toSorted((left, right) => right.rank - left.rank)
    .slice(0, limit)
    .map(({ row }) => row)
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
