import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Decoder } from '../../runtime/lane-decoder.ts'
import { Encoder } from '../../runtime/lane-encoder.ts'
import { ENTRY_ROOM, type LaneSignal } from '../../runtime/lane-format.ts'
import { makePid, makeRef } from '../../runtime/pid.ts'

const RING = 8192
const to = makePid(3, 1025)

/** A message as it arrives, from any place of the ring; `undefined` if it is not for a lane. */
function carry(message: unknown, at = 0): { readonly message: unknown } | undefined {
  const signal = carrySignal({ type: 'message', to, message }, at)
  return signal?.type === 'message' ? signal : undefined
}

function carrySignal(signal: LaneSignal, at: number): LaneSignal | undefined {
  const bytes = new Uint8Array(new SharedArrayBuffer(RING))
  const length = new Encoder(bytes).encode(signal, at, undefined, undefined)
  if (length === 0) return undefined
  assert.ok(length <= ENTRY_ROOM)
  const decoder = new Decoder(bytes)
  decoder.at = at
  const arrived = decoder.signal()
  assert.equal(decoder.at, (at + length) | 0, 'all bytes are read')
  return arrived
}

const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer(),
    fc.double(),
    fc.constantFrom(-0, 0, Number.NaN, 127, 128, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(undefined, null, true, false, '\ud800', '\udc00x', '', 'é', '<3.7>', '#0.12'),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(
        fc.string(),
        fc.constantFrom('__proto__', 'toString', 'constructor', '7', '1e3', '-1', 'ß'),
      ),
      tie('value'),
      { minKeys: 1, maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value

const positions = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.integer({ min: RING - 64, max: RING }),
)

function argumentsOf(..._items: readonly unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: this very object is meant
  return arguments
}

function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.entries(value).map(([key, item]) => [key, keysOf(item)])
}

