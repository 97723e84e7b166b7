/**
 * The memory that all threads of one runtime share: counters for thread ordinals and serials, who
 * took which serials, a flag that says whether anybody watches the tree, and the lock of the name
 * table. Sharing makes `spawn`, `register` and `whereis` synchronous in every thread, also while the
 * root is busy.
 */

const NEXT_ORDINAL = 0
const NEXT_BLOCK = 1
const WATCHED = 2
const LOCK = 3
const WAITERS = 4
const REPORTED = 5
const LISTENED = 15
const RESIZES = 14
const METERED = 13
const CELLS = 16
const SERIALS_PER_BLOCK = 1024
/** Blocks of serials whose taker is remembered: the newest four million pids. */
const REMEMBERED_BLOCKS = 4096
const ORDINAL_BITS = 32n
/** Stands for a thread that took serials so long ago that nobody knows which it was. */
const FORGOTTEN = 2 ** 31 - 1
/** Threads of one runtime whose end is marked; of later ones it is only told. */
const GONE_THREADS = 65_536

/** Names that can be registered at the same time. */
export const NAME_CAPACITY = 4096
/** A multiple of 8. */
export const NAME_SLOT_BYTES = 168

export interface SharedBuffers {
  readonly cells: SharedArrayBuffer
  /** One bit per thread that is gone. */
  readonly gone: SharedArrayBuffer
  /** For the newest blocks of serials which thread took them. */
  readonly takers: SharedArrayBuffer
  readonly names: SharedArrayBuffer
}

export function createSharedBuffers(): SharedBuffers {
  const cells = new SharedArrayBuffer(CELLS * 4)
  const view = new Int32Array(cells)
  view[NEXT_ORDINAL] = 2
  view[NEXT_BLOCK] = 0
  return {
    cells,
    gone: new SharedArrayBuffer(GONE_THREADS / 8),
    takers: new SharedArrayBuffer(REMEMBERED_BLOCKS * 8),
    names: new SharedArrayBuffer(NAME_CAPACITY * NAME_SLOT_BYTES),
  }
}

/** One thread's view of the shared counters. */
export class SharedState {
  readonly buffers: SharedBuffers
  readonly #cells: Int32Array
  readonly #gone: Int32Array
  readonly #takers: BigInt64Array
  #serial = 0
  #blockEnd = 0

  constructor(buffers: SharedBuffers) {
    this.buffers = buffers
    this.#cells = new Int32Array(buffers.cells)
    this.#gone = new Int32Array(buffers.gone)
    this.#takers = new BigInt64Array(buffers.takers)
  }

  nextOrdinal(): number {
    return Atomics.add(this.#cells, NEXT_ORDINAL, 1)
  }

  /** A number that no other thread of this runtime gets; taken in blocks, so nearly free. */
  nextSerial(taker: number): number {
    if (this.#serial === this.#blockEnd) this.#takeBlock(taker)
    return this.#serial++
  }

  /** The thread that made the pid with this serial, `FORGOTTEN`, or `undefined` if none did. */
  takerOf(serial: number): number | undefined {
    const block = Math.floor((serial - 1) / SERIALS_PER_BLOCK)
    if (block < 0 || block >= Atomics.load(this.#cells, NEXT_BLOCK)) return undefined
    const entry = Atomics.load(this.#takers, block % REMEMBERED_BLOCKS)
    if (entry >> ORDINAL_BITS !== BigInt(block) + 1n) return FORGOTTEN
    return Number(BigInt.asUintN(32, entry))
  }

  /** Block and taker are one entry, written at once: 0 is no entry, so blocks count from 1 there. */
  #takeBlock(taker: number): void {
    const block = Atomics.add(this.#cells, NEXT_BLOCK, 1)
    const entry = ((BigInt(block) + 1n) << ORDINAL_BITS) | BigInt(taker)
    Atomics.store(this.#takers, block % REMEMBERED_BLOCKS, entry)
    this.#serial = block * SERIALS_PER_BLOCK + 1
    this.#blockEnd = this.#serial + SERIALS_PER_BLOCK
  }

  /** Said of a thread before any other hears of its end. */
  markGone(ordinal: number): void {
    if (ordinal < GONE_THREADS) Atomics.or(this.#gone, ordinal >> 5, 1 << (ordinal & 31))
  }

  isGone(ordinal: number): boolean {
    if (ordinal >= GONE_THREADS) return false
    return (Atomics.load(this.#gone, ordinal >> 5) & (1 << (ordinal & 31))) !== 0
  }

  get watched(): boolean {
    return Atomics.load(this.#cells, WATCHED) > 0
  }

  /** Counts watchers of the tree; threads report changes only while there is one. */
  addWatchers(change: 1 | -1): void {
    Atomics.add(this.#cells, WATCHED, change)
  }

  /** Whether anybody follows reports. */
  get reported(): boolean {
    return Atomics.load(this.#cells, REPORTED) > 0
  }

  addReportReaders(change: 1 | -1): void {
    Atomics.add(this.#cells, REPORTED, change)
  }

  /** A bit per event that somebody in the thread that started the runtime listens to. */
  get listened(): number {
    return Atomics.load(this.#cells, LISTENED)
  }

  set listened(bits: number) {
    Atomics.store(this.#cells, LISTENED, bits)
  }

  /** How often the number of partitions of some supervisor has changed. */
  get resizes(): number {
    return Atomics.load(this.#cells, RESIZES)
  }

  countResize(): void {
    Atomics.add(this.#cells, RESIZES, 1)
  }

  /** Whether somebody wants to know how busy actors are. Read at every turn of an actor. */
  get metered(): boolean {
    return (this.#cells[METERED] ?? 0) > 0
  }

  addMeters(change: 1 | -1): void {
    Atomics.add(this.#cells, METERED, change)
  }

  /**
   * Waits until no other thread has the lock of the names. A thread that is terminated while it has
   * it leaves it behind; `breakLock` frees it, and a waiter looks again every 10 ms.
   */
  lock(owner: number): void {
    const cells = this.#cells
    const ticket = owner + 1
    while (Atomics.compareExchange(cells, LOCK, 0, ticket) !== 0) {
      const holder = Atomics.load(cells, LOCK)
      if (holder === 0) continue
      Atomics.add(cells, WAITERS, 1)
      Atomics.wait(cells, LOCK, holder, 10)
      Atomics.sub(cells, WAITERS, 1)
    }
  }

  /** Who waits is only woken if there is somebody: it costs more than the lock. */
  unlock(owner: number): void {
    Atomics.compareExchange(this.#cells, LOCK, owner + 1, 0)
    if (Atomics.load(this.#cells, WAITERS) > 0) Atomics.notify(this.#cells, LOCK, 1)
  }

  /** Frees the lock if a thread that is gone still holds it. */
  breakLock(lostOrdinal: number): void {
    if (Atomics.compareExchange(this.#cells, LOCK, lostOrdinal + 1, 0) === lostOrdinal + 1) {
      Atomics.notify(this.#cells, LOCK)
    }
  }
}
