import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { describeValue, parseOptions } from '../../agents/misuse.ts'
import { editDistance, nearest } from '../../agents/nearest.ts'

const schema = v.strictObject({
  deadlineMs: v.exactOptional(v.pipe(v.number(), v.integer())),
  observer: v.exactOptional(v.strictObject({ port: v.number() })),
})

describe('options', () => {
  it('pass when they fit', () => {
    assert.deepEqual(parseOptions('run(options)', schema, { deadlineMs: 5 }), { deadlineMs: 5 })
  })

  const mistakes: [unknown, RegExp][] = [
    [
      { deadlineMS: 5 },
      /run\(options\): unknown option "deadlineMS"; did you mean "deadlineMs"\? Known options: deadlineMs, observer/,
    ],
    [{ zzz: 5 }, /unknown option "zzz" Known options/],
    [{ deadlineMs: '5' }, /deadlineMs: expected number; got "5"/],
    [{ observer: { prot: 1 } }, /observer\.(prot|port)/],
    [null, /expected an object with deadlineMs, observer; got null/],
    [[1], /got an array of 1/],
    ['x', /got a string "x"/],
  ]
  for (const [input, expected] of mistakes) {
    it(`that are ${JSON.stringify(input)} name what was expected`, () => {
      assert.throws(
        () => parseOptions('run(options)', schema, input),
        (error: unknown) => {
          assert.ok(error instanceof TypeError)
          assert.match(error.message, expected)
          return true
        },
      )
    })
  }
})

describe('words for people', () => {
  it('describe any value', () => {
    const values = [undefined, null, 3, 3n, true, 'abc', [1], {}, () => 1, Symbol('x')]
    assert.deepEqual(values.map(describeValue), [
      'undefined',
      'null',
      'a number 3',
      'a bigint 3',
      'a boolean true',
      'a string "abc"',
      'an array of 1',
      'an object',
      'a function',
      'a symbol',
    ])
  })

  it('find the nearest name, or none', () => {
    assert.equal(nearest('skils', ['skills', 'model']), 'skills')
    assert.equal(nearest('x', ['skills', 'model']), undefined)
    assert.equal(editDistance('kitten', 'sitting'), 3)
  })
})
