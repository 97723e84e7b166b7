import type { Ref } from './pid.ts'

/** A power of two, as every number of buckets. */
const FIRST_BUCKETS = 8
/** More than that are given back when nothing is left. */
const KEPT_BUCKETS = 1024

interface Entry<Value> {
  readonly ref: Ref
  value: Value
  /** In the same bucket. */
  next: Entry<Value> | undefined
  /** In the order in which they were added. */
  before: Entry<Value> | undefined
  after: Entry<Value> | undefined
}

/**
 * A Map of what comes and goes quickly, by reference. A JavaScript Map makes a new table after so
 * many additions, however few are left, and the old one refers to it: once such a table is among the
 * old objects, V8 takes all later ones, and all that was in them, for alive until the next full
 * collection. Here nothing refers to what was taken out.
 */
export class RefMap<Value> {
  #buckets = emptyBuckets<Value>(FIRST_BUCKETS)
  #first: Entry<Value> | undefined
  #last: Entry<Value> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  has(ref: Ref): boolean {
    return this.#find(ref) !== undefined
  }

  set(ref: Ref, value: Value): void {
    const known = this.#find(ref)
    if (known) known.value = value
    else this.#add(ref, value)
  }

  /** The value, which is not there any more. */
  take(ref: Ref): Value | undefined {
    const entry = this.#find(ref)
    if (entry) this.#remove(entry)
    return entry?.value
  }

  /** True if it was there. */
  delete(ref: Ref): boolean {
    const entry = this.#find(ref)
    if (entry) this.#remove(entry)
    return entry !== undefined
  }

  /** As they are now: what is added or taken out meanwhile does not matter. */
  entries(): readonly (readonly [Ref, Value])[] {
    const entries: (readonly [Ref, Value])[] = []
    for (let entry = this.#first; entry; entry = entry.after) entries.push([entry.ref, entry.value])
    return entries
  }

  #find(ref: Ref): Entry<Value> | undefined {
    let entry = this.#buckets[this.#bucketOf(ref)]
    while (entry && entry.ref !== ref) entry = entry.next
    return entry
  }

  #add(ref: Ref, value: Value): void {
    if (this.#size === this.#buckets.length) this.#grow()
    const bucket = this.#bucketOf(ref)
    const last = this.#last
    const entry = { ref, value, next: this.#buckets[bucket], before: last, after: undefined }
    this.#buckets[bucket] = entry
    if (last) last.after = entry
    else this.#first = entry
    this.#last = entry
    this.#size++
  }

  #remove(entry: Entry<Value>): void {
    const bucket = this.#bucketOf(entry.ref)
    let one = this.#buckets[bucket]
    if (one === entry) this.#buckets[bucket] = entry.next
    else {
      while (one && one.next !== entry) one = one.next
      if (one) one.next = entry.next
    }
    const { before, after } = entry
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    entry.next = undefined
    entry.before = undefined
    entry.after = undefined
    this.#size--
    if (this.#size > 0 || this.#buckets.length <= KEPT_BUCKETS) return
    this.#buckets = emptyBuckets(FIRST_BUCKETS)
  }

  #grow(): void {
    this.#buckets = emptyBuckets(2 * this.#buckets.length)
    for (let entry = this.#first; entry; entry = entry.after) {
      const bucket = this.#bucketOf(entry.ref)
      entry.next = this.#buckets[bucket]
      this.#buckets[bucket] = entry
    }
  }

  /** Their digits are as good as random in their lowest bits, and nearly always in sequence. */
  #bucketOf(ref: Ref): number {
    let number = 0
    for (let at = 1; at < ref.length; at++) number = (number * 10 + ref.charCodeAt(at) - 48) | 0
    return number & (this.#buckets.length - 1)
  }
}

function emptyBuckets<Value>(count: number): (Entry<Value> | undefined)[] {
  return Array.from({ length: count }, () => undefined)
}
