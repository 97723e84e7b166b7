/**
 * Names of actors, in memory that all threads share: an open-addressing hash table under one lock.
 * A name is free in every thread before its holder's death is told to anybody. What a thread has
 * found it finds again without the lock, as long as the slot's generation is the same.
 */

import { Buffer } from 'node:buffer'
import { makePid, type Pid, serialOf, threadOf } from './pid.ts'
import { NAME_CAPACITY, NAME_SLOT_BYTES, type SharedState } from './shared-state.ts'

const FREE = 0
const USED = 1
const TOMBSTONE = 2
/** A slot: four words of 32 bits, the holder's serial, the name. */
const STATE = 0
const HASH = 1
const THREAD = 2
/** Counts the changes of the slot. */
const GENERATION = 3
const SERIAL_BYTE = 16
const LENGTH_BYTE = 24
const NAME_BYTE = 25
const WORDS = NAME_SLOT_BYTES / 4
const MAX_NAME_BYTES = 136
/** What one thread remembers of where names are; more cannot be taken at the same time. */
const MAX_REMEMBERED = NAME_CAPACITY

/** Where a name was seen; true as long as the slot's generation is the same. */
export interface NameHold {
  readonly name: string
  readonly slot: number
  readonly generation: number
  readonly pid: Pid
}

/** A name may have at most 100 characters and 136 bytes of UTF-8. */
export class NameTable {
  readonly #shared: SharedState
  readonly #ordinal: number
  readonly #words: Int32Array
  readonly #bytes: Buffer
  readonly #serials: Float64Array
  readonly #found = new Map<string, NameHold>()
  /** The name in hand, as bytes, with its hash. */
  readonly #name = Buffer.alloc(MAX_NAME_BYTES)
  #length = 0
  #hash = 0

  constructor(shared: SharedState, ordinal: number) {
    this.#shared = shared
    this.#ordinal = ordinal
    const { names } = shared.buffers
    this.#words = new Int32Array(names)
    this.#bytes = Buffer.from(names)
    this.#serials = new Float64Array(names)
  }

  /** Gives the name to the pid, unless somebody holds it; says who has it now. */
  claim(name: string, pid: Pid): Pid {
    const taken = this.take(name, pid)
    return typeof taken === 'string' ? taken : pid
  }

  /** The same, with what the holder needs to give the name back. */
  take(name: string, pid: Pid): NameHold | Pid {
    this.#encode(name)
    this.#shared.lock(this.#ordinal)
    try {
      const slot = this.#find()
      if (slot >= 0) return this.#pidAt(slot)
      const vacant = ~slot
      if (vacant === NAME_CAPACITY) {
        throw new RangeError(
          `register('${name}'): all ${NAME_CAPACITY} names are taken. Use a Registry for names in large numbers.`,
        )
      }
      return this.#remember({ name, slot: vacant, generation: this.#write(vacant, pid), pid })
    } finally {
      this.#shared.unlock(this.#ordinal)
    }
  }

  isHeld({ slot, generation }: NameHold): boolean {
    return Atomics.load(this.#words, slot * WORDS + GENERATION) === generation
  }

  /** Gives the name back, if it is still held. */
  giveBack(hold: NameHold): void {
    if (this.#found.get(hold.name) === hold) this.#found.delete(hold.name)
    this.#shared.lock(this.#ordinal)
    try {
      if (this.isHeld(hold)) this.#vacate(hold.slot)
    } finally {
      this.#shared.unlock(this.#ordinal)
    }
  }

  /** Frees the name if anybody holds it. */
  release(name: string): boolean {
    this.#encode(name)
    this.#found.delete(name)
    this.#shared.lock(this.#ordinal)
    try {
      const slot = this.#find()
      if (slot < 0) return false
      this.#vacate(slot)
      return true
    } finally {
      this.#shared.unlock(this.#ordinal)
    }
  }

  /** Frees all names of a thread that is gone. */
  releaseThread(ordinal: number): void {
    this.#shared.breakLock(ordinal)
    this.#locked(() => {
      for (const slot of this.#usedSlots()) {
        if (this.#words[slot * WORDS + THREAD] === ordinal) this.#vacate(slot)
      }
    })
  }

  lookup(name: string): Pid | undefined {
    const known = this.#found.get(name)
    if (known) {
      if (this.isHeld(known)) return known.pid
      this.#found.delete(name)
    }
    this.#encode(name)
    this.#shared.lock(this.#ordinal)
    try {
      const slot = this.#find()
      if (slot < 0) return undefined
      const pid = this.#pidAt(slot)
      this.#remember({ name, slot, generation: this.#words[slot * WORDS + GENERATION] ?? 0, pid })
      return pid
    } finally {
      this.#shared.unlock(this.#ordinal)
    }
  }

  /** All names and their holders, in no order. */
  entries(): [string, Pid][] {
    return this.#locked(() =>
      [...this.#usedSlots()].map((slot): [string, Pid] => [this.#nameAt(slot), this.#pidAt(slot)]),
    )
  }

  #locked<Result>(section: () => Result): Result {
    this.#shared.lock(this.#ordinal)
    try {
      return section()
    } finally {
      this.#shared.unlock(this.#ordinal)
    }
  }

