/** What the heap keeps in order. */
export interface Due {
  /** On the clock of `performance.now()`. */
  readonly dueAt: number
  /** Where it lies in the heap; the heap's own. */
  index: number
}

/** A binary heap whose first item is the one due next; any item is taken out in O(log n). */
export class TimerHeap<Item extends Due> {
  readonly #items: Item[] = []

  get first(): Item | undefined {
    return this.#items[0]
  }

  push(item: Item): void {
    item.index = this.#items.length
    this.#items.push(item)
    this.#rise(item)
  }

  remove(item: Item): void {
    if (this.#items[item.index] !== item) return
    const last = this.#items.pop()
    if (!last || last === item) return
    this.#put(last, item.index)
    this.#rise(last)
    this.#sink(last)
  }

  clear(): void {
    this.#items.length = 0
  }

  #rise(item: Item): void {
    for (;;) {
      const above = this.#items[(item.index - 1) >> 1]
      if (item.index === 0 || !above || above.dueAt <= item.dueAt) return
      this.#swap(item, above)
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const left = this.#items[2 * item.index + 1]
      const right = this.#items[2 * item.index + 2]
      const next = left && right && right.dueAt < left.dueAt ? right : left
      if (!next || next.dueAt >= item.dueAt) return
      this.#swap(item, next)
    }
  }

  #swap(one: Item, other: Item): void {
    const { index } = one
    this.#put(one, other.index)
    this.#put(other, index)
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item
    item.index = index
  }
}
