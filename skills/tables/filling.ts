/** The table that fills the heap, when little of the heap is left: growing or not. */
import type { JsonRecord } from '../json.ts'
import { locate } from './place.ts'
import { type RowParts, whereOf } from './rows.ts'
import type { Table } from './table-watch.ts'

const MB = 1_048_576
/** Live data, of what the heap may grow to, from which the heap counts as nearly full. */
export const NEARLY_FULL = 0.75
const CRITICAL = 0.9
/** Of the live data. */
const MOST_OF_IT = 0.35

/** Bytes. */
export interface HeapFullness {
  /** In use after the last full collection. */
  readonly liveBytes: number
  readonly limitBytes: number
}

/** One row at most: the table with most bytes, where it is what fills the heap. */
export function fillingRows(
  tables: readonly Table[],
  { liveBytes, limitBytes }: HeapFullness,
  parts: RowParts,
): JsonRecord[] {
  if (liveBytes < limitBytes * NEARLY_FULL) return []
  const [first] = tables.toSorted((one, other) => heapBytes(other) - heapBytes(one))
  if (first === undefined || heapBytes(first) < liveBytes * MOST_OF_IT) return []
  const found = locate(first, parts)
  if (found === undefined) return []
  const { measured } = first
  const bytes = Math.min(heapBytes(first), liveBytes)
  const { location, variableFile: file = measured.file } = found
  const { name, filler } = whereOf({ path: measured.path, file }, location, parts.root)
  const entryKb = Math.max(1, Math.round(bytes / Math.max(1, measured.size) / 1024))
  const live = `${Math.round(liveBytes / MB)} of ${Math.round(limitBytes / MB)} MB stay in use after full collections`
  return [
    {
      name: measured.path,
      kind: measured.kind,
      size: measured.size,
      approxMb: Math.round(bytes / MB),
      entryKb,
      livePct: Math.round((100 * liveBytes) / limitBytes),
      reportable: true,
      severity: liveBytes >= limitBytes * CRITICAL ? 'critical' : 'warning',
      confidence: heapBytes(first) >= liveBytes / 2 ? 'high' : 'medium',
      location: { ...location },
      sourceLine: found.sourceLine,
      observation: `The heap is nearly full (${live}), and ${name} holds about ${Math.round(bytes / MB)} MB of it: ${measured.size} entries of some ${entryKb} KB each`,
      explanation: `What ${filler} keeps in ${name} fills the heap nearly to its limit, whatever bounds the number of its entries: garbage collection runs ever more often and frees little (GC pressure, thrash), until the process runs out of memory`,
      remedy: `Bound ${name} by the size of what it holds and not only by number (a smaller max, maxSize of an LRU cache), keep less in each entry, or raise --max-old-space-size if all of it is needed`,
    },
  ]
}

function heapBytes({ measured }: Table): number {
  return measured.bytes - measured.outsideBytes
}
