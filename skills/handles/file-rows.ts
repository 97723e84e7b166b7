import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { JsonRecord } from '../json.ts'
import { POOL_SLOW_MS } from '../vm/pool-rows.ts'
import { threadPoolLatencyMs } from '../vm/readings.ts'
import { countTargets, readTargets } from './descriptors.ts'
import { type HandleParts, perMinute, placeColumns, placeIn, riseText } from './parts.ts'
import { numberOf, recordsOf } from './reading.ts'

/** The places that open the files whose descriptors pile up, within a short window. */
export async function fileRows(parts: HandleParts, watchMs: number): Promise<JsonRecord[]> {
  const { access } = parts.context
  // it sets and clears a timer, which must not happen inside an interrupt of main
  const call = { timeoutMs: 2000, mayInterrupt: false }
  await access.invoke('handles.beginOpens', null, call)
  await delay(watchMs, undefined, { ref: false })
  const answer = await access.invoke('handles.endOpens', null, call)
  // closing waits for the thread pool too: what is open longer then is no leak
  if ((await threadPoolLatencyMs(1000)) >= POOL_SLOW_MS) return []
  const grown = grownTargets(parts.watch.quietTargets, countTargets(readTargets()))
  const rows = recordsOf(answer.value).map((row) => fileRow(row, grown, parts))
  const total = [...grown.values()].reduce((sum, count) => sum + count, 0)
  return withMain(rows, total).sort(
    (left, right) => numberOf(right['left']) - numberOf(left['left']),
  )
}

/** A place that closes most of what it opens and still opened most of what is left is told as well. */
export function withMain(rows: readonly JsonRecord[], total: number): JsonRecord[] {
  if (rows.some(({ reportable }) => reportable === true)) return [...rows]
  const [main] = rows
    .filter((row) => row['isRising'] === true && numberOf(row['left']) >= Math.max(5, total / 2))
    .toSorted((one, other) => numberOf(other['openPct']) - numberOf(one['openPct']))
  return rows.map((row) =>
    row === main ? { ...row, reportable: true, severity: 'warning', confidence: 'medium' } : row,
  )
}

/** Files with more open descriptors than while all was quiet, by path. */
export function grownTargets(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Map<string, number> {
  const grown = new Map<string, number>()
  for (const [target, count] of after) {
    const more = count - (before.get(target) ?? 0)
    if (target.startsWith('/') && more > 0) grown.set(target, more)
  }
  return grown
}

function fileRow(
  row: Readonly<Record<string, unknown>>,
  grown: ReadonlyMap<string, number>,
  parts: HandleParts,
): JsonRecord {
  const place = placeIn(parts, String(row['stack']))
  const columns = placeColumns(parts, place)
  const rise = parts.watch.growing().find((growing) => growing.what === 'files')?.rise
  const paths = Array.isArray(row['paths']) ? row['paths'].map(String) : []
  const open = paths.filter((path) => grown.has(path))
  const left = [...new Set(open)].reduce((sum, path) => sum + (grown.get(path) ?? 0), 0)
  const share = open.length / Math.max(1, paths.length)
  const [example] = open
  const reportable = rise !== undefined && place !== undefined && share >= 0.5
  const where = columns.where
  const of =
    example === undefined
      ? ''
      : `, such as ${new Set(open).size > 1 ? `${dirname(example)}/…` : example}`
  return {
    ...columns,
    opened: numberOf(row['opened']),
    left,
    openPct: Math.round(share * 100),
    example: example ?? paths.at(-1) ?? null,
    grownBy: rise === undefined ? 0 : rise.to - rise.from,
    growthPerMinute: rise === undefined ? 0 : perMinute(rise),
    isRising: rise !== undefined && place !== undefined,
    reportable,
    severity: reportable ? 'warning' : 'info',
    confidence: share >= 0.8 ? 'high' : 'medium',
    observation: `Open file descriptors keep growing${rise === undefined ? '' : ` ${riseText(rise)}`}: ${where} opened ${numberOf(row['opened'])} files while it was watched, and ${Math.round(share * 100)} % of those looked at are still open${of}`,
    explanation: `File descriptor leak: ${where} opens files and never closes them, so that descriptors accumulate until the process reaches its limit (EMFILE: too many open files)`,
    remedy: `Close the file in ${where}: a finally block with close() around the use of the handle, or readFile/pipeline, which close by themselves, also on the early-return and error paths`,
  }
}
