import type { Symptom } from '../gateway/signal.ts'
import { textOf } from '../json.ts'
import type { HeapWatch } from '../vm/heap-watch.ts'
import { type RowParts, tableRow } from './rows.ts'
import type { TableWatch } from './table-watch.ts'

/** A leak is told without being asked when it has been seen to grow for so long. */
const LEAST_MS = 4500
/** Of those that grow most. */
const LOOKED_AT = 6

export interface QuietLookParts extends RowParts {
  readonly tables: TableWatch
  readonly heap: HeapWatch
  readonly raise: (symptom: Symptom) => void
}

/**
 * Tells of tables that leak while memory as a whole proves nothing yet: V8 collects rarely while memory is
 * plentiful, so that the heap's floor may be known only minutes later.
 *
 * Only after a reason to look, while sizes are read each second.
 */
export class QuietLook {
  readonly #parts: QuietLookParts
  readonly #told = new Set<string>()

  constructor(parts: QuietLookParts) {
    this.#parts = parts
  }

  /** Called once a second. */
  tick(): void {
    const { tables, heap, raise } = this.#parts
    if (!tables.isArmed) return
    const growth = heap.growth()
    const memory = {
      heapGrows: growth.heap !== undefined,
      externalGrows: growth.external !== undefined,
      heapRose: tables.isArmed,
    }
    for (const table of tables.tables().slice(0, LOOKED_AT)) {
      if (table.trend.verdict !== 'leak' || table.trend.observedMs < LEAST_MS) continue
      const row = tableRow(table, memory, this.#parts)
      const name = textOf(row['name'])
      if (row['reportable'] !== true || this.#told.has(name)) continue
      this.#told.add(name)
      const severity = row['severity'] === 'critical' ? 'critical' : 'warning'
      raise({
        skill: 'tables',
        key: `leak ${name}`,
        severity,
        reason: `Memory: ${textOf(row['observation'])}.`,
      })
    }
  }

  /** Tables that were told of. */
  get told(): number {
    return this.#told.size
  }
}
