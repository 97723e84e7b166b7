/** Where each field of a channel's records lies. Pure. */

import { checkKeys, checkNumber, nearest } from '../options.ts'
import { printable } from '../wire.ts'

/**
 * What a field of a record holds.
 *
 * - `i32`, `u32`: a whole number of 32 bits; `f64`: any number.
 * - `i64`, `u64`: a bigint of 64 bits.
 * - `{ utf8: n }`: a text of at most `n` bytes of UTF-8; `{ bytes: n }`: at most `n` bytes.
 */
export type FieldType = NumberType | BigIntType | { readonly utf8: number } | BytesType
type NumberType = 'i32' | 'u32' | 'f64'
type BigIntType = 'i64' | 'u64'
interface BytesType {
  readonly bytes: number
}

/** The fields of a record by name. */
export type RecordFields = Readonly<Record<string, FieldType>>

/** A record as it is written and read. */
export type RecordOf<Fields extends RecordFields> = {
  readonly [Name in keyof Fields]: ValueOf<Fields[Name]>
}

/** A record whose fields can be set. */
export type Writable<Values> = { -readonly [Name in keyof Values]: Values[Name] }

type ValueOf<Type extends FieldType> = Type extends NumberType
  ? number
  : Type extends BigIntType
    ? bigint
    : Type extends BytesType
      ? Uint8Array
      : string

/** One field in its place. */
export interface Field {
  readonly name: string
  readonly kind: NumberType | BigIntType | 'utf8' | 'bytes'
  /** Where it begins, in units of what its kind takes: 4 or 8 bytes. Texts and bytes: 4. */
  readonly offset: number
  /** At most so many bytes of text or bytes; they lie behind their length. */
  readonly maxBytes: number
}

export interface Layout {
  /** In the order in which they were declared. */
  readonly fields: readonly Field[]
  /** Size of a record in units of 8 bytes. */
  readonly units: number
}

const MAX_FIELDS = 64
const MAX_FIELD_BYTES = 65_535
const NAME_SHAPE = /^[a-zA-Z_$][\w$]*$/
const SCALARS = ['i32', 'u32', 'f64', 'i64', 'u64']
/** How wide scalars are, bytes. */
const WIDTHS = { i32: 4, u32: 4, f64: 8, i64: 8, u64: 8, utf8: 4, bytes: 4 } as const

/**
 * Puts what is 8 bytes wide first, then the rest, so that nothing lies across a boundary.
 *
 * @throws {TypeError} or {RangeError} Not fields of a record.
 */
export function layOut(what: string, fields: unknown): Layout {
  const parsed = parseFields(what, fields)
  const wideFirst = parsed.toSorted((a, b) => WIDTHS[b.kind] - WIDTHS[a.kind])
  const placed = new Map<string, Field>()
  let at = 0
  for (const field of wideFirst) {
    const width = WIDTHS[field.kind]
    placed.set(field.name, { ...field, offset: at / width })
    at += width + 4 * Math.ceil(field.maxBytes / 4)
  }
  return {
    fields: parsed.flatMap(({ name }) => placed.get(name) ?? []),
    units: Math.ceil(at / 8),
  }
}

type Parsed = Omit<Field, 'offset'>

function parseFields(what: string, fields: unknown): readonly Parsed[] {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new TypeError(`${what}: expected fields such as { id: 'u32' }, got ${printable(fields)}.`)
  }
  const entries = Object.entries(fields)
  if (entries.length === 0 || entries.length > MAX_FIELDS) {
    throw new RangeError(`${what}: expected 1 to ${MAX_FIELDS} fields, got ${entries.length}.`)
  }
  return entries.map(([name, type]) => {
    if (!NAME_SHAPE.test(name) || name in Object.prototype) {
      throw new TypeError(`${what}: '${name}' cannot be a field's name; use letters and digits.`)
    }
    return { name, ...parseType(`${what}: ${name}`, type) }
  })
}

function parseType(what: string, type: unknown): Omit<Parsed, 'name'> {
  if (isScalar(type)) return { kind: type, maxBytes: 0 }
  if (typeof type === 'object' && type !== null) {
    if ('utf8' in type) return { kind: 'utf8', maxBytes: maxBytes(what, type, 'utf8', type.utf8) }
    if ('bytes' in type)
      return { kind: 'bytes', maxBytes: maxBytes(what, type, 'bytes', type.bytes) }
  }
  const near = typeof type === 'string' ? nearest(type, SCALARS) : undefined
  const hint = near ? ` Did you mean '${near}'?` : ''
  throw new TypeError(
    `${what}: expected 'i32', 'u32', 'f64', 'i64', 'u64', { utf8: bytes } or { bytes: bytes }, got ${printable(type)}.${hint}`,
  )
}

function maxBytes(what: string, type: object, key: string, value: unknown): number {
  checkKeys(what, type, [key])
  checkNumber(`${what}.${key}`, value, { min: 1, max: MAX_FIELD_BYTES, integer: true })
  return Number(value)
}

function isScalar(type: unknown): type is NumberType | BigIntType {
  return typeof type === 'string' && SCALARS.includes(type)
}
