/**
 * The probe of a worker of the application: a heartbeat, its memory and its collections, on the
 * board. It comes by `nodelens/register`, which workers inherit, or is brought by the gateway
 * through the inspector. It loads nothing but Node's own modules and holds no thread alive.
 */
import { executionAsyncId } from 'node:async_hooks'
import { readlinkSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { getEnvironmentData, isMainThread, threadId } from 'node:worker_threads'
import { epochMs } from '../probe/clock.ts'
import { BOARD_OFFSET, HEARTBEAT_BYTES } from '../probe/layout.ts'
import { PROBE_KEY } from '../probe/probe-key.ts'
import { createTick } from '../probe/tick.ts'
import {
  BOARD_KEY,
  claimSlot,
  ENTRY_BYTES,
  FLOOR_SLOTS,
  SLOT_ALIVE,
  SLOT_ENDED,
  SLOT_GAUGE,
  SLOT_WORD,
  type SlotViews,
} from './board.ts'

const every = setInterval
const loopTime = performance.eventLoopUtilization.bind(performance)
const memoryUsage = process.memoryUsage.bind(process)
/** Half as often as main's: a worker's loop serves nobody directly. */
const HEARTBEAT_MS = 100
const MEMORY_EVERY_MS = 1000
/** `perf_hooks.constants.NODE_PERFORMANCE_GC_MAJOR`. */
const GC_MAJOR = 4

/**
 * Puts the calling worker on the board.
 *
 * @returns Whether it is there now; false in main, without nodelens in main, or when the board is full.
 */
export function joinBoard(): boolean {
  if (isMainThread) return false
  if (Reflect.has(globalThis, PROBE_KEY)) return true
  const memory = getEnvironmentData(BOARD_KEY)
  if (!(memory instanceof SharedArrayBuffer) || memory.byteLength !== HEARTBEAT_BYTES) return false
  const views = claimSlot(memory, BOARD_OFFSET)
  if (views === undefined) return false
  describe(views)
  Object.defineProperty(globalThis, PROBE_KEY, { value: workerRecord(views), configurable: true })
  startBeating(views)
  watchCollections(views)
  process.once('exit', () => Atomics.store(views.words, SLOT_WORD.state, SLOT_ENDED))
  Atomics.store(views.words, SLOT_WORD.state, SLOT_ALIVE)
  return true
}

function describe({ words, gauges, floors, entry }: SlotViews): void {
  words.fill(0, SLOT_WORD.threadId)
  gauges.fill(0)
  floors.fill(0)
  words[SLOT_WORD.threadId] = threadId
  words[SLOT_WORD.kernelId] = kernelId()
  // A worker made of text has no file; V8 names it so in stacks.
  const text = new TextEncoder().encode(process.argv[1] ?? '[data url]').subarray(0, ENTRY_BYTES)
  entry.set(text)
  words[SLOT_WORD.entryBytes] = text.length
  const at = epochMs()
  gauges[SLOT_GAUGE.startedAt] = at
  gauges[SLOT_GAUGE.beatAt] = at
  gauges[SLOT_GAUGE.heartbeatMs] = HEARTBEAT_MS
  storeMemory(gauges, at)
}

/** 0 where there is no /proc. */
function kernelId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1) ?? 0)
  } catch {
    return 0
  }
}

function startBeating(views: SlotViews): void {
  const beat = createBeat(views)
  every(beat, HEARTBEAT_MS).unref()
  watchWaits(views, beat)
}

function createBeat({ words, gauges }: SlotViews): () => void {
  let memoryAt = epochMs()
  return () => {
    const at = epochMs()
    const loop = loopTime()
    gauges[SLOT_GAUGE.loopActiveMs] = loop.active
    gauges[SLOT_GAUGE.loopIdleMs] = loop.idle
    gauges[SLOT_GAUGE.beatAt] = at
    Atomics.add(words, SLOT_WORD.beats, 1)
    if (at - memoryAt < MEMORY_EVERY_MS) return
    memoryAt = at
    storeMemory(gauges, at)
  }
}

/**
 * A pool whose workers wait for the next task in `Atomics.wait` (piscina, tinypool) never turns its
 * loop, and no timer runs there. Each wait is the end of a task: it beats then, and says that it waits.
 */
function watchWaits({ words, gauges }: SlotViews, beat: () => void): void {
  const before = Object.getOwnPropertyDescriptor(Atomics, 'wait')
  const original: unknown = before?.value
  if (before?.configurable !== true || typeof original !== 'function') return
  let beatenAt = 0
  const wait = function (...input: unknown[]): unknown {
    const startedAt = epochMs()
    if (startedAt - beatenAt >= HEARTBEAT_MS) {
      beatenAt = startedAt
      beat()
    }
    words[SLOT_WORD.waiting] = 1
    try {
      return Reflect.apply(original, Atomics, input)
    } finally {
      words[SLOT_WORD.waiting] = 0
      const at = epochMs()
      gauges[SLOT_GAUGE.waitedMs] = (gauges[SLOT_GAUGE.waitedMs] ?? 0) + at - startedAt
      gauges[SLOT_GAUGE.beatAt] = at
    }
  }
  Object.defineProperties(wait, Object.getOwnPropertyDescriptors(original))
  Object.defineProperty(Atomics, 'wait', { ...before, value: wait })
}

/** About 12 microseconds. Of the whole process only `rss` would be; the rest is this thread's. */
function storeMemory(gauges: Float64Array, at: number): void {
  const { heapUsed, external } = memoryUsage()
  gauges[SLOT_GAUGE.heapUsedBytes] = heapUsed
  gauges[SLOT_GAUGE.externalBytes] = external
  gauges[SLOT_GAUGE.heapLimitBytes] = getHeapStatistics().heap_size_limit
  gauges[SLOT_GAUGE.memoryAt] = at
}

function watchCollections({ words, gauges, floors }: SlotViews): void {
  const observer = new PerformanceObserver((list) => {
    let isMajor = false
    for (const entry of list.getEntries()) {
      gauges[SLOT_GAUGE.gcTotalMs] = (gauges[SLOT_GAUGE.gcTotalMs] ?? 0) + entry.duration
      const detail: unknown = 'detail' in entry ? entry.detail : undefined
      isMajor ||=
        typeof detail === 'object' &&
        detail !== null &&
        'kind' in detail &&
        detail.kind === GC_MAJOR
    }
    if (!isMajor) return
    const at = epochMs()
    const slot = (words[SLOT_WORD.floors] ?? 0) % FLOOR_SLOTS
    floors[slot * 2] = at
    floors[slot * 2 + 1] = memoryUsage().heapUsed
    Atomics.add(words, SLOT_WORD.floors, 1)
  })
  observer.observe({ entryTypes: ['gc'] })
}

/** What a look at the stack asks for (stack-sample.ts); the census is added when it is needed. */
function workerRecord({ words }: SlotViews): object {
  const record: object = Object.assign(Object.create(null), {
    version: 1,
    beats: () => Atomics.load(words, SLOT_WORD.beats),
    tick: createTick(),
    asyncId: () => executionAsyncId(),
  })
  return record
}
