/**
 * Writes small plain signals as bytes, exactly as structured clone would carry them, and gives up at
 * once on all else: what only structured clone can do (identity, classes, errors, buffers) and what
 * it must refuse (functions, proxies) is left to it.
 */

import { types } from 'node:util'
import {
  ARRAY,
  CALL,
  CAST,
  type Correspondents,
  DOUBLE,
  END,
  FALSE,
  INTEGER,
  LARGEST,
  type LaneSignal,
  LONGEST_KEY,
  MARK,
  MESSAGE,
  NARROW,
  NULL,
  OBJECT,
  REPLY,
  SAME,
  SAME_FROM,
  SMALL,
  TRUE,
  UNDEFINED,
  WIDE,
} from './lane-format.ts'
import type { Pid } from './pid.ts'
import { unreachable } from './unreachable.ts'

/** Tag and number, whichever it is. */
const NUMBER_ROOM = 10
/** More objects in one signal are for structured clone: each is compared with all before it. */
const MAX_OBJECTS = 32
/** Longer arrays are for structured clone: to see that they have no holes costs too much. */
const MAX_ITEMS = 32

const { isArgumentsObject, isProxy } = types
const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

export class Encoder {
  readonly #bytes: Uint8Array
  readonly #mask: number
  #start = 0
  /** Bytes after the start. */
  #at = 0
  readonly #seen = Array.from<object | undefined>({ length: MAX_OBJECTS })
  #objects = 0

  /** @param bytes A ring; its length is a power of two. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#mask = bytes.length - 1
  }

  /**
   * Writes from `start` on, at most `ENTRY_ROOM` bytes. Reads the signal's properties, so code of
   * others may run meanwhile, and throw.
   *
   * @param mark Is put before it.
   * @param last Between whom the ones before went.
   * @returns How many bytes; 0 if it is not for the lane.
   */
  encode(
    signal: LaneSignal,
    start: number,
    mark: number | undefined,
    last: Correspondents | undefined,
  ): number {
    this.#start = start & this.#mask
    this.#at = 0
    this.#objects = 0
    if (mark !== undefined) this.#mark(mark)
    const isWritten = this.#signal(signal, last)
    while (this.#objects > 0) this.#seen[--this.#objects] = undefined
    return isWritten ? this.#at : 0
  }

  #mark(mark: number): void {
    this.#put(MARK)
    this.#count(mark)
  }

  #signal(signal: LaneSignal, last: Correspondents | undefined): boolean {
    switch (signal.type) {
      case 'message':
        return this.#head(MESSAGE, signal.to, last) && this.#value(signal.message)
      case 'call': {
        const { to, from, ref, name, payload } = signal
        const isSame = from === last?.from
        if (!this.#head(isSame ? CALL + SAME_FROM : CALL, to, last)) return false
        if (!isSame && !this.#narrow(from)) return false
        this.#ref(ref)
        return this.#narrow(name) && this.#value(payload)
      }
      case 'reply':
        if (!this.#head(REPLY, signal.to, last)) return false
        this.#ref(signal.ref)
        return this.#value(signal.value)
      case 'cast': {
        const { to, name, payload } = signal
        return this.#head(CAST, to, last) && this.#narrow(name) && this.#value(payload)
      }
      default:
        return unreachable(signal)
    }
  }

  #head(kind: number, to: Pid, last: Correspondents | undefined): boolean {
    if (to === last?.to) {
      this.#put(kind + SAME)
      return true
    }
    this.#put(kind)
    return this.#narrow(to)
  }

  /** Its thread and its number: both fit into the digits that it is written with. */
  #ref(ref: string): void {
    let number = 0
    for (let at = 1; at < ref.length; at++) {
      const digit = ref.charCodeAt(at) - 48
      if (digit >= 0) number = number * 10 + digit
      else {
        this.#number(number)
        number = 0
      }
    }
    this.#number(number)
  }

