import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fingerprint } from '../../skills/probe/fingerprint.ts'
import { PatternTable } from '../../skills/probe/pattern-table.ts'
import { activeOf, Counters } from '../../skills/rates/counters.ts'
import { RaiseOnce } from '../../skills/rates/raise-once.ts'
import { perSecondText } from '../../skills/rates/rate-text.ts'
import { judgeRise, type Mark, type RiseLimits } from '../../skills/rates/rise.ts'

const limits: RiseLimits = { floorPerSecond: 1, factor: 4, leastEvents: 8 }

/** Readings every two seconds, each with so many events. */
function marks(perReading: readonly number[]): Mark[] {
  let count = 0
  return [
    { at: 0, count: 0 },
    ...perReading.map((events, index) => {
      count += events
      return { at: (index + 1) * 2000, count }
    }),
  ]
}

describe('judgeRise', () => {
  const cases: readonly (readonly [string, readonly number[], string])[] = [
    ['nothing', [], 'learning'],
    ['silence', [0, 0, 0, 0, 0, 0], 'normal'],
    ['high from the start is no rise', [40, 40, 40, 40, 40, 40, 40, 40], 'normal'],
    ['too few readings from before', [0, 40, 40, 40], 'learning'],
    ['out of silence', [0, 0, 0, 40, 40, 40], 'risen'],
    ['two high readings do not do', [0, 0, 0, 0, 40, 40], 'normal'],
    ['a burst that is over', [0, 0, 0, 40, 40, 40, 0], 'normal'],
    ['every other reading', [0, 0, 0, 40, 0, 40, 0, 40], 'normal'],
    ['ten times what was normal', [4, 4, 5, 4, 40, 41, 40], 'risen'],
    ['twice what was normal', [10, 10, 11, 10, 20, 21, 20], 'normal'],
    ['below the floor', [0, 0, 0, 0, 2, 2, 2], 'normal'],
    ['a rise that lasts', [0, 0, 0, ...Array.from({ length: 60 }, () => 40)], 'risen'],
    ['a wild counter within its spread', [4, 60, 2, 70, 3, 66, 60, 61, 59], 'normal'],
  ]
  for (const [name, readings, expected] of cases) {
    it(name, () => assert.equal(judgeRise(marks(readings), limits).type, expected))
  }

  it('tells the rates before and after, and since when', () => {
    assert.deepEqual(judgeRise(marks([2, 0, 1, 1, 40, 40, 40]), limits), {
      type: 'risen',
      perSecond: 20,
      beforePerSecond: 0.5,
      events: 120,
      since: 8000,
      learnedMs: 8000,
    })
  })

  it('never finds a rise in a rate that stays below four times its median', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 30, max: 59 }), { maxLength: 60 }), (readings) => {
        assert.notEqual(judgeRise(marks(readings), limits).type, 'risen')
      }),
    )
  })

  it('finds every step of ten times that lasts for three readings', () => {
    const before = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 100 })
    const after = fc.array(fc.integer({ min: 80, max: 120 }), { minLength: 3, maxLength: 40 })
    fc.assert(
      fc.property(before, after, (quiet, loud) => {
        assert.equal(judgeRise(marks([...quiet, ...loud]), limits).type, 'risen')
      }),
    )
  })
})

describe('Counters', () => {
  it('take a pattern that comes up later as zero until then', () => {
    const counters = new Counters()
    for (let at = 0; at < 8000; at += 2000) counters.take([[1, at / 1000]], at)
    for (const [at, count] of [
      [8000, 20],
      [10_000, 40],
      [12_000, 60],
    ] as const)
      counters.take([[2, count]], at)
    assert.equal(counters.judge(2, limits).type, 'risen')
    assert.equal(counters.within(2, 60_000), 60)
    assert.equal(counters.within(2, 2000), 20)
  })

  it('know nothing of when came what was counted before the first reading', () => {
    const counters = new Counters()
    counters.take([[1, 500]], 1000)
    counters.take([[1, 501]], 3000)
    assert.equal(counters.within(1, 60_000), 1)
  })

  it('stay bounded', () => {
    const counters = new Counters()
    for (let at = 0; at < 1000; at += 1) counters.take([[at, 1]], at * 2000)
    assert.ok(counters.ids().length < 300, String(counters.ids().length))
  })

  it('read only pairs of numbers', () => {
    assert.deepEqual(activeOf({ active: [[1, 2], ['x', 1], 3, null, [4]] }), [[1, 2]])
    assert.deepEqual(activeOf('rubbish'), [])
  })
})

