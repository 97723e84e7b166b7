import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { layOut, type RecordFields } from '../../runtime/channel/layout.ts'
import { ChannelMemory, createMemory } from '../../runtime/channel/memory.ts'
import { ChannelReceiver } from '../../runtime/channel/receiver.ts'
import { recordKind } from '../../runtime/channel/record.ts'
import { ChannelSender } from '../../runtime/channel/sender.ts'
import { acting } from '../../runtime/current.ts'
import { channel, type Runtime, startRuntime } from '../../runtime/index.ts'

const utf8 = (maxBytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme' }).filter((text) => Buffer.byteLength(text) <= maxBytes)

/** A field's type with values that fit. */
const typed = fc.oneof(
  fc.constant({ type: 'i32' as const, value: fc.integer() }),
  fc.constant({ type: 'u32' as const, value: fc.nat(2 ** 32 - 1) }),
  fc.constant({ type: 'f64' as const, value: fc.double() }),
  fc.constant({ type: 'i64' as const, value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
  fc.constant({ type: 'u64' as const, value: fc.bigInt(0n, 2n ** 64n - 1n) }),
  fc.integer({ min: 1, max: 40 }).map((max) => ({ type: { utf8: max }, value: utf8(max) })),
  fc
    .integer({ min: 1, max: 40 })
    .map((max) => ({ type: { bytes: max }, value: fc.uint8Array({ maxLength: max }) })),
)
const names = fc.uniqueArray(
  fc.stringMatching(/^[a-z]\w{0,6}$/).filter((name) => !(name in Object.prototype)),
  { minLength: 1, maxLength: 12 },
)

/** Fields, and several records of them. */
const declared = names.chain((keys) =>
  fc.tuple(...keys.map(() => typed)).chain((types) => {
    const fields: RecordFields = Object.fromEntries(
      keys.map((key, index) => [key, types[index]?.type ?? 'f64']),
    )
    const values: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
      keys.map((key, index) => [key, types[index]?.value ?? fc.double()]),
    )
    return fc.record({
      fields: fc.constant(fields),
      records: fc.array(fc.record(values, { noNullPrototype: true }), {
        minLength: 1,
        maxLength: 5,
      }),
    })
  }),
)

/** Both ends of a channel whose counts begin at `count`. */
function endsOf(
  fields: RecordFields,
  capacity: number,
  count = 0,
): { sender: ChannelSender<RecordFields>; receiver: ChannelReceiver<RecordFields> } {
  const layout = layOut('test', fields)
  const shape = { units: layout.units, capacity }
  const buffer = createMemory(shape, count)
  const owner = acting('test')
  const name = 'test'
  const kind = recordKind(layout)
  const memory = (): ChannelMemory => new ChannelMemory(buffer, shape)
  return {
    sender: new ChannelSender(owner, memory(), {
      name,
      kind,
      whenFull: 'reject',
      blockMs: 0,
    }),
    receiver: new ChannelReceiver(owner, memory(), { name, kind }),
  }
}

describe('the records of a channel', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('arrive as they were sent, whatever their fields', () => {
    fc.assert(
      fc.property(declared, ({ fields, records }) => {
        const { sender, receiver } = endsOf(fields, 3)
        for (const record of records) {
          sender.send(record as never)
          assert.deepEqual(receiver.take(), record)
        }
      }),
    )
  })

  it('do not run over into each other', () => {
    fc.assert(
      fc.property(declared, ({ fields, records }) => {
        const { sender, receiver } = endsOf(fields, records.length)
        for (const record of records) sender.send(record as never)
        assert.deepEqual(
          records.map(() => receiver.take()),
          records,
        )
      }),
    )
  })

  it('come once, in order, and no more than fit, also where the counts begin anew', () => {
    const count = fc.constantFrom(0, 2 ** 31 - 3, 2 ** 32 - 3, -3)
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(6)), { maxLength: 40 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), count, steps, (capacity, first, script) => {
        const { sender, receiver } = endsOf({ id: 'u32' }, capacity, first | 0)
        const waiting: number[] = []
        let next = 0
        for (const [isSend, many] of script) {
          for (let n = 0; isSend && n < many && waiting.length < capacity; n++) {
            assert.equal(sender.send({ id: next }), true)
            waiting.push(next++)
          }
          const read: unknown[] = []
          if (!isSend) receiver.drain(({ id }) => read.push(id), { max: many })
          assert.deepEqual(read, isSend ? [] : waiting.splice(0, many))
          assert.equal(receiver.size, waiting.length)
          assert.ok(sender.room <= capacity - waiting.length)
          assert.equal(sender.room > 0, waiting.length < capacity)
          if (sender.room === 0) {
            assert.throws(() => sender.send({ id: 0 }), { code: 'ERR_CHANNEL_FULL', capacity })
          }
        }
      }),
    )
  })

  const all = {
    i: 'i32',
    u: 'u32',
    f: 'f64',
    s: 'i64',
    n: 'u64',
    t: { utf8: 4 },
    b: { bytes: 2 },
  } as const
  const good = { i: 1, u: 2, f: 3, s: 4n, n: 5n, t: 'six', b: new Uint8Array([7]) }
  const misfits: readonly (readonly [string, unknown, RegExp])[] = [
    ['i', 0.5, /^RangeError: send: i: expected a whole number from -2\^31 to 2\^31-1, got 0\.5/],
    ['i', 2 ** 31, /^RangeError: send: i: .*got 2147483648/],
    ['i', '1', /^TypeError: send: i: .*got 1/],
    ['u', -1, /^RangeError: send: u: .*got -1/],
    ['u', Number.NaN, /^RangeError: send: u: .*got NaN/],
    ['f', 1n, /^TypeError: send: f: expected a number, got 1/],
    ['s', 1, /^TypeError: send: s: expected a bigint/],
    ['s', 2n ** 63n, /^RangeError: send: s: .*got 9223372036854775808/],
    ['n', -1n, /^RangeError: send: n: .*got -1/],
    ['t', 'fives', /^RangeError: send: t: expected a text of at most 4 bytes of UTF-8, got fives/],
    ['t', 'éé!', /^RangeError: send: t: /],
    ['t', undefined, /^TypeError: send: t: .*got undefined/],
    ['b', new Uint8Array(3), /^RangeError: send: b: expected a Uint8Array of at most 2 bytes/],
    ['b', [1], /^TypeError: send: b: /],
  ]
  for (const [name, value, message] of misfits) {
    it(`refuse ${name}: ${String(value)}, and nothing is sent`, () => {
      const { sender, receiver } = endsOf(all, 4)
      sender.send(good)
      assert.throws(
        () => sender.send({ ...good, [name]: value } as never),
        (error) => message.test(String(error)),
      )
      assert.deepEqual(receiver.take(), good)
      assert.equal(receiver.take(), undefined)
    })
  }

  it('refuse a field that was not declared, and name the nearest', () => {
    const { sender } = endsOf({ price: 'f64' }, 4)
    assert.throws(() => sender.send({ price: 1, prize: 2 } as never), {
      name: 'TypeError',
      message: "send: the record has no field 'prize'. Did you mean 'price'? Nothing was sent.",
    })
    assert.equal(sender.size, 0)
  })

  it('may name their fields in any order', () => {
    const { sender, receiver } = endsOf({ id: 'u32', price: 'f64' }, 4)
    sender.send({ price: 0.5, id: 1 })
    assert.deepEqual(receiver.take(), { id: 1, price: 0.5 })
  })

  it('are filled in place, each empty before, as many as there is room for', () => {
    const fields = { id: 'u32', price: 'f64', text: { utf8: 4 }, raw: { bytes: 2 } } as const
    const { sender, receiver } = endsOf(fields, 3)
    for (let lap = 0; lap < 3; lap++) {
      const written = sender.fill((record, index) => {
        record['id'] = index
        if (index === 1) record['price'] = lap
      })
      assert.equal(written, 3)
      const rest = { text: '', raw: new Uint8Array() }
      assert.deepEqual(
        [receiver.take(), receiver.take(), receiver.take(), receiver.take()],
        [
          { id: 0, price: 0, ...rest },
          { id: 1, price: lap, ...rest },
          { id: 2, price: 0, ...rest },
          undefined,
        ],
      )
    }
    assert.equal(
      sender.fill(() => {}, { count: 2 }),
      2,
    )
    assert.equal(
      sender.fill(() => {}, { count: 2 }),
      1,
    )
    assert.equal(
      sender.fill(() => {}),
      0,
    )
  })

  it('are sent up to the one whose filling throws', () => {
    const { sender, receiver } = endsOf({ id: 'u32' }, 4)
    assert.throws(
      () =>
        sender.fill((record, index) => {
          record['id'] = index < 2 ? index : -1
        }),
      { name: 'RangeError', message: /^send: id: expected a whole number/ },
    )
    assert.deepEqual(
      [receiver.take(), receiver.take(), receiver.take()],
      [{ id: 0 }, { id: 1 }, undefined],
    )
    assert.equal(sender.send({ id: 7 }), true)
    assert.deepEqual(receiver.take(), { id: 7 })
  })

  it('are not sent by the callback of a fill', () => {
    const { sender } = endsOf({ id: 'u32' }, 4)
    assert.throws(
      () => sender.fill(() => sender.send({ id: 1 })),
      /send: called by the callback of fill/,
    )
    assert.equal(sender.size, 0)
  })

  it('can be read in the callback only', () => {
    const { sender, receiver } = endsOf({ id: 'u32' }, 4)
    sender.send({ id: 1 })
    let kept: { readonly id?: unknown } = {}
    receiver.drain((record) => {
      kept = record
    })
    assert.throws(() => kept.id, { name: 'TypeError', message: /only until the callback/ })
  })

  it('stay for the next drain if a callback throws, all but the one it was called with', () => {
    const { sender, receiver } = endsOf({ id: 'u32' }, 4)
    for (const id of [1, 2, 3]) sender.send({ id })
    assert.throws(
      () =>
        receiver.drain(({ id }) => {
          if (id === 2) throw new Error('two')
        }),
      { message: 'two' },
    )
    assert.deepEqual(receiver.take(), { id: 3 })
    assert.equal(sender.size, 0)
  })

  it('are not drained by the callback of a drain', () => {
    const { sender, receiver } = endsOf({ id: 'u32' }, 4)
    sender.send({ id: 1 })
    assert.throws(() => receiver.drain(() => receiver.take()), /called by its own callback/)
  })
})

