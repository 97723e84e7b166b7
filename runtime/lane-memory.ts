/**
 * The memory of a lane: a ring of bytes that one thread writes and another one reads, and a word that
 * says whether the reader is awake. Positions count bytes for ever, modulo 2^32.
 *
 * A writer publishes, then looks whether the reader sleeps; a reader lies down, then looks whether
 * something was published. Atomics have one order for all threads, so one of the two sees the other
 * (Dekker's argument), and nobody sleeps beside a full ring.
 */

/** Bytes of a ring, a power of two; and of the one that takes its place when it was too small. */
export const LANE_BYTES = 65_536
export const WIDER_LANE_BYTES = 262_144
/** Cells are 4 bytes; what different threads write lies in different cache lines. */
const HEAD = 0
const TAIL = 16
const AWAKE = 32
const HEADER_CELLS = 48

export interface LaneMemory {
  readonly cells: Int32Array
  /** Its length is a power of two. */
  readonly bytes: Uint8Array
}

/**
 * A fresh lane. Its reader counts as awake, since it looks into the lane as soon as it gets it.
 *
 * @returns `undefined` if there is no memory.
 */
export function createLane(bytes: number): SharedArrayBuffer | undefined {
  try {
    const memory = new SharedArrayBuffer(HEADER_CELLS * 4 + bytes)
    Atomics.store(new Int32Array(memory), AWAKE, 1)
    return memory
  } catch {
    return undefined
  }
}

export function openLane(memory: SharedArrayBuffer): LaneMemory {
  const cells = new Int32Array(memory, 0, HEADER_CELLS)
  return { cells, bytes: new Uint8Array(memory, HEADER_CELLS * 4) }
}

/** Up to where has been written. */
export function headOf({ cells }: LaneMemory): number {
  return Atomics.load(cells, HEAD)
}

/** Up to where has been read, as far as it was told. */
export function tailOf({ cells }: LaneMemory): number {
  return Atomics.load(cells, TAIL)
}

/** All before `head` can be read. */
export function publish({ cells }: LaneMemory, head: number): void {
  Atomics.store(cells, HEAD, head)
}

/** All before `tail` can be written again. */
export function release({ cells }: LaneMemory, tail: number): void {
  Atomics.store(cells, TAIL, tail)
}

export function isAsleep({ cells }: LaneMemory): boolean {
  return Atomics.load(cells, AWAKE) === 0
}

/** True for the one who must wake the reader now. */
export function claimWake(memory: LaneMemory): boolean {
  return isAsleep(memory) && Atomics.compareExchange(memory.cells, AWAKE, 0, 1) === 0
}

/** The reader sleeps, or whoever claimed to wake it could not. To say so too often only costs a call. */
export function lieDown({ cells }: LaneMemory): void {
  Atomics.store(cells, AWAKE, 0)
}

export function getUp({ cells }: LaneMemory): void {
  Atomics.store(cells, AWAKE, 1)
}
