/** The sender's end of a lane. */

import { Encoder } from './lane-encoder.ts'
import { ENTRY_ROOM, type LaneSignal } from './lane-format.ts'
import { headOf, type LaneMemory, openLane, publish, tailOf } from './lane-memory.ts'
import type { Pid } from './pid.ts'

/** After refusing several signals in a row it does not even look at so many, at most. */
const MOST_SKIPPED = 63

export class LaneWriter {
  readonly memory: LaneMemory
  readonly #encoder: Encoder
  #head: number
  /** As last seen; it may be further. */
  #tail: number
  /** How many had come by the port when the reader was last told. */
  #marked: number
  readonly #last: { to: Pid | undefined; from: Pid | undefined } = {
    to: undefined,
    from: undefined,
  }
  #isBusy = false
  /** Grows with each that was refused. */
  #refused = 0
  #skipsLeft = 0

  /** @param posted How many had gone by the port when the reader was given the memory. */
  constructor(memory: SharedArrayBuffer, posted: number) {
    this.#marked = posted >>> 0
    this.memory = openLane(memory)
    this.#encoder = new Encoder(this.memory.bytes)
    this.#head = headOf(this.memory)
    this.#tail = tailOf(this.memory)
  }

  /**
   * Puts a signal into the ring. What it reads of the signal may be code of others, which may send
   * something itself: that goes first, by the port.
   *
   * @param posted Says how many went by the port so far.
   * @returns False: it must go by the port.
   */
  write(signal: LaneSignal, posted: () => number): boolean {
    if (this.#isBusy || this.#skips() || !this.hasRoom()) return false
    const before = posted() >>> 0
    const mark = before === this.#marked ? undefined : before
    const length = this.#encoded(signal, mark)
    if (length === 0 || posted() >>> 0 !== before) return this.#refuse()
    this.#refused = 0
    this.#marked = before
    this.#last.to = signal.to
    if (signal.type === 'call') this.#last.from = signal.from
    this.#head = (this.#head + length) | 0
    publish(this.memory, this.#head)
    return true
  }

  /** What cannot be read is for structured clone, which says why. */
  #encoded(signal: LaneSignal, mark: number | undefined): number {
    this.#isBusy = true
    try {
      return this.#encoder.encode(signal, this.#head, mark, this.#last)
    } catch {
      return 0
    } finally {
      this.#isBusy = false
    }
  }

  #refuse(): false {
    this.#refused = Math.min(2 * this.#refused + 1, MOST_SKIPPED)
    this.#skipsLeft = this.#refused >> 1
    return false
  }

  #skips(): boolean {
    return this.#skipsLeft > 0 && this.#skipsLeft-- > 0
  }

  /** For any signal that could go by a lane. */
  hasRoom(): boolean {
    if (this.#room() >= ENTRY_ROOM) return true
    this.#tail = tailOf(this.memory)
    return this.#room() >= ENTRY_ROOM
  }

  #room(): number {
    return this.memory.bytes.length - ((this.#head - this.#tail) | 0)
  }
}
