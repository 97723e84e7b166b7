/**
 * Where the application's own threads tell of themselves: a part of the memory that main shares with
 * the gateway, which every worker of the process inherits by Node's environment data. It works in
 * every state of any thread: no message, no lock, no event loop. A worker takes a free slot and
 * writes; the gateway reads, and frees the slots of threads that are gone.
 */

/** Key of the environment data that holds the shared memory. https://nodejs.org/api/worker_threads.html#workersetenvironmentdatakey-value */
export const BOARD_KEY = 'nodelens.threads'

/** Threads that are seen at the same time; those beyond are counted by main only. */
export const SLOTS = 64
export const SLOT_FREE = 0
export const SLOT_ALIVE = 1
/** The thread has ended by itself. */
export const SLOT_ENDED = 2

/** Int32 words of a slot. */
export const SLOT_WORD = {
  state: 0,
  threadId: 1,
  /** The kernel's id of the thread; 0 where there is no /proc. */
  kernelId: 2,
  beats: 3,
  /** Major collections ever noted. */
  floors: 4,
  entryBytes: 5,
  /** 1 while it waits in `Atomics.wait`. */
  waiting: 6,
} as const

/** Float64 gauges of a slot. */
export const SLOT_GAUGE = {
  /** Epoch milliseconds. */
  startedAt: 0,
  beatAt: 1,
  heartbeatMs: 2,
  loopActiveMs: 3,
  loopIdleMs: 4,
  memoryAt: 5,
  heapUsedBytes: 6,
  heapLimitBytes: 7,
  externalBytes: 8,
  gcTotalMs: 9,
  /** Time spent in `Atomics.wait`. */
  waitedMs: 10,
} as const

const WORDS = 16
const GAUGES = 16
export const FLOOR_SLOTS = 16
export const ENTRY_BYTES = 704
const GAUGE_OFFSET = WORDS * 4
const FLOOR_OFFSET = GAUGE_OFFSET + GAUGES * 8
const ENTRY_OFFSET = FLOOR_OFFSET + FLOOR_SLOTS * 2 * 8
const SLOT_BYTES = ENTRY_OFFSET + ENTRY_BYTES
export const BOARD_BYTES = SLOTS * SLOT_BYTES

/** Typed views on one slot. */
export interface SlotViews {
  readonly words: Int32Array
  readonly gauges: Float64Array
  /** Pairs: when, and bytes in use right after a major collection. */
  readonly floors: Float64Array
  readonly entry: Uint8Array
}

/** @param boardOffset Where the board begins in the memory. */
export function slotViews(memory: SharedArrayBuffer, boardOffset: number, slot: number): SlotViews {
  const base = boardOffset + slot * SLOT_BYTES
  return {
    words: new Int32Array(memory, base, WORDS),
    gauges: new Float64Array(memory, base + GAUGE_OFFSET, GAUGES),
    floors: new Float64Array(memory, base + FLOOR_OFFSET, FLOOR_SLOTS * 2),
    entry: new Uint8Array(memory, base + ENTRY_OFFSET, ENTRY_BYTES),
  }
}

/** Takes a free slot for the calling thread; undefined when all are taken. */
export function claimSlot(memory: SharedArrayBuffer, boardOffset: number): SlotViews | undefined {
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const views = slotViews(memory, boardOffset, slot)
    const before = Atomics.compareExchange(views.words, SLOT_WORD.state, SLOT_FREE, SLOT_CLAIMED)
    if (before === SLOT_FREE) return views
  }
  return undefined
}

/** Taken, and not filled yet. */
const SLOT_CLAIMED = 3
