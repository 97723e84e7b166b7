import { types } from 'node:util'

/** What a collection holds, extrapolated from a few of its entries. */
export interface Estimate {
  /** Bytes of the heap and outside it, roughly. */
  readonly bytes: number
  /** The part that lies in buffers, outside the heap. */
  readonly outsideBytes: number
  /** Most entries hold functions or promises, of which nobody sees what they keep: bytes are far too few. */
  readonly isOpaque: boolean
}

const SAMPLED = 8
const MAX_NODES = 300

/** Estimates from up to eight entries, half from the start, half from the end where that is cheap. */
export function estimateContents(collection: object, size: number): Estimate {
  const items = sampleOf(collection)
  let bytes = 0
  let outside = 0
  let opaque = 0
  for (const item of items) {
    const one = measure(item)
    bytes += one.bytes
    outside += one.outsideBytes
    if (one.isOpaque) opaque += 1
  }
  const scale = items.length === 0 ? 0 : size / items.length
  return {
    bytes: Math.round((bytes + outside) * scale),
    outsideBytes: Math.round(outside * scale),
    isOpaque: opaque > items.length / 2,
  }
}

function sampleOf(collection: object): unknown[] {
  if (Array.isArray(collection)) {
    const half = SAMPLED / 2
    return collection.length <= SAMPLED
      ? [...collection]
      : [...collection.slice(0, half), ...collection.slice(-half)]
  }
  const items: unknown[] = []
  if (collection instanceof Map || collection instanceof Set) {
    for (const entry of collection.entries()) {
      items.push(entry)
      if (items.length >= SAMPLED) break
    }
    return items
  }
  const keys = Object.keys(collection)
  const sampled =
    keys.length <= SAMPLED ? keys : [...keys.slice(0, SAMPLED / 2), ...keys.slice(-SAMPLED / 2)]
  for (const key of sampled) {
    items.push([key, Object.getOwnPropertyDescriptor(collection, key)?.value])
  }
  return items
}

/** Bytes of one entry: fields to a depth of four, 300 values at most; shared parts count each time. */
function measure(root: unknown): Estimate {
  let bytes = 0
  let outsideBytes = 0
  let isOpaque = false
  let nodes = 0
  const walk = (value: unknown, depth: number): void => {
    nodes += 1
    if (nodes > MAX_NODES) return
    if (typeof value === 'function' || types.isPromise(value)) isOpaque = true
    if (typeof value === 'string') bytes += 16 + value.length
    else if (typeof value !== 'object' || value === null) bytes += 8
    else if (ArrayBuffer.isView(value)) outsideBytes += value.byteLength
    else if (value instanceof ArrayBuffer) outsideBytes += value.byteLength
    else {
      bytes += 24
      if (depth >= 4) return
      const keys = Object.keys(value)
      const seen = keys.slice(0, 40)
      const before = bytes
      for (const key of seen) {
        bytes += 8
        walk(Object.getOwnPropertyDescriptor(value, key)?.value, depth + 1)
      }
      if (keys.length > seen.length)
        bytes += ((bytes - before) / seen.length) * (keys.length - seen.length)
    }
  }
  walk(root, 0)
  return { bytes, outsideBytes, isOpaque }
}