describe('channel()', () => {
  const bad: readonly (readonly [string, object, RegExp])[] = [
    ['no name', { record: { a: 'u32' } }, /channel: name: expected a string/],
    ['no fields', { name: 'c', record: {} }, /expected 1 to 64 fields, got 0/],
    ['no object', { name: 'c', record: 7 }, /expected fields such as/],
    ['a wrong type', { name: 'c', record: { a: 'u31' } }, /a: expected .*got u31\. Did you mean/],
    [
      'a text of no length',
      { name: 'c', record: { a: { utf8: 0 } } },
      /a\.utf8: expected an integer from 1/,
    ],
    [
      'two types in one',
      { name: 'c', record: { a: { utf8: 1, bytes: 1 } } },
      /unknown option 'bytes'/,
    ],
    [
      'a name of all objects',
      { name: 'c', record: { constructor: 'u32' } },
      /cannot be a field's name/,
    ],
    [
      'capacity 0',
      { name: 'c', record: { a: 'u32' }, capacity: 0 },
      /capacity: expected an integer from 1/,
    ],
    [
      'too much memory',
      { name: 'c', record: { a: { bytes: 65535 } }, capacity: 2 ** 20 },
      /smaller capacity/,
    ],
    [
      'drop-oldest',
      { name: 'c', record: { a: 'u32' }, whenFull: 'drop-oldest' },
      /whenFull: expected/,
    ],
    ['blockMs without block', { name: 'c', record: { a: 'u32' }, blockMs: 1 }, /blockMs is for/],
    ['a typo', { name: 'c', record: { a: 'u32' }, capcity: 1 }, /Did you mean 'capacity'/],
  ]
  for (const [title, spec, message] of bad) {
    it(`refuses ${title}`, () => {
      assert.throws(
        () => channel(spec as never),
        (error) => error instanceof Error && message.test(error.message),
      )
    })
  }
})
