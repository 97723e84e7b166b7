/**
 * Names of actors, in memory that all threads share: an open-addressing hash table under one lock,
 * with a copy per thread that is thrown away whenever any thread changes a name. So a name is free
 * in every thread before its holder's death is told to anybody.
 */

import { Buffer } from 'node:buffer'
import { isPid, type Pid, threadOf } from './pid.ts'
import { NAME_CAPACITY, NAME_SLOT_BYTES, type SharedState } from './shared-state.ts'

const FREE = 0
const USED = 1
const TOMBSTONE = 2
const HEADER_BYTES = 8
const MAX_NAME_BYTES = 136
const MAX_PID_BYTES = 48

/** A name may have at most 100 characters and 136 bytes of UTF-8. */
export class NameTable {
  readonly #shared: SharedState
  readonly #bytes: Buffer
  readonly #ordinal: number
  readonly #cache = new Map<string, Pid>()
  #cacheVersion = -1

  constructor(shared: SharedState, ordinal: number) {
    this.#shared = shared
    this.#ordinal = ordinal
    this.#bytes = Buffer.from(shared.buffers.names)
  }

  /** Gives the name to the pid, unless somebody holds it: then says who. */
  claim(name: string, pid: Pid): Pid {
    const encoded = encodeName(name)
    return this.#shared.locked(this.#ordinal, () => {
      const found = this.#find(encoded)
      if (found.used) return this.#pidAt(found.slot)
      if (found.slot < 0) {
        throw new RangeError(
          `register('${name}'): all ${NAME_CAPACITY} names are taken. Use a Registry for names in large numbers.`,
        )
      }
      this.#write(found.slot, encoded, pid)
      this.#shared.bumpNamesVersion()
      return pid
    })
  }

  /** Frees the name if `pid` (or anybody, where it is left out) holds it. */
  release(name: string, pid?: Pid): boolean {
    const encoded = encodeName(name)
    return this.#shared.locked(this.#ordinal, () => {
      const found = this.#find(encoded)
      if (!found.used || (pid && this.#pidAt(found.slot) !== pid)) return false
      this.#vacate(found.slot)
      this.#shared.bumpNamesVersion()
      return true
    })
  }

  /** Frees all names of a thread that is gone. */
  releaseThread(ordinal: number): void {
    this.#shared.breakLock(ordinal)
    this.#shared.locked(this.#ordinal, () => {
      for (const slot of this.#usedSlots()) {
        if (threadOf(this.#pidAt(slot)) === ordinal) this.#vacate(slot)
      }
      this.#shared.bumpNamesVersion()
    })
  }

  lookup(name: string): Pid | undefined {
    const version = this.#shared.namesVersion
    if (version !== this.#cacheVersion) {
      this.#cache.clear()
      this.#cacheVersion = version
    }
    const cached = this.#cache.get(name)
    if (cached) return cached
    const encoded = encodeName(name)
    const pid = this.#shared.locked(this.#ordinal, () => {
      const found = this.#find(encoded)
      return found.used ? this.#pidAt(found.slot) : undefined
    })
    if (pid) this.#cache.set(name, pid)
    return pid
  }

  /** All names and their holders, in no order. */
  entries(): [string, Pid][] {
    return this.#shared.locked(this.#ordinal, () =>
      [...this.#usedSlots()].map((slot): [string, Pid] => [this.#nameAt(slot), this.#pidAt(slot)]),
    )
  }

  *#usedSlots(): Generator<number> {
    for (let slot = 0; slot < NAME_CAPACITY; slot++) {
      if (this.#bytes[slot * NAME_SLOT_BYTES] === USED) yield slot
    }
  }

  /** The slot of the name, or the first one that can take it (-1: none). */
  #find(name: Buffer): { slot: number; used: boolean } {
    let vacant = -1
    const start = hash(name) % NAME_CAPACITY
    for (let step = 0; step < NAME_CAPACITY; step++) {
      const slot = (start + step) % NAME_CAPACITY
      const at = slot * NAME_SLOT_BYTES
      const state = this.#bytes[at]
      if (state === USED) {
        if (this.#holds(at, name)) return { slot, used: true }
      } else {
        if (vacant < 0) vacant = slot
        if (state === FREE) break
      }
    }
    return { slot: vacant, used: false }
  }

  #holds(at: number, name: Buffer): boolean {
    const length = this.#bytes[at + 1] ?? 0
    if (length !== name.length) return false
    const from = at + HEADER_BYTES
    return this.#bytes.compare(name, 0, name.length, from, from + length) === 0
  }

  /** A tombstone keeps the chain behind it findable; at a chain's end none is needed. */
  #vacate(slot: number): void {
    this.#bytes[slot * NAME_SLOT_BYTES] = TOMBSTONE
    const next = (slot + 1) % NAME_CAPACITY
    if (this.#bytes[next * NAME_SLOT_BYTES] !== FREE) return
    let last = slot
    while (this.#bytes[last * NAME_SLOT_BYTES] === TOMBSTONE) {
      this.#bytes[last * NAME_SLOT_BYTES] = FREE
      last = (last + NAME_CAPACITY - 1) % NAME_CAPACITY
    }
  }

  /** The state byte is written last: a thread that dies in between leaves a free slot. */
  #write(slot: number, name: Buffer, pid: Pid): void {
    const at = slot * NAME_SLOT_BYTES
    const pidBytes = Buffer.from(pid, 'latin1')
    this.#bytes[at + 1] = name.length
    this.#bytes[at + 2] = pidBytes.length
    name.copy(this.#bytes, at + HEADER_BYTES)
    pidBytes.copy(this.#bytes, at + HEADER_BYTES + MAX_NAME_BYTES)
    this.#bytes[at] = USED
  }

  #nameAt(slot: number): string {
    const at = slot * NAME_SLOT_BYTES
    const from = at + HEADER_BYTES
    return this.#bytes.toString('utf8', from, from + (this.#bytes[at + 1] ?? 0))
  }

  #pidAt(slot: number): Pid {
    const at = slot * NAME_SLOT_BYTES
    const from = at + HEADER_BYTES + MAX_NAME_BYTES
    return pidFromText(this.#bytes.toString('latin1', from, from + (this.#bytes[at + 2] ?? 0)))
  }
}

function encodeName(name: string): Buffer {
  const encoded = Buffer.from(name, 'utf8')
  if (encoded.length > MAX_NAME_BYTES) {
    throw new RangeError(
      `A name may have at most ${MAX_NAME_BYTES} bytes of UTF-8, got ${encoded.length}.`,
    )
  }
  return encoded
}

function pidFromText(text: string): Pid {
  if (text.length <= MAX_PID_BYTES && isPid(text)) return text
  throw new Error(`The shared name table holds '${text}' where a pid should be.`)
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
function hash(bytes: Buffer): number {
  let value = 0x811c9dc5
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}
