import { isPid, type Pid } from './pid.ts'
import { printable } from './wire.ts'

/**
 * A name that a registry keeps instead of the runtime: any key, and a value to it. Made by a
 * registry's `via`; plain data, so it may cross threads.
 */
export interface RegistryName {
  readonly type: 'registry-name'
  /** The registry's own name or pid; for a partition its supervisor's, which a registry may keep. */
  readonly registry: Pid | string | RegistryName
  readonly key: unknown
  readonly value: unknown
  /** The key chooses a partition; nobody can be registered so. */
  readonly partitioned?: true
}

export function isRegistryName(value: unknown): value is RegistryName {
  return (
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'registry-name'
  )
}

/** A target as errors show it: the key stands for a name that a registry keeps. */
export function targetText(target: string | RegistryName): string {
  return typeof target === 'string'
    ? target
    : `${targetText(target.registry)} ${printable(target.key)}`
}

/** How deep a key may be. */
const MAX_DEPTH = 32

/**
 * The identity of a key: the same for two keys that are equal. Primitive values are told apart as
 * a `Map` does (`1`, `1n` and `'1'` are three keys), compound ones by what they hold: arrays, plain
 * objects whatever the order of their fields, Maps, Sets, dates and bytes.
 *
 * @throws {TypeError} It holds a function, a symbol or an object of some other class.
 */
export function keyIdentity(key: unknown): unknown {
  if (typeof key === 'string') return `s${key}`
  const isCompound = typeof key === 'object' && key !== null
  if (isCompound || typeof key === 'symbol' || typeof key === 'function')
    return `c${encode(key, 0)}`
  return key
}

function encode(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw refusal(value)
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return `n${value === 0 ? 0 : value}`
    case 'bigint':
      return `i${value}`
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      return value === null ? 'null' : encodeObject(value, depth + 1)
    case 'function':
    case 'symbol':
    default:
      throw refusal(value)
  }
}

function encodeObject(value: object, depth: number): string {
  const pair = ([key, item]: [unknown, unknown]): string =>
    `${encode(key, depth)}:${encode(item, depth)}`
  if (Array.isArray(value)) return `[${value.map((item) => encode(item, depth)).join()}]`
  if (value instanceof Date) return `date ${value.getTime()}`
  if (value instanceof Map) return `map{${[...value].map(pair).toSorted().join()}}`
  if (value instanceof Set) {
    return `set{${[...value]
      .map((item) => encode(item, depth))
      .toSorted()
      .join()}}`
  }
  if (value instanceof Uint8Array) return `bytes[${value.join()}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) throw refusal(value)
  return `{${Object.entries(value).map(pair).toSorted().join()}}`
}

function refusal(value: unknown): TypeError {
  return new TypeError(
    `registry: expected a key of plain data, got ${isPid(value) ? value : printable(value)}.`,
  )
}
