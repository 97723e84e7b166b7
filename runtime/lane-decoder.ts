/** Reads signals as {@link Encoder} writes them. */

import {
  ARRAY,
  CALL,
  CAST,
  DOUBLE,
  END,
  FALSE,
  INTEGER,
  type LaneSignal,
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
import { knownPid, makeRef, type Ref } from './pid.ts'
import { TextCache } from './text-cache.ts'

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

export class Decoder {
  readonly #bytes: Uint8Array
  readonly #mask: number
  #at = 0
  /** To whom the last one went. */
  #to = knownPid('')
  /** From whom the last call came. */
  #from = knownPid('')
  readonly #texts: TextCache
  /** Keys that no prototype knows, so that they can simply be set. */
  readonly #keys: TextCache

  /** @param bytes A ring; its length is a power of two. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#mask = bytes.length - 1
    this.#texts = new TextCache(bytes)
    this.#keys = new TextCache(bytes)
  }

  /** Where the next byte is read. */
  get at(): number {
    return this.#at
  }

  set at(at: number) {
    this.#at = at | 0
  }

  isAtMark(): boolean {
    return this.#bytes[this.#at & this.#mask] === MARK
  }

  mark(): number {
    this.#take()
    return this.#count() >>> 0
  }

  signal(): LaneSignal {
    const kind = this.#take()
    if ((kind & SAME) === 0) this.#to = knownPid(this.#narrow())
    const to = this.#to
    switch (kind & ~(SAME | SAME_FROM)) {
      case MESSAGE:
        return { type: 'message', to, message: this.#value() }
      case CALL: {
        if ((kind & SAME_FROM) === 0) this.#from = knownPid(this.#narrow())
        const from = this.#from
        const ref = this.#ref()
        const name = this.#narrow()
        return { type: 'call', to, from, ref, name, payload: this.#value() }
      }
      case REPLY: {
        const ref = this.#ref()
        return { type: 'reply', to, ref, value: this.#value() }
      }
      case CAST: {
        const name = this.#narrow()
        return { type: 'cast', to, name, payload: this.#value() }
      }
      default:
        throw new Error(`A lane holds a signal of kind ${kind}, which nobody writes.`)
    }
  }

  #ref(): Ref {
    const thread = Number(this.#value())
    return makeRef(thread, Number(this.#value()))
  }

  #value(): unknown {
    const tag = this.#take()
    if (tag >= SMALL) return tag - SMALL
    switch (tag) {
      case UNDEFINED:
        return undefined
      case NULL:
        return null
      case TRUE:
        return true
      case FALSE:
        return false
      case INTEGER: {
        const zigzag = this.#count()
        return (zigzag >>> 1) ^ -(zigzag & 1)
      }
      case DOUBLE:
        return this.#double()
      case NARROW:
        return this.#narrow()
      case WIDE:
        return this.#wide()
      case ARRAY:
        return this.#array()
      case OBJECT:
        return this.#object()
      default:
        throw new Error(`A lane holds a value of kind ${tag}, which nobody writes.`)
    }
  }

  #double(): number {
    for (let at = 0; at < 8; at++) doubleBytes[at] = this.#take()
    return double[0] ?? Number.NaN
  }

  #narrow(): string {
    const length = this.#count()
    const text = this.#texts.find(this.#at, length) ?? this.#texts.add(this.#at, length)
    this.#at = (this.#at + length) | 0
    return text
  }

  #wide(): string {
    const units: number[] = []
    for (let left = this.#count(); left > 0; left--) {
      const low = this.#take()
      units.push(low | (this.#take() << 8))
    }
    return String.fromCharCode(...units)
  }

  #array(): unknown[] {
    const items: unknown[] = []
    for (let left = this.#count(); left > 0; left--) items.push(this.#value())
    return items
  }

  #object(): object {
    const fields: Record<string, unknown> = {}
    for (let length = this.#take(); length !== END; length = this.#take()) {
      const key = this.#keys.find(this.#at, length)
      if (key === undefined) this.#newKey(fields, length)
      else {
        this.#at = (this.#at + length) | 0
        fields[key] = this.#value()
      }
    }
    return fields
  }

  /** To set what the prototype has might do something else: `__proto__`, a frozen `toString`. */
  #newKey(fields: Record<string, unknown>, length: number): void {
    const key = this.#keys.read(this.#at, length)
    const isSafe = !(key in Object.prototype)
    if (isSafe) this.#keys.add(this.#at, length)
    this.#at = (this.#at + length) | 0
    const value = this.#value()
    if (isSafe) fields[key] = value
    else {
      const rights = { enumerable: true, configurable: true, writable: true }
      Object.defineProperty(fields, key, { value, ...rights })
    }
  }

  /** As 32 bits with a sign. */
  #count(): number {
    let count = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#take()
      count |= (byte & 127) << shift
      if (byte < 128) return count
    }
  }

  #take(): number {
    const byte = this.#bytes[this.#at & this.#mask] ?? 0
    this.#at = (this.#at + 1) | 0
    return byte
  }
}