describe('the lane carries', () => {
  it('plain data exactly as structured clone does, with the same order of keys', () => {
    fc.assert(
      fc.property(plain, positions, (value, at) => {
        const arrived = carry(value, at)
        if (!arrived) return
        const expected: unknown = structuredClone(value)
        assert.deepEqual(arrived.message, expected)
        assert.deepEqual(keysOf(arrived.message), keysOf(expected))
      }),
      { numRuns: 2000 },
    )
  })

  it('most plain data', () => {
    const sample = fc.sample(plain, { numRuns: 500, seed: 1 })
    const carried = sample.filter((value) => carry(value))
    assert.ok(carried.length > 300, `${carried.length} of 500`)
  })

  const one = { one: 1 }
  const examples: Readonly<Record<string, unknown>> = {
    'a key __proto__ as a field': JSON.parse('{"__proto__":{"x":1},"y":2}'),
    'a key toString': { toString: 1 },
    'keys that are numbers before others': { b: 1, 7: 2, a: 3, 0: 4 },
    'a frozen object as one that is not': Object.freeze({ a: 1 }),
    'what a getter says': {
      get a(): number {
        return 1
      },
    },
    'not what is not enumerable': Object.defineProperty({ a: 1 }, 'b', { value: 2 }),
    'not what has a symbol for a name': { a: 1, [Symbol('b')]: 2 },
    'minus zero': [-0, 0],
    'lone surrogates': ['\ud83d', { a: '\ude00' }],
    'an empty array': [],
    'undefined in an array and in a field': [undefined, { a: undefined }],
    'the largest numbers': [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, Infinity],
    'a long text': 'x'.repeat(1500),
    'two objects that are equal': [{ one: 1 }, { one: 1 }],
  }
  for (const [what, value] of Object.entries(examples)) {
    it(what, () => {
      assert.deepEqual(carry(value)?.message, structuredClone(value))
    })
  }

  it('calls, replies and casts with all that belongs to them', () => {
    fc.assert(
      fc.property(fc.nat(), fc.maxSafeNat(), plain, positions, (thread, serial, value, at) => {
        const from = makePid(thread, serial)
        const ref = makeRef(thread, serial)
        const signals: LaneSignal[] = [
          { type: 'call', to, from, ref, name: 'add', payload: value },
          { type: 'reply', to, ref, value },
          { type: 'cast', to, name: 'bump', payload: value },
        ]
        for (const signal of signals) {
          const arrived = carrySignal(signal, at)
          if (arrived) assert.deepEqual(arrived, structuredClone(signal))
        }
      }),
    )
  })

  const cyclic: Record<string, unknown> = { a: 1 }
  cyclic['self'] = cyclic
  const named = Object.assign([1, 2], { name: 'x' })
  const hole = [1, 2, 3]
  Reflect.deleteProperty(hole, 1)
  const leftToClone: Readonly<Record<string, unknown>> = {
    'a function': () => 1,
    'a symbol': Symbol('x'),
    'a bigint': 1n,
    'an object that occurs twice': [one, one],
    'a cycle': cyclic,
    'a hole': hole,
    'a hole and a field in its place': Object.assign([1, 2], { length: 3, x: 1 }),
    'an array with a field': named,
    'an array of a class': new (class extends Array {})(),
    'an object without a prototype': Object.assign(Object.create(null), { a: 1 }),
    'an object without fields': {},
    'an instance of a class': new (class Point {
      x = 1
    })(),
    'an error': new Error('x'),
    'an error that pretends': Object.setPrototypeOf(new Error('x'), Object.prototype),
    'the arguments of a call': argumentsOf(1, 2),
    'a date': new Date(0),
    'a regular expression': /x/,
    'a map': new Map([[1, 2]]),
    'a set': new Set([1]),
    bytes: new Uint8Array(2),
    'a buffer': new ArrayBuffer(2),
    'shared memory': new SharedArrayBuffer(2),
    'a boxed number': Object(1),
    'a proxy of an object': new Proxy({ a: 1 }, {}),
    'a proxy of an array': new Proxy([1], {}),
    'a text that is too long': 'x'.repeat(3000),
    'an array that is too long': Array.from({ length: 100 }, (_, index) => index),
    'too much in all': Array.from({ length: 30 }, () => 'x'.repeat(100)),
    'a key that is too long': { ['k'.repeat(300)]: 1 },
    'a key of wide characters': { ключ: 1 },
    'a promise': Promise.resolve(1),
  }
  for (const [what, value] of Object.entries(leftToClone)) {
    it(`not ${what}, nor what holds it`, () => {
      assert.equal(carry(value), undefined)
      assert.equal(carry({ in: [value] }), undefined)
    })
  }

  it('not fields that others have put into the prototype of all objects', () => {
    const { prototype } = Object
    Object.defineProperty(prototype, 'polluted', { value: 1, enumerable: true, configurable: true })
    try {
      assert.equal(carry({ a: 1 }), undefined)
    } finally {
      Reflect.deleteProperty(prototype, 'polluted')
    }
  })

  it('the same after it has given up', () => {
    const bytes = new Uint8Array(RING)
    const encoder = new Encoder(bytes)
    const shared = { a: 1 }
    const signal = (message: unknown): LaneSignal => ({ type: 'message', to, message })
    assert.equal(encoder.encode(signal([shared, () => 1]), 0, undefined, undefined), 0)
    assert.ok(encoder.encode(signal([shared]), 0, undefined, undefined) > 0)
    assert.deepEqual(new Decoder(bytes).signal(), signal([{ a: 1 }]))
  })

  it('two calls between the same actors, the second one shorter', () => {
    const bytes = new Uint8Array(RING)
    const from = makePid(0, 1)
    const call: LaneSignal = { type: 'call', to, from, ref: makeRef(0, 5), name: 'add', payload: 1 }
    const encoder = new Encoder(bytes)
    const first = encoder.encode(call, 0, undefined, undefined)
    const second = encoder.encode(call, first, undefined, { to, from })
    assert.equal(first - second, to.length + from.length + 2)
    const decoder = new Decoder(bytes)
    assert.deepEqual([decoder.signal(), decoder.signal()], [call, call])
  })

  it('a mark before a signal, and the same receiver as before', () => {
    const bytes = new Uint8Array(RING)
    const signal: LaneSignal = { type: 'message', to, message: 'x' }
    const encoder = new Encoder(bytes)
    const first = encoder.encode(signal, 0, 4_000_000_000, undefined)
    const second = encoder.encode(signal, first, undefined, { to, from: undefined })
    assert.ok(second < first)
    const decoder = new Decoder(bytes)
    assert.ok(decoder.isAtMark())
    assert.equal(decoder.mark(), 4_000_000_000)
    assert.deepEqual([decoder.signal(), decoder.signal()], [signal, signal])
  })
})
