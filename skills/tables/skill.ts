import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import {
  type BuiltInCallback,
  type BuiltInSkill,
  builtInCallback,
  countInput,
} from '../built-in-skill.ts'
import type { DrillStep } from '../contract.ts'
import type { HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import type { Json, JsonRecord } from '../json.ts'
import { MEMORY_CONSEQUENCES } from '../memory-consequences.ts'
import { OVERLOAD_TYPES } from '../overload/types.ts'
import { WORD } from '../probe/layout.ts'
import { ROW_WORDS } from '../row-words.ts'
import type { HeapWatch } from '../vm/heap-watch.ts'
import { fillingRows, type HeapFullness, NEARLY_FULL } from './filling.ts'
import type { QuietLook } from './quiet-look.ts'
import { type RowParts, tableRow } from './rows.ts'
import type { Table, TableWatch } from './table-watch.ts'

const PROMPT = `You watch the large collections of the application: Maps, Sets, arrays and objects that its modules,
closures and listeners hold, and those that it registered by name. You look for the one that never stops growing.
Normal: caches that fill up to a limit (verdict bounded), evict (evicting) or slow down (warming), and tables that stay the
same (stable). Only the verdict 'leak' is a finding: it grows, keeps its oldest entry and heeds no limit. approxMb is an
estimate from a few entries. outsideMb counts Buffers, which are not on the JS heap. Use tables_growing first; it
watches for some seconds and names the function and line that fill each table.`

const DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'growing',
    when: [{ field: 'isSuspicious', equals: true }],
    code: 'return tables_growing({ limit = 10, watchSeconds = 3 })',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      type: 'tables_unbounded_growth',
      ...ROW_WORDS,
      context:
        'Heap in use {snapshot.heapUsedMb} MB, floor growing by {snapshot.heapFloorGrowthMbPerMinute} MB a minute; external memory {snapshot.externalMb} MB, growing by {snapshot.externalGrowthMbPerMinute} MB a minute',
      evidence: [
        'name',
        'kind',
        'size',
        'growthPerMinute',
        'approxMb',
        'outsideMb',
        'growthMbPerMinute',
        'observedSeconds',
        'oldestKept',
        'bound',
        'sourceLine',
      ],
      explains: [
        ...OVERLOAD_TYPES,
        'vm_heapUsedPct',
        'vm_gcSharePct',
        'vm_rssPctOfMemory',
        'vm_events_long_gc',
        ...MEMORY_CONSEQUENCES,
        'tables_fills_heap',
      ],
    },
  },
  {
    id: 'filling',
    when: [{ field: 'heapLivePct', above: 100 * NEARLY_FULL }],
    code: 'return tables_filling({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'tables_fills_heap',
      context:
        'Heap in use {snapshot.heapUsedMb} MB, {snapshot.heapLivePct} % of the limit live after the last full collection',
      evidence: ['name', 'kind', 'size', 'approxMb', 'entryKb', 'livePct', 'sourceLine'],
      explains: [
        ...OVERLOAD_TYPES,
        'vm_heapUsedPct',
        'vm_gcSharePct',
        'vm_rssPctOfMemory',
        'vm_loopDelayP99Ms',
        'vm_events_long_gc',
        'http_server_slow',
        'http_requests_hang',
        ...MEMORY_CONSEQUENCES,
      ],
    },
  },
]

const MB = 1_048_576
/** What entries weigh is known from the last census; while the heap fills it is old soon. */
const WEIGHED_MS = 2000

export interface TablesParts extends RowParts {
  readonly reader: HeartbeatReader
  readonly heap: HeapWatch
  readonly tables: TableWatch
  readonly look: Pick<QuietLook, 'told'>
}

/** Large collections, who fills them, and which of them leaks. */
export function tablesSkill(parts: TablesParts): BuiltInSkill {
  return {
    id: 'tables',
    title: 'Collections that grow',
    description: 'Large Maps, Sets, arrays and Buffer stores: size, growth, who fills them; leaks.',
    systemPrompt: PROMPT,
    watch: [],
    drilldown: DRILLDOWN,
    snapshot: async () => ({ data: snapshot(parts), via: 'outside' }),
    callbacks: callbacksOf(parts),
  }
}

