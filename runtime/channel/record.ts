/** Records of one layout: as objects that are written and read, and as views of where they lie. */

import { nearest } from '../options.ts'
import { printable } from '../wire.ts'
import { accessOf, type FieldAccess } from './field-access.ts'
import type { Field, Layout } from './layout.ts'
import type { ChannelMemory } from './memory.ts'

type Values = Readonly<Record<string, unknown>>

export interface RecordKind {
  readonly fields: readonly FieldAccess[]
  /** Size of a record in units of 8 bytes. */
  readonly units: number
  readonly Readable: typeof RecordView
  readonly Writable: typeof RecordView
}

export function recordKind({ fields, units }: Layout): RecordKind {
  const access = fields.map(accessOf)
  const [Readable, Writable] = [viewClass(access, false), viewClass(access, true)]
  return { fields: access, units, Readable, Writable }
}

/**
 * Writes a record at `place`. Fields in the order of their declaration are quicker: V8 need not look
 * up where an object has what a loop over its keys comes to.
 *
 * @throws {TypeError} or {RangeError} A field is missing, unknown or does not fit.
 */
export function writeRecord(
  memory: ChannelMemory,
  place: number,
  kind: RecordKind,
  record: Values,
): void {
  const { fields } = kind
  let index = 0
  for (const key in record) {
    const field = fields[index++]
    if (field?.name === key && field.write(memory, place, record[key])) continue
    return writeByName(memory, place, kind, record)
  }
  if (index < fields.length) writeByName(memory, place, kind, record)
}

function writeByName(
  memory: ChannelMemory,
  place: number,
  { fields }: RecordKind,
  record: Values,
): void {
  for (const field of fields) {
    const value = record[field.name]
    if (!field.write(memory, place, value)) throw misfit(field, value)
  }
  for (const key in record) if (!fields.some(({ name }) => name === key)) throw unknown(fields, key)
}

const EXPECTED: Readonly<Record<Field['kind'], (maxBytes: number) => string>> = {
  i32: () => 'a whole number from -2^31 to 2^31-1',
  u32: () => 'a whole number from 0 to 2^32-1',
  f64: () => 'a number',
  i64: () => 'a bigint from -2^63 to 2^63-1',
  u64: () => 'a bigint from 0 to 2^64-1',
  utf8: (maxBytes) => `a text of at most ${maxBytes} bytes of UTF-8`,
  bytes: (maxBytes) => `a Uint8Array of at most ${maxBytes} bytes`,
}
const TYPES: Readonly<Record<Field['kind'], string>> = {
  i32: 'number',
  u32: 'number',
  f64: 'number',
  i64: 'bigint',
  u64: 'bigint',
  utf8: 'string',
  bytes: 'object',
}

function misfit({ name, kind, maxBytes }: Field, value: unknown): TypeError | RangeError {
  const text = printable(value)
  const came = text.length > 80 ? `${text.slice(0, 80)}…` : text
  const what = `send: ${name}: expected ${EXPECTED[kind](maxBytes)}, got ${came}; nothing was sent.`
  const isOfType = typeof value === TYPES[kind] && (kind !== 'bytes' || value instanceof Uint8Array)
  return isOfType ? new RangeError(what) : new TypeError(what)
}

function unknown(fields: readonly Field[], key: string): TypeError {
  const names = fields.map(({ name }) => name)
  const near = nearest(key, names)
  const hint = near ? `Did you mean '${near}'?` : `Its fields: ${names.join(', ')}.`
  return new TypeError(`send: the record has no field '${key}'. ${hint} Nothing was sent.`)
}

const NOWHERE = -1

/** One record where it lies, without a copy; each layout has classes of its own with its fields. */
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
    const { floats, units } = view.#memory
    for (let at = place; at < place + units; at++) floats[at] = 0
    view.#place = place
  }

  /** The record may be overwritten from now on. */
  static leave(view: RecordView): void {
    view.#place = NOWHERE
  }

  static get(view: RecordView, { read }: FieldAccess): unknown {
    return read(view.#memory, view.#there())
  }

  static set(view: RecordView, field: FieldAccess, value: unknown): void {
    if (!field.write(view.#memory, view.#there(), value)) throw misfit(field, value)
  }

  #there(): number {
    if (this.#place === NOWHERE) {
      throw new TypeError(
        'A record of a channel is there only until the callback has returned; keep the values of its fields instead.',
      )
    }
    return this.#place
  }
}

function viewClass(fields: readonly FieldAccess[], isWritable: boolean): typeof RecordView {
  class View extends RecordView {}
  for (const field of fields) {
    const get = function (this: RecordView): unknown {
      return RecordView.get(this, field)
    }
    const set = function (this: RecordView, value: unknown): void {
      RecordView.set(this, field, value)
    }
    Object.defineProperty(View.prototype, field.name, isWritable ? { get, set } : { get })
  }
  return View
}

/** A view that has the fields of its class. */
export function newView<Fields>(View: typeof RecordView, memory: ChannelMemory): RecordView & Fields
export function newView(View: typeof RecordView, memory: ChannelMemory): RecordView {
  return new View(memory)
}
