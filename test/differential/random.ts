/** A stream of chances that is the same for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to below `bound`. Mulberry32 (Tommy Ettinger, public domain). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True in so many of a hundred cases. */
  percent(chance: number): boolean {
    return this.below(100) < chance
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0]
  }

  /** One of the items, or nothing of nothing. */
  anyOf<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(Math.max(1, items.length))]
  }

  weighted<Item>(items: readonly (readonly [weight: number, item: Item])[]): Item | undefined {
    let at = this.below(items.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, item] of items) {
      if (at < weight) return item
      at -= weight
    }
    return undefined
  }
}
