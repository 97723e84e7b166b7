/**
 * Errors as plain data. The structured clone that carries messages between threads drops an
 * error's class, name and own fields (and on Node 20 turns an abort reason into `{}`), so whatever
 * may be an error is made a {@link WireError} first.
 */

import { cloneableCopy, isErrorObject, printable } from './cloneable.ts'
import { classNameOf, errorClassOf } from './error-classes.ts'

export { printable } from './cloneable.ts'

/** An error as it crosses a thread: what a reader of a log needs, as plain data. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string | number
  readonly cause?: WireError
  /** The errors that an `AggregateError` holds, at most 16. */
  readonly errors?: readonly WireError[]
  /** What its class is called, where that is not its name. */
  readonly class?: string
  /** Own enumerable fields of the error that can be cloned. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Which of the fields are errors themselves. */
  readonly errorFields?: readonly string[]
  /** What was thrown, where that is neither an error nor a text (the message is that then). */
  readonly value?: unknown
}

const MAX_CAUSES = 4
const MAX_ERRORS = 16
const OWN = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors'])
const NO_ERROR = 'NonError'

/** Makes plain data of anything that was thrown; never throws itself. */
export function toWireError(thrown: unknown): WireError {
  return wireOf(thrown, 0, new Set())
}

/** @param seen Errors that are told already: one that leads back to itself is told once. */
function wireOf(thrown: unknown, depth: number, seen: Set<object>): WireError {
  if (!isErrorObject(thrown)) return wireOfOther(thrown)
  const name = textOf(read(thrown, 'name'), 'Error')
  const message = textOf(read(thrown, 'message'), '')
  if (seen.has(thrown)) return { name, message }
  seen.add(thrown)
  const [code, cause] = [read(thrown, 'code'), read(thrown, 'cause')]
  const errors = read(thrown, 'errors')
  const made = classNameOf(thrown)
  const isDeep = depth >= MAX_CAUSES
  return withStack(thrown, {
    name,
    message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(made === undefined || made === name || made === 'Error' ? {} : { class: made }),
    ...(cause === undefined || isDeep ? {} : { cause: wireOf(cause, depth + 1, seen) }),
    ...(Array.isArray(errors) && !isDeep
      ? { errors: errors.slice(0, MAX_ERRORS).map((one) => wireOf(one, depth + 1, seen)) }
      : {}),
    ...fieldsOf(thrown, (one) => wireOf(one, depth + 1, seen)),
  })
}

/** Making a text of the stack costs more than all the rest, so it waits until somebody reads it. */
function withStack(thrown: object, wire: WireError): WireError {
  if (!Object.hasOwn(thrown, 'stack')) return wire
  return Object.defineProperty(wire, 'stack', {
    get: () => {
      const stack = read(thrown, 'stack')
      return typeof stack === 'string' ? stack : undefined
    },
    enumerable: true,
    configurable: true,
  })
}

function wireOfOther(thrown: unknown): WireError {
  if (typeof thrown === 'string') return { name: NO_ERROR, message: thrown }
  const copy = toCloneable(thrown)
  if (isWireError(copy)) return copy
  return {
    name: NO_ERROR,
    message: printable(thrown),
    ...(copy === undefined ? {} : { value: copy }),
  }
}

function fieldsOf(
  error: Error,
  wire: (error: object) => WireError,
): Pick<WireError, 'fields' | 'errorFields'> {
  const keys = keysOf(error).filter((key) => !OWN.has(key))
  if (keys.length === 0) return {}
  const values = keys.map((key): [string, unknown] => [key, read(error, key)])
  const errorFields = values.flatMap(([key, value]) => (isErrorObject(value) ? [key] : []))
  const fields = Object.fromEntries(values.map(([key, item]) => [key, cloneableCopy(item, wire)]))
  return { fields, ...(errorFields.length > 0 ? { errorFields } : {}) }
}

/**
 * Makes an `Error` of plain data again; its name, code, stack, cause and fields are the sender's,
 * and its class too, where this thread knows one of that name (`registerErrorClass`).
 */
export function fromWireError(wire: WireError): Error {
  const error = blank(wire)
  put(error, 'name', wire.name, false)
  put(error, 'stack', wire.stack ?? `${wire.name}: ${wire.message}`, false)
  if (wire.code !== undefined) put(error, 'code', wire.code, true)
  if (wire.cause) put(error, 'cause', causeFrom(wire.cause), false)
  if (wire.errors) put(error, 'errors', wire.errors.map(causeFrom), false)
  for (const [key, value] of Object.entries(wire.fields ?? {})) {
    const isError = wire.errorFields?.includes(key) && isWireError(value)
    put(error, key, isError ? fromWireError(value) : value, true)
  }
  return error
}

function blank({ name, message, class: made }: WireError): Error {
  if (made === 'DOMException') return new DOMException(message, name)
  const error = new Error(message)
  const known = errorClassOf(made) ?? errorClassOf(name)
  if (known) Object.setPrototypeOf(error, known.prototype)
  return error
}

/** A cause need not be an error. */
function causeFrom(wire: WireError): unknown {
  if (wire.name !== NO_ERROR || wire.stack !== undefined) return fromWireError(wire)
  return 'value' in wire ? wire.value : wire.message
}

/** Sets what the class itself does not say already, past setters and frozen prototypes. */
function put(error: Error, key: string, value: unknown, enumerable: boolean): void {
  if (read(error, key) === value && (!enumerable || key === 'code')) return
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
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

/**
 * A copy of `value` that can be cloned: what cannot (functions, symbols, handles) becomes a
 * printable placeholder, errors become {@link WireError}s. Used for exit reasons, which must cross
 * whatever they hold.
 */
export function toCloneable(value: unknown): unknown {
  return cloneableCopy(value, toWireError)
}

/** A getter or proxy of somebody else's error may throw. */
function read(error: object, key: string): unknown {
  try {
    return Reflect.get(error, key)
  } catch {
    return undefined
  }
}

function keysOf(error: object): string[] {
  try {
    return Object.keys(error)
  } catch {
    return []
  }
}

function textOf(value: unknown, otherwise: string): string {
  return value === undefined ? otherwise : printable(value)
}
