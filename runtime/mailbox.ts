/** A power of two, as every size of the ring. */
const FIRST_SIZE = 8
const FIRST_RING: readonly unknown[] = Array.from({ length: FIRST_SIZE }, () => undefined)
/** That of an actor that has had no mail yet. */
const NO_RING: unknown[] = []

/**
 * A growing ring of messages in the order of arrival. `shift` takes the oldest in O(1) (an array's
 * own `shift` collapses at a long backlog); `takeAt` serves selective receive.
 */
export class Mailbox {
  #ring: unknown[] = NO_RING
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(message: unknown): void {
    if (this.#size === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = message
    this.#size++
  }

  /** Puts a message before all others. */
  unshift(message: unknown): void {
    if (this.#size === this.#ring.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#ring.length - 1)
    this.#ring[this.#head] = message
    this.#size++
  }

  /** The oldest message, removed; `undefined` when empty (ask `size` first). */
  shift(): unknown {
    if (this.#size === 0) return undefined
    const message = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#size--
    return message
  }

  at(index: number): unknown {
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)]
  }

  /** Removes and returns the message at `index`; the others keep their order. */
  takeAt(index: number): unknown {
    if (index === 0) return this.shift()
    const mask = this.#ring.length - 1
    const message = this.at(index)
    for (let i = index; i > 0; i--) {
      this.#ring[(this.#head + i) & mask] = this.#ring[(this.#head + i - 1) & mask]
    }
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & mask
    this.#size--
    return message
  }

  /** The first index from `from` on whose message passes, or -1. */
  find(matches: (message: unknown) => boolean, from = 0): number {
    for (let index = from; index < this.#size; index++) if (matches(this.at(index))) return index
    return -1
  }

  /** Puts a message at `index`, a short way from the head; the others keep their order. */
  insertAt(index: number, message: unknown): void {
    this.unshift(message)
    const mask = this.#ring.length - 1
    for (let i = 0; i < index; i++) {
      this.#ring[(this.#head + i) & mask] = this.#ring[(this.#head + i + 1) & mask]
    }
    this.#ring[(this.#head + index) & mask] = message
  }

  clear(): void {
    this.#ring = NO_RING
    this.#head = 0
    this.#size = 0
  }

  toArray(): unknown[] {
    return Array.from({ length: this.#size }, (_, index) => this.at(index))
  }

  #grow(): void {
    const bigger = emptyRing(Math.max(FIRST_SIZE, this.#ring.length * 2))
    for (let index = 0; index < this.#size; index++) bigger[index] = this.at(index)
    this.#ring = bigger
    this.#head = 0
  }
}

function emptyRing(size: number): unknown[] {
  if (size === FIRST_SIZE) return [...FIRST_RING]
  const ring: unknown[] = []
  for (let index = 0; index < size; index++) ring.push(undefined)
  return ring
}
