/** Writing and reading the fields of one record in shared memory. */

import { Buffer } from 'node:buffer'
import { nearest } from '../options.ts'
import { unreachable } from '../unreachable.ts'
import { printable } from '../wire.ts'
import type { Field, Layout } from './layout.ts'
import type { ChannelMemory } from './memory.ts'

type Values = Readonly<Record<string, unknown>>

/**
 * Writes a record at `place`, which is in units of 8 bytes as everywhere here. Fields in the order
 * of their declaration are quicker: V8 need not look up where an object has what a loop over its
 * keys comes to.
 *
 * @throws {TypeError} or {RangeError} A field is missing, unknown or does not fit.
 */
export function writeRecord(
  memory: ChannelMemory,
  place: number,
  layout: Layout,
  record: Values,
): void {
  const { fields } = layout
  let index = 0
  for (const key in record) {
    const field = fields[index++]
    if (field?.name === key && writeField(memory, place, field, record[key])) continue
    return writeByName(memory, place, layout, record)
  }
  if (index < fields.length) writeByName(memory, place, layout, record)
}

function writeByName(
  memory: ChannelMemory,
  place: number,
  { fields }: Layout,
  record: Values,
): void {
  for (const field of fields) {
    const value = record[field.name]
    if (!writeField(memory, place, field, value)) throw misfit(field, value)
  }
  for (const key in record) if (!fields.some(({ name }) => name === key)) throw unknown(fields, key)
}

/** False: the value does not fit. */
function writeField(memory: ChannelMemory, place: number, field: Field, value: unknown): boolean {
  const { kind, offset } = field
  switch (kind) {
    case 'i32':
    case 'u32':
      if (typeof value !== 'number' || (kind === 'i32' ? value | 0 : value >>> 0) !== value)
        return false
      memory.words[2 * place + offset] = value
      return true
    case 'f64':
      if (typeof value !== 'number') return false
      memory.floats[place + offset] = value
      return true
    case 'i64':
    case 'u64':
      if (typeof value !== 'bigint') return false
      if ((kind === 'i64' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) !== value)
        return false
      memory.naturals[place + offset] = value
      return true
    case 'utf8':
      return typeof value === 'string' && writeText(memory, 2 * place + offset, field, value)
    case 'bytes':
      return value instanceof Uint8Array && writeBytes(memory, 2 * place + offset, field, value)
    default:
      return unreachable(kind)
  }
}

/** Its length, then its bytes. `at` is in words of 4 bytes. */
function writeText(
  { words, bytes }: ChannelMemory,
  at: number,
  { maxBytes }: Field,
  text: string,
): boolean {
  const from = 4 * (at + 1)
  const { length } = text
  if (length > maxBytes) return false
  let index = 0
  for (; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) break
    bytes[from + index] = code
  }
  if (index === length) {
    words[at] = length
    return true
  }
  const size = Buffer.byteLength(text, 'utf8')
  if (size > maxBytes) return false
  words[at] = bytes.write(text, from, size, 'utf8')
  return true
}

function writeBytes(
  { words, bytes }: ChannelMemory,
  at: number,
  { maxBytes }: Field,
  value: Uint8Array,
): boolean {
  if (value.byteLength > maxBytes) return false
  bytes.set(value, 4 * (at + 1))
  words[at] = value.byteLength
  return true
}

function misfit({ name, kind, maxBytes }: Field, value: unknown): TypeError | RangeError {
  const expected = {
    i32: 'a whole number from -2^31 to 2^31-1',
    u32: 'a whole number from 0 to 2^32-1',
    f64: 'a number',
    i64: 'a bigint from -2^63 to 2^63-1',
    u64: 'a bigint from 0 to 2^64-1',
    utf8: `a text of at most ${maxBytes} bytes of UTF-8`,
    bytes: `a Uint8Array of at most ${maxBytes} bytes`,
  }[kind]
  const text = printable(value)
  const came = text.length > 80 ? `${text.slice(0, 80)}…` : text
  const what = `send: ${name}: expected ${expected}, got ${came}; nothing was sent.`
  const isOfType = typeof value === TYPES[kind] && (kind !== 'bytes' || value instanceof Uint8Array)
  return isOfType ? new RangeError(what) : new TypeError(what)
}

