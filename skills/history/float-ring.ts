/** Records kept at first; doubled until the most are reached, so that a young process pays little. */
const FIRST_CAPACITY = 32

/**
 * The last records of a few numbers each, with the time of each, in typed arrays: 8 bytes for the time and 4
 * for each number. Numbers keep 7 digits.
 */
export class FloatRing {
  readonly #most: number
  readonly #width: number
  #times: Float64Array
  #values: Float32Array
  #start = 0
  #length = 0

  constructor(most: number, width: number) {
    this.#most = most
    this.#width = width
    const capacity = Math.min(FIRST_CAPACITY, most)
    this.#times = new Float64Array(capacity)
    this.#values = new Float32Array(capacity * width)
  }

  get length(): number {
    return this.#length
  }

  /** Bytes of its arrays. */
  get bytes(): number {
    return this.#times.byteLength + this.#values.byteLength
  }

  /** Adds a record, and drops the oldest when it is full. */
  push(at: number, ...numbers: readonly number[]): void {
    if (this.#length === this.#times.length && this.#length < this.#most) this.#grow()
    const slot = (this.#start + this.#length) % this.#times.length
    this.#times[slot] = at
    this.#values.set(numbers.slice(0, this.#width), slot * this.#width)
    if (this.#length < this.#times.length) this.#length += 1
    else this.#start = (this.#start + 1) % this.#times.length
  }

  /** Time of a record, 0 the oldest; NaN where there is none. */
  at(index: number): number {
    return this.#has(index) ? (this.#times[this.#slot(index)] ?? Number.NaN) : Number.NaN
  }

  /** A number of a record; NaN where there is none. */
  value(index: number, field = 0): number {
    if (!this.#has(index)) return Number.NaN
    return this.#values[this.#slot(index) * this.#width + field] ?? Number.NaN
  }

  /** Index of the first record that is not older than this; the length where all are. */
  firstFrom(at: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.at(middle) < at) low = middle + 1
      else high = middle
    }
    return low
  }

  #has(index: number): boolean {
    return index >= 0 && index < this.#length
  }

  #slot(index: number): number {
    return (this.#start + index) % this.#times.length
  }

  /** Only before the first record was dropped: the records lie in order. */
  #grow(): void {
    const capacity = Math.min(this.#most, this.#times.length * 2)
    const times = new Float64Array(capacity)
    const values = new Float32Array(capacity * this.#width)
    times.set(this.#times)
    values.set(this.#values)
    this.#times = times
    this.#values = values
  }
}
