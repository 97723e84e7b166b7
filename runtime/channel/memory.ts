/**
 * The shared memory of one channel: a ring of records between two threads, one that writes and one
 * that reads. Each side counts the records it has written or read for ever (modulo 2^31) and alone
 * changes its count; the difference is what waits. A record is written before the count that says
 * so, hence is never seen half (Lamport, "Proving the Correctness of Multiprocess Programs", 1977).
 *
 * The lowest bit of a side's word says that the other side sleeps on it. So one atomic addition
 * counts and tells whether somebody is to be woken: it is what a record costs beside its fields.
 */

import { Buffer } from 'node:buffer'
import { makePid, type Pid, serialOf, threadOf } from '../pid.ts'

export type Side = 'sender' | 'receiver'

/** How far one has come with opening an end. */
const FREE = 0
const TAKEN = 1
const OPEN = 2
const CLOSED = 3

/**
 * Words of 32 bits. What one side writes often lies 128 bytes from all else: processors pass memory
 * between each other by lines of 64 bytes, and fetch them in pairs.
 */
const LINE = 32
const STATE = { sender: 0, receiver: 1 } as const
const THREAD = { sender: 2, receiver: 3 } as const
/** Of 8 bytes each, so in units of that. */
const SERIAL = { sender: 2, receiver: 3 } as const
const COUNT = { sender: LINE, receiver: 2 * LINE } as const
const SLEEPS = 1
const HEADER_UNITS = (3 * LINE) / 2
/** Memory of one channel at most, bytes. */
export const MAX_CHANNEL_BYTES = 2 ** 30

const OTHER = { sender: 'receiver', receiver: 'sender' } as const

/** What the memory of a channel is made for. */
export interface MemoryShape {
  /** Size of a record in units of 8 bytes. */
  readonly units: number
  /** Records that may wait. */
  readonly capacity: number
}

/** @throws {RangeError} More than a channel may have. */
export function checkChannelBytes(what: string, { units, capacity }: MemoryShape): void {
  const bytes = bytesOf({ units, capacity })
  if (bytes <= MAX_CHANNEL_BYTES) return
  throw new RangeError(
    `${what}: ${capacity} records of ${8 * units} bytes need ${bytes} bytes of memory, expected at most ${MAX_CHANNEL_BYTES}. Take a smaller capacity.`,
  )
}

/** @param count Where both sides begin to count; any whole number. */
export function createMemory(shape: MemoryShape, count = 0): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytesOf(shape))
  const words = new Int32Array(buffer)
  words[COUNT.sender] = 2 * count
  words[COUNT.receiver] = 2 * count
  return buffer
}

export function isMemoryOf(value: unknown, shape: MemoryShape): value is SharedArrayBuffer {
  return value instanceof SharedArrayBuffer && value.byteLength === bytesOf(shape)
}

function bytesOf({ units, capacity }: MemoryShape): number {
  return 8 * (HEADER_UNITS + units * slotsFor(capacity))
}

/** A power of two, so that counts find their place also when they begin anew. */
function slotsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity))
}

/** One thread's view of a channel's memory. */
export class ChannelMemory {
  readonly capacity: number
  /** Size of a record in units of 8 bytes. */
  readonly units: number
  readonly words: Int32Array
  readonly unsigned: Uint32Array
  readonly floats: Float64Array
  readonly integers: BigInt64Array
  readonly naturals: BigUint64Array
  readonly bytes: Buffer
  readonly #mask: number

  constructor(buffer: SharedArrayBuffer, { units, capacity }: MemoryShape) {
    this.capacity = capacity
    this.words = new Int32Array(buffer)
    this.unsigned = new Uint32Array(buffer)
    this.floats = new Float64Array(buffer)
    this.integers = new BigInt64Array(buffer)
    this.naturals = new BigUint64Array(buffer)
    this.bytes = Buffer.from(buffer)
    this.units = units
    this.#mask = slotsFor(capacity) - 1
  }

  /** Where the record with this number lies, in units of 8 bytes. */
  placeOf(count: number): number {
    return HEADER_UNITS + (count & this.#mask) * this.units
  }

  /** What a side has written or read. */
  countOf(side: Side): number {
    return Atomics.load(this.words, COUNT[side]) >> 1
  }

  /** Says that a side has written or read so many more; wakes the other if it sleeps. */
  advance(side: Side, by: number): void {
    const before = Atomics.add(this.words, COUNT[side], 2 * by)
    if ((before & SLEEPS) !== 0) this.getUp(OTHER[side])
  }

  /** Takes an end for good; false if somebody has it already. */
  open(side: Side, pid: Pid): boolean {
    if (Atomics.compareExchange(this.words, STATE[side], FREE, TAKEN) !== FREE) return false
    this.words[THREAD[side]] = threadOf(pid)
    this.floats[SERIAL[side]] = serialOf(pid)
    Atomics.store(this.words, STATE[side], OPEN)
    this.advance(side, 0)
    return true
  }

  close(side: Side): void {
    Atomics.store(this.words, STATE[side], CLOSED)
    this.advance(side, 0)
  }

  isClosed(side: Side): boolean {
    return Atomics.load(this.words, STATE[side]) === CLOSED
  }

  /** The same for next to nothing; it may be seen a little later. */
  seemsClosed(side: Side): boolean {
    return this.words[STATE[side]] === CLOSED
  }

  /** Who has the end; `undefined` while nobody does. */
  holderOf(side: Side): Pid | undefined {
    if (Atomics.load(this.words, STATE[side]) < OPEN) return undefined
    return makePid(this.words[THREAD[side]] ?? 0, this.floats[SERIAL[side]] ?? 0)
  }

  /**
   * Says that this side is about to sleep; look once more at what is there afterwards.
   *
   * @returns What to sleep on.
   */
  lieDown(side: Side): number {
    return Atomics.or(this.words, COUNT[OTHER[side]], SLEEPS) | SLEEPS
  }

  /** Sleeps until the other side does something, the thread with it; `false`: it did nothing. */
  sleep(side: Side, seen: number, ms: number): boolean {
    return Atomics.wait(this.words, COUNT[OTHER[side]], seen, ms) !== 'timed-out'
  }

  /** The same while the thread goes on; `undefined`: the other did something already. */
  sleepAside(side: Side, seen: number): Promise<unknown> | undefined {
    const sleep = Atomics.waitAsync(this.words, COUNT[OTHER[side]], seen)
    return sleep.async ? sleep.value : undefined
  }

  getUp(side: Side): void {
    Atomics.and(this.words, COUNT[OTHER[side]], ~SLEEPS)
    Atomics.notify(this.words, COUNT[OTHER[side]])
  }
}

/** From one count to a later one. */
export function distance(from: number, to: number): number {
  return ((to - from) << 1) >>> 1
}

/** The count that follows. */
export function next(count: number): number {
  return ((count + 1) << 1) >> 1
}
