import type { Json } from '../json.ts'

/** Limits on what one call may carry out of main. */
export interface CapLimits {
  readonly maxDepth: number
  readonly maxNodes: number
  readonly maxStringCharacters: number
  readonly maxTotalCharacters: number
}

/** 256 KB of text is about 60 thousand tokens: more than any prompt wants from one call. */
export const DEFAULT_CAP: CapLimits = {
  maxDepth: 12,
  maxNodes: 20_000,
  maxStringCharacters: 16_384,
  maxTotalCharacters: 262_144,
}

/** Thrown when a value is beyond the limits; carries no part of the value. */
export class TooLarge extends Error {}

/**
 * Copies any value to JSON within limits, in one walk that stops at the first limit.
 *
 * Depth and long strings are cut with a mark; the number of nodes and of characters is a hard
 * limit. Maps and Sets become arrays, Errors their name and message, cycles a mark; `toJSON` and
 * prototypes are ignored; getters run (their errors are the caller's to catch).
 *
 * @throws {TooLarge} More nodes or characters than allowed.
 */
export function capValue(value: unknown, limits: CapLimits = DEFAULT_CAP): Json {
  const open = new Set<object>()
  let nodes = 0
  let characters = 0

  const count = (text: string): string => {
    const cut =
      text.length > limits.maxStringCharacters
        ? `${text.slice(0, limits.maxStringCharacters)}…`
        : text
    characters += cut.length
    if (characters > limits.maxTotalCharacters) {
      throw new TooLarge(`more than ${limits.maxTotalCharacters} characters`)
    }
    return cut
  }

  const walk = (current: unknown, depth: number): Json => {
    nodes += 1
    if (nodes > limits.maxNodes) throw new TooLarge(`more than ${limits.maxNodes} values`)
    const plain = asPrimitive(current)
    if (plain !== undefined) return typeof plain === 'string' ? count(plain) : plain
    if (typeof current !== 'object' || current === null) return null
    if (open.has(current)) return '[cycle]'
    if (depth >= limits.maxDepth) return '[deeper]'
    open.add(current)
    const copy = walkObject(current, (inner) => walk(inner, depth + 1), count)
    open.delete(current)
    return copy
  }
  return walk(value, 0)
}

function walkObject(
  value: object,
  walk: (inner: unknown) => Json,
  count: (text: string) => string,
): Json {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Error) return { name: count(value.name), message: count(value.message) }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value) || value instanceof Set || value instanceof Map) {
    const items: Json[] = []
    for (const item of value) items.push(walk(item))
    return items
  }
  const copy: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || typeof item === 'function' || typeof item === 'symbol') continue
    Object.defineProperty(copy, count(key), {
      value: walk(item),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return copy
}

function asPrimitive(value: unknown): Json | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      // JSON has no negative zero
      return Number.isFinite(value) ? value + 0 : null
    case 'bigint':
      return value.toString()
    case 'undefined':
    case 'function':
    case 'symbol':
      return null
    case 'object':
      return value === null ? null : undefined
  }
}
