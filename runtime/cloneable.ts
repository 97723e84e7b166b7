/** Copies of values that may hold what cannot cross a thread. */

/** How deep a copy goes into what cannot be cloned as a whole. */
const MAX_DEPTH = 8
/** How many values such a copy holds; an error may lead to half of the program's objects. */
const MAX_VALUES = 2000

/** A short text for any value; never throws, not for proxies or cyclic objects either. */
export function printable(value: unknown): string {
  try {
    if (typeof value === 'string') return value
    if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? '[unprintable]'
    return String(value)
  } catch {
    return tagOf(value)
  }
}

interface Copying {
  readonly depth: number
  readonly seen: WeakSet<object>
  readonly budget: { left: number }
  readonly error: (error: object) => unknown
}

/**
 * A copy that can be cloned: what cannot (functions, symbols, handles) becomes a printable
 * placeholder, errors what `error` makes of them. What can be cloned as a whole is not bounded,
 * anything else is, in depth and in number.
 */
export function cloneableCopy(value: unknown, error: (error: object) => unknown): unknown {
  return copied(value, { depth: 0, seen: new WeakSet(), budget: { left: MAX_VALUES }, error })
}

/** True for errors of this and any other realm. */
export function isErrorObject(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}

function copied(value: unknown, copying: Copying): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (isErrorObject(value)) return copying.error(value)
  try {
    return structuredClone(value)
  } catch {
    return partsOf(value, copying)
  }
}

function partsOf(value: object, copying: Copying): unknown {
  const { depth, seen, budget } = copying
  if (seen.has(value)) return '[seen before]'
  if (depth > MAX_DEPTH) return tagOf(value)
  seen.add(value)
  const next = { ...copying, depth: depth + 1 }
  try {
    return copyOf(value, (item) => (budget.left-- > 0 ? copied(item, next) : '[left out]'))
  } catch {
    return tagOf(value)
  }
}

function copyOf(value: object, copy: (item: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (value instanceof Set) return new Set([...value].map(copy))
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [copy(key), copy(item)]))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]))
}

function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value)
  } catch {
    return '[unprintable]'
  }
}
