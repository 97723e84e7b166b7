/** Items that were taken are cut off when there are so many and they are half of all. */
const CUT_AT = 1024

/** First in, first out, however long it gets: an array's own `shift` collapses then. */
export class Queue<Item> {
  readonly #items: (Item | undefined)[] = []
  #at = 0

  get size(): number {
    return this.#items.length - this.#at
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  /** The oldest item, removed; `undefined` if there is none. */
  shift(): Item | undefined {
    const item = this.#items[this.#at]
    if (this.size === 0) return undefined
    this.#items[this.#at++] = undefined
    if (this.size === 0 || (this.#at >= CUT_AT && 2 * this.#at >= this.#items.length)) {
      this.#items.splice(0, this.#at)
      this.#at = 0
    }
    return item
  }
}
