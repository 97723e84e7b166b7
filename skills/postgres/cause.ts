/** Why a statement is slow, from its plan and the statistics of the tables. Pure. */
import { type JsonRecord, textOf } from '../json.ts'
import type { FullScan, Plan } from './plan.ts'
import type { SlowCause } from './query-words.ts'

/** A smaller table is read from end to end in no time. */
const LARGE_ROWS = 2000
/** An index pays when it leaves at most this share of the rows. */
const SELECTIVE = 0.2
const MANY_ROWS = 1000

export function slowCauseOf(
  plan: Plan | undefined,
  tables: readonly JsonRecord[],
  indexes: readonly JsonRecord[],
  rowsPerCall: number,
): SlowCause {
  const scans = (plan?.scans ?? [])
    .map((scan) => ({ scan, rows: rowsOf(tables, scan) }))
    .filter(({ rows }) => rows >= LARGE_ROWS)
    .toSorted((left, right) => right.rows - left.rows)
  for (const { scan, rows } of scans) {
    const columns = [...scan.equal, ...scan.ranged]
    const isSelective = scan.keptRows <= rows * SELECTIVE
    const isServed = indexes.some((index) => leads(index, scan.table, columns))
    if (columns.length > 0 && isSelective && !isServed) return { type: 'no-index', scan, rows }
    if (scan.wrapped !== undefined && isSelective) return { type: 'wrapped', scan, rows }
  }
  const [largest] = scans
  if (rowsPerCall >= MANY_ROWS) return { type: 'rows', rowsPerCall }
  if (largest !== undefined) return { type: 'full', ...largest }
  return { type: 'unknown', outline: plan?.outline }
}

function rowsOf(tables: readonly JsonRecord[], scan: FullScan): number {
  const rows = tables.filter(({ table }) => table === scan.table).map((row) => Number(row['rows']))
  return Math.max(scan.keptRows, ...rows.filter(Number.isFinite))
}

/** An index of the table whose first column is one of these. */
function leads(index: JsonRecord, table: string, columns: readonly string[]): boolean {
  const first = /\(\s*"?(\w+)"?/.exec(textOf(index['definition']))?.[1]
  return index['table'] === table && first !== undefined && columns.includes(first)
}

/** One lock that others wait for: the transaction at the root of the queue. */
export interface LockRoot {
  readonly pid: number
  readonly application: string
  readonly transactionMs: number
  /** Since when it runs nothing; undefined: it runs a statement. */
  readonly idleMs: number | undefined
  /** Backends that wait for it, directly or behind others, and the longest wait. */
  readonly waiters: readonly number[]
  readonly waitMs: number
  /** Not the server's word. */
  readonly isGuess?: boolean
}

/** The transactions that hold up most others, most first. */
export function lockRoots(activity: readonly JsonRecord[]): LockRoot[] {
  const byPid = new Map(activity.map((row) => [Number(row['pid']), row]))
  const waiters = new Map<number, number[]>()
  for (const [pid, row] of byPid) {
    const root = rootOf(row, byPid)
    if (root !== undefined && root !== pid) waiters.set(root, [...(waiters.get(root) ?? []), pid])
  }
  return [...waiters]
    .map(([pid, waiting]): LockRoot => {
      const row = byPid.get(pid)
      const waits = waiting.map((other) => Number(byPid.get(other)?.['query_ms'] ?? 0))
      return {
        pid,
        application: textOf(row?.['application_name'], '') || '(no name)',
        transactionMs: Number(row?.['transaction_ms'] ?? 0),
        idleMs: textOf(row?.['state']).startsWith('idle')
          ? Number(row?.['state_ms'] ?? 0)
          : undefined,
        waiters: waiting,
        waitMs: Math.max(0, ...waits),
      }
    })
    .toSorted((left, right) => right.waiters.length - left.waiters.length)
}

/** Follows who blocks whom to the end; a circle ends where it began. */
function rootOf(row: JsonRecord, byPid: ReadonlyMap<number, JsonRecord>): number | undefined {
  const seen = new Set<number>()
  let current: JsonRecord | undefined = row
  let root: number | undefined
  while (current !== undefined) {
    const [next] = textOf(current['blocked_by'], '')
      .split(',')
      .filter((pid) => pid !== '')
      .map(Number)
    if (next === undefined || seen.has(next)) return root
    seen.add(next)
    root = next
    current = byPid.get(next)
  }
  return root
}