function callbacksOf(parts: TablesParts): Record<string, BuiltInCallback> {
  const { tables } = parts
  const limit = countInput(1, 50, 10)
  return {
    tables_growing: builtInCallback({
      doc: 'Takes a census of large collections, watches them for some seconds, and gives those that grow, by bytes, worst first: name, kind, size, growthPerMinute, verdict (leak, evicting, bounded, warming), location {file, line, function} of the code that fills it, observation, explanation, remedy. { limit = 10, watchSeconds = 4 }',
      input: v.strictObject({ limit, watchSeconds: countInput(1, 20, 4) }),
      effect: { probe: { mainPauseMs: 150 } },
      defaultTimeoutMs: 30_000,
      run: async (input) => {
        await tables.refresh()
        await watchFor(tables, input.watchSeconds)
        const growing = tables.tables().filter((table) => table.trend.growthPerMinute > 0)
        return rowsOf(growing.slice(0, input.limit), parts)
      },
    }),
    tables_largest: builtInCallback({
      doc: 'The largest collections by number of entries, with who holds them, from a census (at most 30 s old). { limit = 10 }',
      input: v.strictObject({ limit }),
      effect: { probe: { mainPauseMs: 150 } },
      defaultTimeoutMs: 15_000,
      run: async (input) => {
        await tables.refresh()
        const all = tables.tables().sort((left, right) => right.measured.size - left.measured.size)
        return rowsOf(all.slice(0, input.limit), parts)
      },
    }),
    ...quietCallbacks(parts),
  }
}

function quietCallbacks(parts: TablesParts): Record<string, BuiltInCallback> {
  const { tables } = parts
  return {
    tables_filling: builtInCallback({
      doc: 'When live data comes near the heap limit: the table that holds most of it, growing or not (a cache that is bounded in number and not in size): name, kind, size, approxMb, entryKb, livePct, location of the code that fills it, observation, explanation, remedy. Empty while the heap has room, or no table stands out.',
      input: v.strictObject({}),
      effect: { probe: { mainPauseMs: 150 } },
      defaultTimeoutMs: 15_000,
      run: async () => {
        await tables.refresh(WEIGHED_MS)
        return fillingRows(tables.tables(), fullnessOf(parts), parts)
      },
    }),
    tables_registered: builtInCallback({
      doc: 'The collections that the application registered by name: size and signed growth a minute. { limit = 10 }',
      input: v.strictObject({ limit: countInput(1, 50, 10) }),
      run: (input) => {
        const registered = tables.tables().filter((table) => table.isRegistered)
        return rowsOf(registered.slice(0, input.limit), parts)
      },
    }),
  }
}

/** Reads the sizes every 700 ms until what is known spans the time, or the time is over. */
async function watchFor(tables: TableWatch, seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000
  const spanMs = (): number =>
    Math.max(0, ...tables.tables().map((table) => table.trend.observedMs))
  while (performance.now() < until && spanMs() < seconds * 1000) {
    await delay(700, undefined, { ref: false })
    await tables.measure()
  }
}

function rowsOf(tables: readonly Table[], parts: TablesParts): Json[] {
  const growth = parts.heap.growth()
  const memory = {
    heapGrows: growth.heap !== undefined,
    externalGrows: growth.external !== undefined,
    heapRose: parts.tables.isArmed,
  }
  return tables.map((table) => tableRow(table, memory, parts))
}

function fullnessOf({ reader, heap }: Pick<TablesParts, 'reader' | 'heap'>): HeapFullness {
  return {
    liveBytes: heap.floors().at(-1)?.bytes ?? 0,
    limitBytes: Math.max(1, reader.gauge('oldLimitBytes')),
  }
}

function snapshot({ reader, heap, tables, look }: TablesParts): JsonRecord {
  const { liveBytes, limitBytes } = fullnessOf({ reader, heap })
  const growth = heap.growth()
  const registered = tables.tables().filter((table) => table.isRegistered)
  const perMinute = (what: 'heap' | 'external'): number => {
    const known = growth[what]
    if (known === undefined) return 0
    return (
      Math.round(
        ((known.toBytes - known.fromBytes) / MB) * (60_000 / Math.max(known.overMs, 1)) * 10,
      ) / 10
    )
  }
  const leaking = registered.filter(
    (table) => table.trend.verdict === 'leak' && table.trend.observedMs > 10_000,
  )
  return {
    isSuspicious:
      growth.heap !== undefined ||
      growth.external !== undefined ||
      leaking.length > 0 ||
      look.told > 0 ||
      heap.hasRisen,
    heapUsedMb: Math.round(reader.gauge('heapUsedBytes') / MB),
    heapLivePct: Math.round((100 * liveBytes) / limitBytes),
    heapFloorGrowthMbPerMinute: perMinute('heap'),
    externalMb: Math.round(reader.gauge('externalBytes') / MB),
    externalGrowthMbPerMinute: perMinute('external'),
    registeredCount: Atomics.load(reader.words, WORD.registered),
    registeredGrowing: leaking.length,
    knownTables: tables.tables().length,
  }
}
