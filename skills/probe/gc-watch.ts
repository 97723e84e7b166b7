import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { epochMs } from './clock.ts'
import {
  GAUGE,
  GC_FIELDS,
  GC_SLOTS,
  type HeartbeatViews,
  PAUSE_BUCKETS_MS,
  WORD,
} from './layout.ts'

/** `perf_hooks.constants.NODE_PERFORMANCE_GC_MAJOR`, and the two kinds of minor ones. */
const GC_MAJOR = 4
const GC_MINOR = [1, 2]
/** `perf_hooks.constants.NODE_PERFORMANCE_GC_FLAGS_FORCED`: `global.gc()` and the like. */
const GC_FORCED = 4
/** Minor collections shorter than this are counted, not listed. */
const LISTED_FROM_MS = 20
const memoryUsage = process.memoryUsage.bind(process)

/**
 * Observes garbage collections of this thread and writes them to the shared memory.
 *
 * Only main can see its own collections. Node delivers them after the fact and only while the
 * loop turns, so an entry may arrive after the stall that it caused.
 *
 * @returns Stops it.
 */
export function startGcWatch(views: HeartbeatViews): () => void {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) store(views, entry)
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}

function store(views: HeartbeatViews, entry: PerformanceEntry): void {
  const { words, gauges, gc } = views
  const kind = detailOf(entry, 'kind')
  const isMajor = kind === GC_MAJOR
  count(views, kind, entry.duration)
  if (isMajor && (detailOf(entry, 'flags') & GC_FORCED) !== 0)
    gauges[GAUGE.gcForcedCount] = (gauges[GAUGE.gcForcedCount] ?? 0) + 1
  if (!isMajor && entry.duration < LISTED_FROM_MS) return
  const events = words[WORD.gcEvents] ?? 0
  const base = (events % GC_SLOTS) * GC_FIELDS
  const memory = isMajor ? memoryUsage() : undefined
  gc[base] = performance.timeOrigin + entry.startTime
  gc[base + 1] = kind
  gc[base + 2] = entry.duration
  gc[base + 3] = memory?.heapUsed ?? 0
  gc[base + 4] = memory?.external ?? 0
  Atomics.store(words, WORD.gcEvents, events + 1)
  if (memory !== undefined) {
    gauges[GAUGE.heapUsedBytes] = memory.heapUsed
    gauges[GAUGE.memoryAt] = epochMs()
  }
}

function count({ gauges, pauses }: HeartbeatViews, kind: number, durationMs: number): void {
  const isMajor = kind === GC_MAJOR
  const isMinor = GC_MINOR.includes(kind)
  const counter = isMajor ? GAUGE.gcMajorCount : isMinor ? GAUGE.gcMinorCount : GAUGE.gcOtherCount
  const time = isMajor ? GAUGE.gcMajorMs : isMinor ? GAUGE.gcMinorMs : GAUGE.gcOtherMs
  gauges[counter] = (gauges[counter] ?? 0) + 1
  gauges[time] = (gauges[time] ?? 0) + durationMs
  gauges[GAUGE.gcTotalMs] = (gauges[GAUGE.gcTotalMs] ?? 0) + durationMs
  if (!isMajor && !isMinor) return
  let slot = isMajor ? PAUSE_BUCKETS_MS.length + 1 : 0
  for (const limit of PAUSE_BUCKETS_MS) {
    if (durationMs <= limit) break
    slot += 1
  }
  pauses[slot] = (pauses[slot] ?? 0) + 1
}

/** `detail` is Node's own field, missing from the web's type. */
function detailOf(entry: PerformanceEntry, name: 'kind' | 'flags'): number {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined
  return typeof detail === 'object' && detail !== null ? Number(Reflect.get(detail, name) ?? 0) : 0
}
