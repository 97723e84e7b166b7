/** The receiver's end of a lane. */

import { Decoder } from './lane-decoder.ts'
import type { LaneSignal } from './lane-format.ts'
import {
  getUp,
  headOf,
  type LaneMemory,
  lieDown,
  openLane,
  release,
  tailOf,
} from './lane-memory.ts'

export class LaneReader {
  readonly #memory: LaneMemory
  readonly #decoder: Decoder
  /** As last seen; it may be further. */
  #head: number
  /** What the writer knows. */
  #tail: number
  /** Bytes after which the writer is told that they can be written again. */
  readonly #step: number

  constructor(memory: SharedArrayBuffer) {
    this.#memory = openLane(memory)
    this.#decoder = new Decoder(this.#memory.bytes)
    this.#head = headOf(this.#memory)
    this.#tail = tailOf(this.#memory)
    this.#decoder.at = this.#tail
    this.#step = this.#memory.bytes.length >> 3
  }

  /**
   * The next signal; `undefined` if there is none, or if it was sent after something that went by the
   * port and has not been taken yet.
   *
   * @param taken How many of those that went by the port were.
   */
  next(taken: number): LaneSignal | undefined {
    const decoder = this.#decoder
    while (this.#hasMore()) {
      if (!decoder.isAtMark()) {
        const signal = decoder.signal()
        if (((decoder.at - this.#tail) | 0) >= this.#step) this.#release()
        return signal
      }
      const before = decoder.at
      if (decoder.mark() !== taken >>> 0) {
        decoder.at = before
        return undefined
      }
    }
    return undefined
  }

  /** How far the writer has come. */
  head(): number {
    return headOf(this.#memory)
  }

  /** Whether something before `head` was not read yet. */
  isBefore(head: number): boolean {
    return ((head - this.#decoder.at) | 0) > 0
  }

  /** To be woken by the next signal; false if there is one already. */
  sleep(): boolean {
    lieDown(this.#memory)
    if (headOf(this.#memory) === this.#decoder.at) return true
    getUp(this.#memory)
    return false
  }

  #hasMore(): boolean {
    if (this.#decoder.at !== this.#head) return true
    this.#head = headOf(this.#memory)
    if (this.#decoder.at !== this.#head) return true
    if (this.#decoder.at !== this.#tail) this.#release()
    return false
  }

  #release(): void {
    this.#tail = this.#decoder.at
    release(this.#memory, this.#tail)
  }
}
