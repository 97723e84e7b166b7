import { BOARD_BYTES } from '../threads/board.ts'

/**
 * The shared memory between main and the gateway thread, and the only thing that works in every
 * state of main: no lock, no message, no event loop. Main writes, the gateway polls.
 */

/** Int32 words. */
export const WORD = {
  /** Bit 1: main is exiting; bit 2: a crash report is waiting. Notified. */
  signal: 0,
  /** The gateway: 1 once its inspector session is closed for good. */
  exitAck: 1,
  /** 0 free, 1 report written, 2 acknowledged. */
  crash: 2,
  crashBytes: 3,
  /** Heartbeats so far. */
  beats: 4,
  /** 1 installed, 2 uninstalled. */
  probe: 5,
  /** Garbage collections ever listed. */
  gcEvents: 6,
  latenesses: 7,
  /** The gateway: 1 while it watches; main waits for nobody otherwise. */
  gateway: 8,
  /** The gateway: 1 while its inspector session is open. */
  inspector: 9,
  /** Collections registered by the application. */
  registered: 10,
  /** 1 while main runs a function under a deadline: no inspector evaluation may land then. */
  bounded: 11,
} as const

export const SIGNAL_EXIT = 1
export const SIGNAL_CRASH = 2

/** Float64 gauges. */
export const GAUGE = {
  /** Epoch milliseconds of the last heartbeat. */
  beatAt: 0,
  /** When the process started: a probe that comes late finds an application that is up. 0: it is up. */
  startedAt: 1,
  heartbeatMs: 2,
  loopActiveMs: 3,
  loopIdleMs: 4,
  memoryAt: 5,
  heapUsedBytes: 6,
  heapTotalBytes: 7,
  heapLimitBytes: 8,
  externalBytes: 9,
  arrayBufferBytes: 10,
  gcTotalMs: 11,
  gcMajorCount: 12,
  gcMinorCount: 13,
  mallocedBytes: 14,
  gcMinorMs: 15,
  gcMajorMs: 16,
  /** Steps of incremental marking, callbacks of weak references. */
  gcOtherCount: 17,
  gcOtherMs: 18,
  globalHandleBytes: 19,
  nativeContexts: 20,
  detachedContexts: 21,
  /** Full collections that code asked for. */
  gcForcedCount: 22,
  /** What the old generation may grow to. */
  oldLimitBytes: 23,
} as const

const WORDS = 32
const GAUGES = 32
/** Upper bounds of the pause buckets, milliseconds; what is longer falls into one more. */
export const PAUSE_BUCKETS_MS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]
/** Pauses of minor collections, then of major ones, by bucket. */
export const PAUSE_SLOTS = (PAUSE_BUCKETS_MS.length + 1) * 2
/** Spaces of the V8 heap, in V8's own order, which is the same in all threads. Node 26 has 13. */
export const SPACE_SLOTS = 20
/** Float64 per space: committed, used, in physical memory; bytes. */
export const SPACE_FIELDS = 3
export const GC_SLOTS = 128
/** Float64 per collection: at, kind, durationMs, heapUsedAfter, outsideBytesAfter. */
export const GC_FIELDS = 5
/** Lateness of the last 1200 heartbeats: one minute. */
export const LATENESS_SLOTS = 1200
export const CRASH_BYTES = 32_768

const GAUGE_OFFSET = WORDS * 4
const GC_OFFSET = GAUGE_OFFSET + GAUGES * 8
const LATENESS_OFFSET = GC_OFFSET + GC_SLOTS * GC_FIELDS * 8
const CRASH_OFFSET = LATENESS_OFFSET + LATENESS_SLOTS * 4
const SPACE_OFFSET = CRASH_OFFSET + CRASH_BYTES
const PAUSE_OFFSET = SPACE_OFFSET + SPACE_SLOTS * SPACE_FIELDS * 8
/** The application's own threads tell of themselves here; see skills/threads/board.ts. */
export const BOARD_OFFSET = PAUSE_OFFSET + PAUSE_SLOTS * 8
export const HEARTBEAT_BYTES = BOARD_OFFSET + BOARD_BYTES

/** Typed views on the shared memory. */
export interface HeartbeatViews {
  readonly words: Int32Array
  readonly gauges: Float64Array
  readonly gc: Float64Array
  readonly lateness: Float32Array
  readonly crash: Uint8Array
  readonly spaces: Float64Array
  readonly pauses: Float64Array
}

export function viewsOf(memory: SharedArrayBuffer): HeartbeatViews {
  if (memory.byteLength !== HEARTBEAT_BYTES) {
    throw new RangeError(
      `heartbeat memory: expected ${HEARTBEAT_BYTES} bytes as installProbe() makes them, got ${memory.byteLength}`,
    )
  }
  return {
    words: new Int32Array(memory, 0, WORDS),
    gauges: new Float64Array(memory, GAUGE_OFFSET, GAUGES),
    gc: new Float64Array(memory, GC_OFFSET, GC_SLOTS * GC_FIELDS),
    lateness: new Float32Array(memory, LATENESS_OFFSET, LATENESS_SLOTS),
    crash: new Uint8Array(memory, CRASH_OFFSET, CRASH_BYTES),
    spaces: new Float64Array(memory, SPACE_OFFSET, SPACE_SLOTS * SPACE_FIELDS),
    pauses: new Float64Array(memory, PAUSE_OFFSET, PAUSE_SLOTS),
  }
}
