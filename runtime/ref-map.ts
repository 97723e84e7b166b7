import type { Ref } from './pid.ts'

/** So many are searched one by one. */
const FEW = 8
/** A power of two, as every number of buckets. */
const FIRST_BUCKETS = 32
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
  /** Absent as long as there were only few. */
  #buckets: (Entry<Value> | undefined)[] | undefined
  #first: Entry<Value> | undefined
  #last: Entry<Value> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get(ref: Ref): Value | undefined {
    return this.#find(ref)?.value
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

  /** Of those that are there now; they may be taken out meanwhile. */
  forEach(call: (value: Value, ref: Ref) => void): void {
    const first = this.#first
    if (first && !first.after) call(first.value, first.ref)
    else if (first) for (const [ref, value] of this.entries()) call(value, ref)
  }

  /** As they are now: what is added or taken out meanwhile does not matter. */
  entries(): readonly (readonly [Ref, Value])[] {
    const entries: (readonly [Ref, Value])[] = []
    for (let entry = this.#first; entry; entry = entry.after) entries.push([entry.ref, entry.value])
    return entries
  }

  #find(ref: Ref): Entry<Value> | undefined {
    const buckets = this.#buckets
    if (buckets) {
      let entry = buckets[bucketOf(ref, buckets.length)]
      while (entry && entry.ref !== ref) entry = entry.next
      return entry
    }
    let entry = this.#first
    while (entry && entry.ref !== ref) entry = entry.after
    return entry
  }

  #add(ref: Ref, value: Value): void {
    const last = this.#last
    const entry = { ref, value, next: undefined, before: last, after: undefined }
    if (last) last.after = entry
    else this.#first = entry
    this.#last = entry
    this.#size++
    if (this.#size > (this.#buckets?.length ?? FEW)) this.#grow()
    else if (this.#buckets) put(this.#buckets, entry)
  }

  #remove(entry: Entry<Value>): void {
    if (this.#buckets) cut(this.#buckets, entry)
    const { before, after } = entry
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    entry.next = undefined
    entry.before = undefined
    entry.after = undefined
    this.#size--
    if (this.#size === 0 && this.#buckets && this.#buckets.length > KEPT_BUCKETS) {
      this.#buckets = undefined
    }
  }

  #grow(): void {
    const buckets: (Entry<Value> | undefined)[] = []
    const count = this.#buckets ? 2 * this.#buckets.length : FIRST_BUCKETS
    while (buckets.length < count) buckets.push(undefined)
    for (let entry = this.#first; entry; entry = entry.after) put(buckets, entry)
    this.#buckets = buckets
  }
}

function put<Value>(buckets: (Entry<Value> | undefined)[], entry: Entry<Value>): void {
  const bucket = bucketOf(entry.ref, buckets.length)
  entry.next = buckets[bucket]
  buckets[bucket] = entry
}

function cut<Value>(buckets: (Entry<Value> | undefined)[], entry: Entry<Value>): void {
  const bucket = bucketOf(entry.ref, buckets.length)
  let one = buckets[bucket]
  if (one === entry) buckets[bucket] = entry.next
  else {
    while (one && one.next !== entry) one = one.next
    if (one) one.next = entry.next
  }
}

/** Their digits are as good as random in their lowest bits, and nearly always in sequence. */
function bucketOf(ref: Ref, count: number): number {
  let number = 0
  for (let at = 1; at < ref.length; at++) number = (number * 10 + ref.charCodeAt(at) - 48) | 0
  return number & (count - 1)
}