  #remember(hold: NameHold): NameHold {
    if (this.#found.size >= MAX_REMEMBERED) this.#found.clear()
    this.#found.set(hold.name, hold)
    return hold
  }

  *#usedSlots(): Generator<number> {
    for (let slot = 0; slot < NAME_CAPACITY; slot++) {
      if (this.#words[slot * WORDS + STATE] === USED) yield slot
    }
  }

  /** The slot of the name in hand, or `~slot` of the first that can take it (`~CAPACITY`: none). */
  #find(): number {
    let vacant = NAME_CAPACITY
    const start = (this.#hash >>> 0) % NAME_CAPACITY
    for (let step = 0; step < NAME_CAPACITY; step++) {
      const slot = (start + step) % NAME_CAPACITY
      const state = this.#words[slot * WORDS + STATE]
      if (state === USED) {
        if (this.#holds(slot)) return slot
      } else {
        if (vacant === NAME_CAPACITY) vacant = slot
        if (state === FREE) break
      }
    }
    return ~vacant
  }

  #holds(slot: number): boolean {
    if (this.#words[slot * WORDS + HASH] !== this.#hash) return false
    const at = slot * NAME_SLOT_BYTES
    if (this.#bytes[at + LENGTH_BYTE] !== this.#length) return false
    for (let index = 0; index < this.#length; index++) {
      if (this.#bytes[at + NAME_BYTE + index] !== this.#name[index]) return false
    }
    return true
  }

  /**
   * The generation goes first: a thread that dies in between leaves no memory of the name valid.
   * A tombstone keeps the chain behind it findable; at a chain's end none is needed.
   */
  #vacate(slot: number): void {
    const words = this.#words
    Atomics.add(words, slot * WORDS + GENERATION, 1)
    words[slot * WORDS + STATE] = TOMBSTONE
    const next = (slot + 1) % NAME_CAPACITY
    if (words[next * WORDS + STATE] !== FREE) return
    let last = slot
    while (words[last * WORDS + STATE] === TOMBSTONE) {
      words[last * WORDS + STATE] = FREE
      last = (last + NAME_CAPACITY - 1) % NAME_CAPACITY
    }
  }

  /**
   * The state is written last: a thread that dies in between leaves a free slot.
   *
   * @returns The slot's generation from now on.
   */
  #write(slot: number, pid: Pid): number {
    const words = this.#words
    const at = slot * NAME_SLOT_BYTES
    const generation = Atomics.add(words, slot * WORDS + GENERATION, 1) + 1
    words[slot * WORDS + HASH] = this.#hash
    words[slot * WORDS + THREAD] = threadOf(pid)
    this.#serials[(at + SERIAL_BYTE) / 8] = serialOf(pid)
    this.#bytes[at + LENGTH_BYTE] = this.#length
    for (let index = 0; index < this.#length; index++) {
      this.#bytes[at + NAME_BYTE + index] = this.#name[index] ?? 0
    }
    words[slot * WORDS + STATE] = USED
    return generation
  }

  #nameAt(slot: number): string {
    const from = slot * NAME_SLOT_BYTES + NAME_BYTE
    const length = this.#bytes[slot * NAME_SLOT_BYTES + LENGTH_BYTE] ?? 0
    return this.#bytes.toString('utf8', from, from + length)
  }

  #pidAt(slot: number): Pid {
    const thread = this.#words[slot * WORDS + THREAD] ?? 0
    return makePid(thread, this.#serials[(slot * NAME_SLOT_BYTES + SERIAL_BYTE) / 8] ?? 0)
  }

  /** Takes a name in hand. Its hash is FNV-1a, 32 bits (Fowler, Noll, Vo). */
  #encode(name: string): void {
    const bytes = this.#name
    const { length } = name
    let isAscii = length <= MAX_NAME_BYTES
    for (let index = 0; isAscii && index < length; index++) {
      const code = name.charCodeAt(index)
      bytes[index] = code
      isAscii = code < 128
    }
    this.#length = isAscii ? length : Buffer.byteLength(name, 'utf8')
    if (this.#length > MAX_NAME_BYTES) {
      throw new RangeError(
        `A name may have at most ${MAX_NAME_BYTES} bytes of UTF-8, got ${this.#length}.`,
      )
    }
    if (!isAscii) bytes.write(name, 'utf8')
    let hash = 0x811c9dc5
    for (let index = 0; index < this.#length; index++) {
      hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193)
    }
    this.#hash = hash | 0
  }
}