const TYPES = {
  i32: 'number',
  u32: 'number',
  f64: 'number',
  i64: 'bigint',
  u64: 'bigint',
  utf8: 'string',
  bytes: 'object',
} as const

function unknown(fields: readonly Field[], key: string): TypeError {
  const names = fields.map(({ name }) => name)
  const near = nearest(key, names)
  const hint = near ? `Did you mean '${near}'?` : `Its fields: ${names.join(', ')}.`
  return new TypeError(`send: the record has no field '${key}'. ${hint} Nothing was sent.`)
}

const NOWHERE = -1

/** One record where it lies, without a copy; each layout has a class of its own with its fields. */
export class RecordView {
  readonly #memory: ChannelMemory
  #place = NOWHERE

  constructor(memory: ChannelMemory) {
    this.#memory = memory
  }

  /** Makes it stand for another record. */
  static move(view: RecordView, place: number): void {
    view.#place = place
  }

  /** Makes it stand for a new record, whose fields are all empty. */
  static clear(view: RecordView, place: number): void {
    const { floats } = view.#memory
    const end = place + view.#memory.units
    for (let at = place; at < end; at++) floats[at] = 0
    view.#place = place
  }

  /** The record may be overwritten from now on. */
  static leave(view: RecordView): void {
    view.#place = NOWHERE
  }

  /** The value of a field, as a function of a view: engines turn its offset into a constant. */
  static reader({ kind, offset }: Field): (view: RecordView) => unknown {
    switch (kind) {
      case 'i32':
        return (view) => view.#memory.words[2 * view.#there() + offset]
      case 'u32':
        return (view) => view.#memory.unsigned[2 * view.#there() + offset]
      case 'f64':
        return (view) => view.#memory.floats[view.#there() + offset]
      case 'i64':
        return (view) => view.#memory.integers[view.#there() + offset]
      case 'u64':
        return (view) => view.#memory.naturals[view.#there() + offset]
      case 'utf8':
        return (view) => textAt(view.#memory, 2 * view.#there() + offset)
      case 'bytes':
        return (view) => bytesAt(view.#memory, 2 * view.#there() + offset)
      default:
        return unreachable(kind)
    }
  }

  /** The way to set a field. */
  static writer(field: Field): (view: RecordView, value: unknown) => void {
    return (view, value) => {
      if (!writeField(view.#memory, view.#there(), field, value)) throw misfit(field, value)
    }
  }

  #there(): number {
    if (this.#place === NOWHERE) {
      throw new TypeError(
        'a record of a channel is there only until the callback has returned; keep the values of its fields instead.',
      )
    }
    return this.#place
  }
}

/** The class of the records of one layout. */
export function viewClass({ fields }: Layout, isWritable: boolean): typeof RecordView {
  class View extends RecordView {}
  for (const field of fields) {
    const read = RecordView.reader(field)
    const write = RecordView.writer(field)
    const get = function (this: RecordView): unknown {
      return read(this)
    }
    const set = function (this: RecordView, value: unknown): void {
      write(this, value)
    }
    Object.defineProperty(View.prototype, field.name, isWritable ? { get, set } : { get })
  }
  return View
}

/** A view that has the fields of its class. */
export function newView<Values>(View: typeof RecordView, memory: ChannelMemory): RecordView & Values
export function newView(View: typeof RecordView, memory: ChannelMemory): RecordView {
  return new View(memory)
}

/** A text of ASCII up to this length is put together here; Node's own way takes longer to begin. */
const SHORT = 16

function textAt({ words, bytes }: ChannelMemory, at: number): string {
  const from = 4 * (at + 1)
  const length = words[at] ?? 0
  if (length > SHORT) return bytes.toString('utf8', from, from + length)
  let text = ''
  for (let index = 0; index < length; index++) {
    const code = bytes[from + index] ?? 0
    if (code > 127) return bytes.toString('utf8', from, from + length)
    text += String.fromCharCode(code)
  }
  return text
}

/** A copy: the memory will be overwritten. */
function bytesAt({ words, bytes }: ChannelMemory, at: number): Uint8Array {
  const from = 4 * (at + 1)
  return Uint8Array.from(bytes.subarray(from, from + (words[at] ?? 0)))
}
