import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { registerCollection } from '../../skills/index.ts'
import { readCollections } from '../../skills/probe/collections.ts'
import { listFunctions } from '../../skills/source/functions.ts'
import { findUse } from '../../skills/tables/filler.ts'
import { namesOf } from '../../skills/tables/place.ts'
import { judgeTrend } from '../../skills/tables/verdict.ts'
import { LEAKY_SOURCE } from '../fixtures/skills/leaky-source.ts'
import { type Place, runApp } from './support.ts'

interface TableRow {
  readonly name: string
  readonly kind: string
  readonly size: number
  readonly growthPerMinute: number
  readonly outsideMb: number
  readonly verdict: string
  readonly reportable: boolean
  readonly location: Place | null
  readonly bound: { readonly name: string } | null
  readonly explanation: string
}

interface FillingRow {
  readonly size: number
  readonly approxMb: number
  readonly observation: string
  readonly location: Place | null
}

const settings = {
  skills: ['tables'],
  exit: true,
  ask: [
    { call: 'tables_growing', timeoutMs: 30_000 },
    { call: 'tables_largest', timeoutMs: 15_000 },
  ],
}

async function rowOf(what: string, call: string, name: string): Promise<TableRow | undefined> {
  const run = await runApp(what, settings)
  assert.equal(run.code, 7, run.stderr)
  assert.equal(run.stderr, '')
  const answer = run.answer(call)
  const rows = (answer?.value ?? []) as TableRow[]
  return (
    rows.find((row) => row.name === name) ?? assert.fail(`${name} not in ${JSON.stringify(answer)}`)
  )
}

const lineIn = (text: string): number =>
  LEAKY_SOURCE.split('\n').findIndex((line) => line.includes(text)) + 1

describe('what fills the heap', () => {
  const ask = [{ call: 'tables_filling', timeoutMs: 15_000 }]

  it('is named with its place although it is bounded in number', async () => {
    const run = await runApp('large', { ...settings, ask }, ['--max-old-space-size=200'])
    assert.equal(run.code, 7, run.stderr)
    const [row, ...others] = (run.answer('tables_filling')?.value ?? []) as FillingRow[]
    assert.deepEqual(others, [])
    assert.equal(row?.location?.function, 'RecentReports.put', JSON.stringify(run.lines))
    assert.match(row.location.file, /leaks\.ts$/)
    assert.match(row.observation, /The heap is nearly full \(\d+ of 200 MB stay in use/)
    assert.ok(row.size <= 41 && row.approxMb > 15, `${row.size}, ${row.approxMb} MB`)
  })

  it('is nothing while the heap has room', async () => {
    const run = await runApp('large', { ...settings, ask })
    assert.deepEqual(run.answer('tables_filling')?.value, [])
  })
})

describe('the census', () => {
  it('names a Map of a CommonJS module that never evicts, and who fills it', async () => {
    const row = await rowOf('map', 'tables_growing', 'pages')
    assert.equal(row?.verdict, 'leak')
    assert.ok(row.reportable)
    assert.ok(row.growthPerMinute > 1000)
    assert.equal(row.location?.function, 'search')
    assert.equal(row.location.line, lineIn('pages.set(url, page)'))
    assert.match(row.location.file, /leaky-store\.cjs$/)
  })

  it('names an array of an ES module', async () => {
    const row = await rowOf('array', 'tables_growing', 'rows')
    assert.equal(row?.location?.function, 'remember')
    assert.match(row.location.file, /leaks\.ts$/)
  })

  it('does not call a cache a leak while it is below its limit', async () => {
    const row = await rowOf('bounded', 'tables_growing', 'filling.#entries')
    assert.equal(row?.verdict, 'bounded')
    assert.equal(row.bound?.name, 'max')
    assert.equal(row.reportable, false)
  })

  it('does not call a cache a leak that evicts', async () => {
    const row = await rowOf('evicting', 'tables_largest', 'recent')
    assert.match(String(row?.verdict), /stable|evicting/)
    assert.equal(row?.reportable, false)
  })

  it('finds Buffers in an object that only a listener knows, and the limit that is not kept', async () => {
    const row = await rowOf('buffers', 'tables_growing', 'journal.cams.get("cam-1")')
    assert.equal(row?.verdict, 'leak')
    assert.ok(row.outsideMb > 1)
    assert.equal(row.location?.function, 'Journal.append')
    assert.equal(row.location.line, lineIn('list.push('))
    assert.equal(row.bound?.name, 'keep')
    assert.match(row.explanation, /keep = 50\) is not kept/)
  })
})

describe('memory that grows outside the heap', () => {
  it('is signalled', async () => {
    const run = await runApp('buffers', {
      ...settings,
      ask: [{ call: 'tables_growing', timeoutMs: 40_000, input: { watchSeconds: 20 } }],
    })
    const [signal] = run.signals('heap')
    assert.equal(signal?.what, 'external')
  })
})