  #value(value: unknown): boolean {
    if (this.#at > LARGEST - NUMBER_ROOM) return false
    switch (typeof value) {
      case 'number':
        this.#number(value)
        return true
      case 'string':
        return this.#text(value)
      case 'boolean':
        this.#put(value ? TRUE : FALSE)
        return true
      case 'undefined':
        this.#put(UNDEFINED)
        return true
      case 'object':
        if (value !== null) return this.#object(value)
        this.#put(NULL)
        return true
      case 'bigint':
      case 'function':
      case 'symbol':
        return false
    }
  }

  #number(value: number): void {
    const integer = value | 0
    if (integer !== value || (integer === 0 && 1 / value < 0)) return this.#double(value)
    if (integer >= 0 && integer < SMALL) return this.#put(SMALL + integer)
    this.#put(INTEGER)
    this.#count((integer << 1) ^ (integer >> 31))
  }

  #double(value: number): void {
    this.#put(DOUBLE)
    double[0] = value
    for (let at = 0; at < 8; at++) this.#put(doubleBytes[at] ?? 0)
  }

  #text(text: string): boolean {
    const before = this.#at
    this.#put(NARROW)
    if (this.#narrow(text)) return true
    this.#at = before
    return this.#wide(text)
  }

  /** Length and code units; false if it is too long or one does not fit into a byte. */
  #narrow(text: string): boolean {
    if (typeof text !== 'string' || this.#at + text.length > LARGEST - NUMBER_ROOM) return false
    this.#count(text.length)
    return this.#codes(text)
  }

  #codes(text: string): boolean {
    const bytes = this.#bytes
    const mask = this.#mask
    const { length } = text
    const from = this.#start + this.#at
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code > 255) return false
      bytes[(from + at) & mask] = code
    }
    this.#at += length
    return true
  }

  #wide(text: string): boolean {
    if (this.#at + 2 * text.length > LARGEST - NUMBER_ROOM) return false
    this.#put(WIDE)
    this.#count(text.length)
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      this.#put(code & 255)
      this.#put(code >> 8)
    }
    return true
  }

  /** Only of this realm's plain kinds; an object that occurs twice would arrive as two. */
  #object(value: object): boolean {
    if (isProxy(value) || this.#isSeen(value)) return false
    if (Array.isArray(value)) return this.#array(value)
    return isPlain(value) && this.#fields(value)
  }

  /**
   * An object without fields may be anything, whatever its prototype is now; one whose first field is
   * a number may be the arguments of a call.
   */
  #fields(value: Readonly<Record<string, unknown>>): boolean {
    this.#put(OBJECT)
    let isEmpty = true
    for (const key in value) {
      if (!Object.hasOwn(value, key)) return false
      if (isEmpty && key === '0' && isArgumentsObject(value)) return false
      isEmpty = false
      if (!this.#key(key) || !this.#value(value[key])) return false
    }
    this.#put(END)
    return !isEmpty
  }

  #key(key: string): boolean {
    const { length } = key
    if (length > LONGEST_KEY || this.#at + length > LARGEST - NUMBER_ROOM) return false
    this.#put(length)
    return this.#codes(key)
  }

  #array(value: readonly unknown[]): boolean {
    if (Object.getPrototypeOf(value) !== Array.prototype || !isFull(value)) return false
    this.#put(ARRAY)
    this.#count(value.length)
    for (const item of value) if (!this.#value(item)) return false
    return true
  }

  #isSeen(value: object): boolean {
    const seen = this.#seen
    for (let at = 0; at < this.#objects; at++) if (seen[at] === value) return true
    if (this.#objects === MAX_OBJECTS) return true
    seen[this.#objects++] = value
    return false
  }

  #count(count: number): void {
    let rest = count
    while (rest >>> 7 !== 0) {
      this.#put((rest & 127) | 128)
      rest >>>= 7
    }
    this.#put(rest)
  }

  #put(byte: number): void {
    this.#bytes[(this.#start + this.#at++) & this.#mask] = byte
  }
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  return Object.getPrototypeOf(value) === Object.prototype
}

/** Neither holes nor fields beside the items: these would come last. */
function isFull(array: readonly unknown[]): boolean {
  const { length } = array
  if (length > MAX_ITEMS) return false
  const keys = Object.keys(array)
  return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1))
}