describe('fingerprint', () => {
  const same: readonly (readonly [string, string])[] = [
    ['order 17 failed', 'order 9931 failed'],
    ['2026-11-24T08:26:31.085Z GET /a 200', '2025-01-02T10:11:12.001Z GET /a 304'],
    ['user 3f2a-99b1-e4 is gone', 'user 77ab-1f3c-d0 is gone'],
    ['unsupported currency code "EURO"', 'unsupported currency code "USDX"'],
  ]
  const other: readonly (readonly [string, string])[] = [
    ['order 17 failed', 'order 17 shipped'],
    ['a: b', 'a; b'],
    ["reading 'name'", "reading 'address'"],
    ['', 'x'],
  ]
  for (const [left, right] of same)
    it(`${left} = ${right}`, () =>
      assert.equal(fingerprint(left, 1, true), fingerprint(right, 1, true)))
  for (const [left, right] of other)
    it(`${left} ≠ ${right}`, () =>
      assert.notEqual(fingerprint(left, 1, true), fingerprint(right, 1, true)))
})

describe('PatternTable', () => {
  it('samples the first two, then when the count doubles, then every five seconds', () => {
    const table = new PatternTable(true)
    const sampled: number[] = []
    for (let index = 1; index <= 3000; index += 1) {
      const now = index * 10
      const pattern = table.note('error', 'console', 'it failed', now)
      if (pattern === undefined) continue
      sampled.push(index)
      table.keep(pattern, { at: now, text: `it failed` })
    }
    assert.deepEqual(sampled.slice(0, 4), [1, 2, 32, 64])
    assert.ok(sampled.length < 20, String(sampled.length))
    assert.equal(table.rows()[0]?.['count'], 3000)
  })

  it('counts texts of which no two are alike together, and admits twenty a second', () => {
    const table = new PatternTable(true)
    const words = [
      'alpha',
      'beta',
      'gamma',
      'delta',
      'eps',
      'zeta',
      'eta',
      'theta',
      'iota',
      'kappa',
    ]
    let total = 0
    for (const one of words)
      for (const two of words)
        for (const three of words) {
          table.note('error', 'console', `${one} ${two} ${three}`, 1000 + total / 1000)
          total += 1
        }
    const rows = table.rows()
    assert.equal(rows.length, 21)
    assert.equal(
      rows.reduce((sum, row) => sum + Number(row['count']), 0),
      total,
    )
  })

  it('makes room for new patterns when old ones have been silent for a minute', () => {
    const table = new PatternTable(false)
    for (let index = 0; index < 500; index += 1)
      table.note(
        'info',
        'x',
        'abcdefghij'.slice(0, 1 + (index % 10)) + 'q'.repeat(index),
        index * 2000,
      )
    const rows = table.rows()
    assert.ok(rows.length <= 101, String(rows.length))
    assert.equal(rows.length, new Set(rows.map((row) => row['id'])).size)
  })

  it('reports what moved since the last report', () => {
    const table = new PatternTable(true)
    table.note('error', 'x', 'a', 1)
    table.note('error', 'x', 'b', 1)
    assert.equal(table.reported().length, 2)
    table.note('error', 'x', 'b', 2)
    assert.deepEqual(table.reported(), [[2, 2]])
    assert.deepEqual(table.reported(), [])
  })
})

describe('RaiseOnce', () => {
  it('lets a symptom through once in a quarter of an hour, and another after 45 seconds', () => {
    const once = new RaiseOnce()
    const minute = 60_000
    const asked: readonly (readonly [string, number, boolean])[] = [
      ['a', 0, true],
      ['a', minute, false],
      ['b', minute, true],
      ['c', minute + 1000, false],
      ['a', 16 * minute, true],
    ]
    for (const [key, at, expected] of asked)
      assert.equal(once.take(key, at), expected, `${key} ${at}`)
  })
})

describe('perSecondText', () => {
  const cases: readonly (readonly [number, string])[] = [
    [1350.4, '1,350'],
    [20, '20'],
    [2.53, '2.5'],
    [0.049, '0.05'],
  ]
  for (const [value, expected] of cases)
    it(expected, () => assert.equal(perSecondText(value), expected))
})
