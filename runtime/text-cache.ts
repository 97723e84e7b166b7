/**
 * Texts of one byte a character in a ring of bytes. Short ones come again and again (pids, names,
 * keys): to find one that was made before costs less than to make it, and as its hash is known it is
 * found faster in every Map.
 */

const SLOTS = 512
const LONGEST = 24

export class TextCache {
  readonly #bytes: Uint8Array
  readonly #mask: number
  readonly #view: Buffer
  readonly #texts = Array.from({ length: SLOTS }, () => '')

  /** @param bytes A ring; its length is a power of two. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#mask = bytes.length - 1
    this.#view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** The text of these bytes, if it was added and no other has taken its place. */
  find(at: number, length: number): string | undefined {
    if (length > LONGEST) return undefined
    const text = this.#texts[this.#slot(at, length)]
    return text !== undefined && this.#holds(text, at, length) ? text : undefined
  }

  /** Makes the text of these bytes and keeps it, if it is short. */
  add(at: number, length: number): string {
    const text = this.read(at, length)
    if (length <= LONGEST) this.#texts[this.#slot(at, length)] = text
    return text
  }

  read(at: number, length: number): string {
    const from = at & this.#mask
    const end = from + length
    const { length: size } = this.#view
    if (end <= size) return this.#view.toString('latin1', from, end)
    return this.#view.toString('latin1', from) + this.#view.toString('latin1', 0, end - size)
  }

  #slot(at: number, length: number): number {
    const bytes = this.#bytes
    const mask = this.#mask
    let hash = length
    for (let next = 0; next < length; next++) {
      hash = Math.imul(hash, 31) + (bytes[(at + next) & mask] ?? 0)
    }
    return (hash ^ (hash >>> 9)) & (SLOTS - 1)
  }

  #holds(text: string, at: number, length: number): boolean {
    if (text.length !== length) return false
    const bytes = this.#bytes
    const mask = this.#mask
    for (let next = 0; next < length; next++) {
      if (text.charCodeAt(next) !== bytes[(at + next) & mask]) return false
    }
    return true
  }
}