describe('judgeTrend', () => {
  const points = (...sizes: number[]): { at: number; size: number }[] =>
    sizes.map((size, index) => ({ at: index * 1000, size }))
  const cases: readonly (readonly [string, Parameters<typeof judgeTrend>[0], string])[] = [
    ['steady growth', { points: points(100, 200, 300, 400, 500), oldestKept: true }, 'leak'],
    ['nothing is known after one look', { points: points(100) }, 'unknown'],
    ['a plateau', { points: points(500, 500, 500) }, 'stable'],
    ['shrinking', { points: points(500, 400, 300) }, 'stable'],
    ['growth below a limit', { points: points(100, 200, 300), bound: { value: 400 } }, 'bounded'],
    ['growth above a limit', { points: points(100, 200, 300), bound: { value: 50 } }, 'leak'],
    ['the oldest goes', { points: points(100, 200, 300), oldestKept: false }, 'evicting'],
    ['growth that slows down', { points: points(0, 400, 600, 650, 660, 665, 668) }, 'warming'],
  ]
  for (const [name, input, verdict] of cases) {
    it(`${name}: ${verdict}`, () => assert.equal(judgeTrend(input).verdict, verdict))
  }

  it('gives growth its right sign', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), (from, to) => {
        const { growthPerMinute } = judgeTrend({ points: points(from, to) })
        assert.equal(Math.sign(growthPerMinute), Math.sign(to - from))
      }),
    )
  })
})

describe('findUse', () => {
  const cases: readonly (readonly [
    string,
    string,
    string,
    boolean,
    string | undefined,
    boolean,
  ])[] = [
    [
      'set on a Map',
      'const m = new Map()\nfunction put(k) { m.set(k, 1) }',
      'm',
      false,
      'put:2',
      false,
    ],
    [
      'a method on a private field',
      'class A {\n  #m = new Map()\n  put(k) { this.#m.set(k, 1) }\n  drop(k) { this.#m.delete(k) }\n}',
      '#m',
      false,
      'A.put:3',
      true,
    ],
    [
      'an index on an object',
      'const byId = {}\nconst keep = (k) => { byId[k] = 1 }',
      'byId',
      false,
      'keep:2',
      false,
    ],
    [
      'a comparison is no assignment',
      'const byId = {}\nconst is = (k) => byId[k] === 1',
      'byId',
      false,
      undefined,
      false,
    ],
    [
      'text and comments do not count',
      'const m = 1 // m.set(1)\nconst s = "m.set(2)"',
      'm',
      false,
      undefined,
      false,
    ],
    [
      'another name that ends alike',
      'function put(k) { am.set(k, 1) }',
      'm',
      false,
      undefined,
      false,
    ],
    [
      'a list that is taken out of a Map',
      'function put(k) {\n  const list = this.cams.get(k)\n  list.push(1)\n}',
      'cams',
      true,
      'put:3',
      false,
    ],
    [
      'an array that is replaced by a longer one',
      'let all = []\nfunction put(x) { all = [...all, x] }',
      'all',
      false,
      'put:2',
      false,
    ],
  ]
  for (const [name, source, variable, isInside, place, evicts] of cases) {
    it(name, () => {
      const use = findUse(source, listFunctions(source), variable, isInside)
      assert.equal(use.filler && `${use.filler.function}:${use.filler.line}`, place)
      assert.equal(use.evicts, evicts)
    })
  }
})

describe('namesOf', () => {
  it('reads a path from the inside out', () => {
    assert.deepEqual(namesOf('journal.cams.get("a.b(c)")'), {
      names: ['cams', 'journal'],
      isInside: true,
    })
    assert.deepEqual(namesOf('reg.#subs'), { names: ['#subs', 'reg'], isInside: false })
    assert.deepEqual(namesOf('exports.rows[…].items'), {
      names: ['items', 'rows'],
      isInside: false,
    })
    assert.deepEqual(namesOf('quotes[Symbol(cache)]'), { names: ['quotes'], isInside: false })
  })
})

describe('registerCollection', () => {
  it('follows sizes and whether the oldest entry stays, until it is taken off', () => {
    const map = new Map([['a', 1]])
    const take = registerCollection('orders', map)
    const read = (): unknown => readCollections().find((entry) => entry.name === 'orders')
    assert.deepEqual(read(), { name: 'orders', kind: 'Map', size: 1 })
    map.set('b', 2)
    assert.deepEqual(read(), { name: 'orders', kind: 'Map', size: 2, oldestKept: true })
    map.delete('a')
    assert.deepEqual(read(), { name: 'orders', kind: 'Map', size: 1, oldestKept: false })
    take()
    assert.equal(read(), undefined)
  })

  it('refuses what has no size', () => {
    assert.throws(() => registerCollection('', []), /expected a name/)
    assert.throws(
      () => registerCollection('x', 3 as never),
      /expected a Map, Set, array or object, got number/,
    )
  })
})
