/**
 * Errors as plain data. The structured clone that carries messages between threads drops an
 * error's class, name and own fields (and on Node 20 turns an abort reason into `{}`), so whatever
 * may be an error is made a {@link WireError} first.
 */

/** An error as it crosses a thread: what a reader of a log needs, as plain data. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string | number
  readonly cause?: WireError
  /** Own enumerable fields of the error that can be cloned. */
  readonly fields?: Readonly<Record<string, unknown>>
}

const MAX_CAUSES = 4
/** How deep a copy goes into what cannot be cloned as a whole. */
const MAX_DEPTH = 8
const OWN = new Set(['name', 'message', 'stack', 'code', 'cause'])

/** Makes plain data of anything that was thrown; never throws itself. */
export function toWireError(thrown: unknown, depth = 0): WireError {
  if (!(thrown instanceof Error)) {
    if (isWireError(thrown)) return thrown
    return { name: 'NonError', message: printable(thrown) }
  }
  const { name, message, stack, code, cause } = thrown as Error & { code?: unknown }
  const fields = cloneableFields(thrown)
  return {
    name: String(name),
    message: String(message),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(cause !== undefined && depth < MAX_CAUSES ? { cause: toWireError(cause, depth + 1) } : {}),
    ...(fields ? { fields } : {}),
  }
}

/** Makes an `Error` of plain data again; its name, code, stack, cause and fields are the sender's. */
export function fromWireError(wire: WireError): Error {
  const error = new Error(wire.message)
  Object.defineProperty(error, 'name', { value: wire.name, configurable: true, writable: true })
  Object.defineProperty(error, 'stack', {
    value: wire.stack ?? `${wire.name}: ${wire.message}`,
    configurable: true,
    writable: true,
  })
  if (wire.code !== undefined) Object.assign(error, { code: wire.code })
  if (wire.fields) Object.assign(error, wire.fields)
  if (wire.cause) {
    Object.defineProperty(error, 'cause', {
      value: fromWireError(wire.cause),
      configurable: true,
      writable: true,
    })
  }
  return error
}

export function isWireError(value: unknown): value is WireError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'message' in value &&
    typeof value.message === 'string'
  )
}

/** A short text for any value; never throws, not for proxies or cyclic objects either. */
export function printable(value: unknown): string {
  try {
    if (typeof value === 'string') return value
    if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? '[unprintable]'
    return String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/**
 * A copy of `value` that can be cloned: what cannot (functions, symbols, handles) becomes a
 * printable placeholder, errors become {@link WireError}s. Used for exit reasons, which must cross
 * whatever they hold.
 */
export function toCloneable(value: unknown, depth = 0, seen = new WeakSet<object>()): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return toWireError(value)
  try {
    return structuredClone(value)
  } catch {
    if (seen.has(value)) return '[seen before]'
    if (depth > MAX_DEPTH) return printable(value)
    seen.add(value)
    try {
      return copyOf(value, (item) => toCloneable(item, depth + 1, seen))
    } catch {
      return printable(value)
    }
  }
}

function copyOf(value: object, copy: (item: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (value instanceof Set) return new Set([...value].map(copy))
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [copy(key), copy(item)]))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]))
}

function cloneableFields(error: Error): Record<string, unknown> | undefined {
  const fields = Object.entries(error).filter(([key]) => !OWN.has(key))
  if (fields.length === 0) return undefined
  return Object.fromEntries(fields.map(([key, value]) => [key, toCloneable(value)]))
}
