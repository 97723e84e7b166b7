/** How a field of each kind is written to and read from memory. */

import { Buffer } from 'node:buffer'
import { unreachable } from '../unreachable.ts'
import type { Field } from './layout.ts'
import type { ChannelMemory } from './memory.ts'

/** Where a record lies is given in units of 8 bytes. */
export interface FieldAccess extends Field {
  readonly read: (memory: ChannelMemory, place: number) => unknown
  /** False: the value does not fit. */
  readonly write: (memory: ChannelMemory, place: number, value: unknown) => boolean
}

/** A pair of functions for each field: engines turn its offset into a constant. */
export function accessOf(field: Field): FieldAccess {
  const { kind } = field
  switch (kind) {
    case 'i32':
    case 'u32':
      return { ...field, ...wholeNumber(field) }
    case 'f64':
      return { ...field, ...number(field) }
    case 'i64':
    case 'u64':
      return { ...field, ...bigNumber(field) }
    case 'utf8':
      return { ...field, ...text(field) }
    case 'bytes':
      return { ...field, ...octets(field) }
    default:
      return unreachable(kind)
  }
}

type Access = Pick<FieldAccess, 'read' | 'write'>

function wholeNumber({ kind, offset }: Field): Access {
  if (kind === 'i32') {
    return {
      read: ({ words }, place) => words[2 * place + offset],
      write: ({ words }, place, value) => {
        if (typeof value !== 'number' || (value | 0) !== value) return false
        words[2 * place + offset] = value
        return true
      },
    }
  }
  return {
    read: ({ unsigned }, place) => unsigned[2 * place + offset],
    write: ({ unsigned }, place, value) => {
      if (typeof value !== 'number' || value >>> 0 !== value) return false
      unsigned[2 * place + offset] = value
      return true
    },
  }
}

function number({ offset }: Field): Access {
  return {
    read: ({ floats }, place) => floats[place + offset],
    write: ({ floats }, place, value) => {
      if (typeof value !== 'number') return false
      floats[place + offset] = value
      return true
    },
  }
}

function bigNumber({ kind, offset }: Field): Access {
  if (kind === 'i64') {
    return {
      read: ({ integers }, place) => integers[place + offset],
      write: ({ integers }, place, value) => {
        if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) return false
        integers[place + offset] = value
        return true
      },
    }
  }
  return {
    read: ({ naturals }, place) => naturals[place + offset],
    write: ({ naturals }, place, value) => {
      if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) return false
      naturals[place + offset] = value
      return true
    },
  }
}

/** Texts and bytes lie behind their length, which is a word of 4 bytes. */
function text({ offset, maxBytes }: Field): Access {
  return {
    read: (memory, place) => readText(memory, 2 * place + offset),
    write: (memory, place, value) =>
      typeof value === 'string' && writeText(memory, 2 * place + offset, maxBytes, value),
  }
}

function octets({ offset, maxBytes }: Field): Access {
  return {
    read: (memory, place) => readBytes(memory, 2 * place + offset),
    write: (memory, place, value) =>
      value instanceof Uint8Array && writeBytes(memory, 2 * place + offset, maxBytes, value),
  }
}

function writeText(
  { words, bytes }: ChannelMemory,
  at: number,
  maxBytes: number,
  value: string,
): boolean {
  const from = 4 * (at + 1)
  const { length } = value
  if (length > maxBytes) return false
  let index = 0
  for (; index < length; index++) {
    const code = value.charCodeAt(index)
    if (code > 127) break
    bytes[from + index] = code
  }
  if (index === length) {
    words[at] = length
    return true
  }
  const size = Buffer.byteLength(value, 'utf8')
  if (size > maxBytes) return false
  words[at] = bytes.write(value, from, size, 'utf8')
  return true
}

/** A text of ASCII up to this length is put together here; Node's own way takes longer to begin. */
const SHORT = 16

function readText({ words, bytes }: ChannelMemory, at: number): string {
  const from = 4 * (at + 1)
  const length = words[at] ?? 0
  if (length > SHORT) return bytes.toString('utf8', from, from + length)
  let value = ''
  for (let index = 0; index < length; index++) {
    const code = bytes[from + index] ?? 0
    if (code > 127) return bytes.toString('utf8', from, from + length)
    value += String.fromCharCode(code)
  }
  return value
}

function writeBytes(
  { words, bytes }: ChannelMemory,
  at: number,
  maxBytes: number,
  value: Uint8Array,
): boolean {
  if (value.byteLength > maxBytes) return false
  bytes.set(value, 4 * (at + 1))
  words[at] = value.byteLength
  return true
}

/** A copy: the memory will be overwritten. */
function readBytes({ words, bytes }: ChannelMemory, at: number): Uint8Array {
  const from = 4 * (at + 1)
  return Uint8Array.from(bytes.subarray(from, from + (words[at] ?? 0)))
}
