import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { epochMs } from './clock.ts'
import { registeredCount } from './collections.ts'
import {
  GAUGE,
  type HeartbeatViews,
  LATENESS_SLOTS,
  SPACE_FIELDS,
  SPACE_SLOTS,
  WORD,
} from './layout.ts'
import { oldLimitBytes } from './old-limit.ts'

const every = setInterval
const cancel = clearInterval
const loopTime = performance.eventLoopUtilization.bind(performance)
const memoryUsage = process.memoryUsage.bind(process)
const options = [...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/), ...process.execArgv]
/** Memory is read each second: the read costs about 20 microseconds. */
const MEMORY_EVERY_MS = 1000

/**
 * Starts the heartbeat: each beat stores the time, its own lateness and the loop's busy time.
 *
 * At 50 ms it costs main about 0.3 % of a core when idle and nothing that can be measured under
 * load (reference: introspection.md section 4). The timer is unref'd: it holds no process open.
 *
 * @returns Stops it.
 */
export function startHeartbeat(
  views: HeartbeatViews,
  heartbeatMs: number,
  isAttached: boolean,
): () => void {
  const { words, gauges, lateness, spaces } = views
  let last = epochMs()
  let memoryAt = 0
  gauges[GAUGE.startedAt] = isAttached ? 0 : last - process.uptime() * 1000
  gauges[GAUGE.beatAt] = last
  gauges[GAUGE.heartbeatMs] = heartbeatMs

  const timer = every(() => {
    const at = epochMs()
    const slot = words[WORD.latenesses] ?? 0
    lateness[slot % LATENESS_SLOTS] = Math.max(0, at - last - heartbeatMs)
    words[WORD.latenesses] = slot + 1
    last = at
    const loop = loopTime()
    gauges[GAUGE.loopActiveMs] = loop.active
    gauges[GAUGE.loopIdleMs] = loop.idle
    gauges[GAUGE.beatAt] = at
    Atomics.add(words, WORD.beats, 1)
    if (at - memoryAt >= MEMORY_EVERY_MS) {
      memoryAt = at
      storeMemory(gauges, spaces, at)
      words[WORD.registered] = registeredCount()
    }
  }, heartbeatMs)
  timer.unref()
  storeMemory(gauges, spaces, last)
  return () => cancel(timer)
}

function storeMemory(gauges: Float64Array, spaces: Float64Array, at: number): void {
  const memory = memoryUsage()
  gauges[GAUGE.heapUsedBytes] = memory.heapUsed
  gauges[GAUGE.heapTotalBytes] = memory.heapTotal
  gauges[GAUGE.externalBytes] = memory.external
  gauges[GAUGE.arrayBufferBytes] = memory.arrayBuffers
  const heap = getHeapStatistics()
  gauges[GAUGE.heapLimitBytes] = heap.heap_size_limit
  gauges[GAUGE.oldLimitBytes] = oldLimitBytes(options, heap.heap_size_limit)
  gauges[GAUGE.mallocedBytes] = heap.malloced_memory
  gauges[GAUGE.globalHandleBytes] = heap.used_global_handles_size
  gauges[GAUGE.nativeContexts] = heap.number_of_native_contexts
  gauges[GAUGE.detachedContexts] = heap.number_of_detached_contexts
  gauges[GAUGE.memoryAt] = at
  for (const [index, space] of getHeapSpaceStatistics().entries()) {
    if (index >= SPACE_SLOTS) break
    const base = index * SPACE_FIELDS
    spaces[base] = space.space_size
    spaces[base + 1] = space.space_used_size
    spaces[base + 2] = space.physical_space_size
  }
}
