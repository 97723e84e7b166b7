/**
 * A map that most often has one entry, or none for long: it keeps the first without a table, whose
 * birth costs more than all that is done with it. Keys come in the order in which they were entered.
 */
export class FewMap<Key, Value> {
  #key: Key | undefined
  #value: Value | undefined
  #more: Map<Key, Value> | undefined

  get(key: Key): Value | undefined {
    return key === this.#key ? this.#value : this.#more?.get(key)
  }

  has(key: Key): boolean {
    return key === this.#key || (this.#more?.has(key) ?? false)
  }

  set(key: Key, value: Value): void {
    if (key === this.#key) this.#value = value
    else if (this.#key === undefined && !this.#more?.size) {
      this.#key = key
      this.#value = value
    } else {
      this.#more ??= new Map()
      this.#more.set(key, value)
    }
  }

  delete(key: Key): boolean {
    if (key !== this.#key) return this.#more?.delete(key) ?? false
    this.#key = undefined
    this.#value = undefined
    return true
  }

  forEach(call: (value: Value, key: Key) => void): void {
    if (this.#key !== undefined && this.#value !== undefined) call(this.#value, this.#key)
    this.#more?.forEach(call)
  }
}
