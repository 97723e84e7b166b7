import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listFunctions } from '../../skills/source/functions.ts'
import { signatureOf } from '../../skills/tracer/signature.ts'
import { type Run, runApp } from './support.ts'

describe('signatureOf', () => {
  const cases: readonly (readonly [string, string, readonly string[], boolean])[] = [
    ['function add(left, right = 2) { return left }', 'add', ['left', 'right'], false],
    ['async function load(id, { depth }, ...rest) { return id }', 'load', ['id', 'rest'], true],
    ['const twice = (value) => value * 2', 'twice', ['value'], false],
    ['const twice = value => { return value * 2 }', 'twice', ['value'], false],
    ['const get = async (url, [first]) => { await url }', 'get', ['url'], true],
    ['class Cart { add(item, at = f(1, 2)) { return item } }', 'Cart.add', ['item', 'at'], false],
    ['class Cart { async load(id) { return id } }', 'Cart.load', ['id'], true],
    ['const run = function (task) { task() }', 'run', ['task'], false],
    ['function* walk(tree) { yield tree }', 'walk', ['tree'], false],
  ]
  for (const [source, name, parameters, isAsync] of cases)
    it(`reads ${source}`, () => {
      const entry = listFunctions(source).find((one) => one.name === name)
      assert.ok(entry !== undefined)
      const signature = signatureOf(source, entry)
      assert.deepEqual([signature?.parameters, signature?.isAsync], [parameters, isAsync])
      assert.match(source.slice(signature?.bodyStart), /^\s*(?:return|value|await|task|yield)/)
    })
})

interface Row {
  readonly function: string
  readonly location: { readonly file: string; readonly line: number }
  readonly stopped: string
  readonly calls: number
  readonly perSecond: number
  readonly durationP50Ms: number | null
  readonly threw: number
  readonly unfinished: number
  readonly shapes: readonly { readonly arguments: string; readonly count: number }[]
  readonly callers: readonly { readonly where: string }[]
  readonly observation: string
}

describe('a trace of a running program', () => {
  let run: Run
  const rows: Row[] = []
  before(async () => {
    const calls = (name: string, seconds = 10, count = 6): object => ({
      call: 'tracer_calls',
      input: { function: name, seconds, calls: count },
      timeoutMs: 20_000,
    })
    const ask = [
      calls('Cart.add'),
      calls('parseAge'),
      calls('readPrice'),
      calls('double', 10, 50),
      calls('neverCalled', 1),
      calls('noSuchThing'),
      { call: 'tracer_calls', input: { function: 'double', file: 'elsewhere.js' } },
      [calls('Cart.add'), calls('parseAge')],
      { snapshot: 'tracer' },
    ]
    run = await runApp(JSON.stringify({ ask }), {}, [], 'traced-app')
    for (const line of run.lines)
      if (line.asked === 'tracer_calls' && line.value !== undefined) rows.push(line.value as Row)
  })
  const lines = readFileSync(
    fileURLToPath(new URL('../fixtures/skills/traced-app.ts', import.meta.url)).replace(
      '/dist/',
      '/',
    ),
    'utf8',
  ).split('\n')
  const rowOf = (name: string): Row => {
    const row = rows.find((one) => one.function === name)
    assert.ok(row !== undefined, `${name}: ${run.stderr} ${JSON.stringify(run.lines)}`)
    return row
  }

  it('gives the calls of a method: place, arguments by kind and size, caller, time', () => {
    const row = rowOf('Cart.add')
    assert.equal(row.stopped, 'calls')
    assert.equal(row.calls, 6)
    assert.equal(row.location.line, lines.findIndex((line) => line.includes('add(sku: string')) + 1)
    assert.deepEqual(row.shapes, [{ arguments: 'sku: string(3), item: {sku, price}', count: 6 }])
    assert.match(row.callers[0]?.where ?? '', /checkOut \(.*traced-app\.ts:\d+\)/)
    assert.ok(Number(row.durationP50Ms) < 100)
    assert.equal(row.threw, 0)
    assert.ok(row.perSecond > 1 && row.perSecond < 45, String(row.perSecond))
  })

  it('sees what throws', () => {
    const row = rowOf('parseAge')
    assert.equal(row.calls, 6)
    assert.equal(row.threw, 6)
    assert.equal(row.durationP50Ms, null)
  })

  it('follows an async function to its end', () => {
    const row = rowOf('readPrice')
    assert.match(row.shapes[0]?.arguments ?? '', /^sku: string\(3\)$/)
    assert.equal(row.threw, 0)
    if (row.durationP50Ms !== null) assert.ok(row.durationP50Ms >= 4, String(row.durationP50Ms))
  })

  it('lets go of a hot path at once, and says that it is one', () => {
    const row = rowOf('double')
    assert.equal(row.stopped, 'hot')
    assert.ok(row.calls <= 21, `${row.calls} calls were noted`)
    assert.match(row.observation, /at least .* a second\): a hot path/)
  })

  it('ends by time where nothing is called', () => {
    const row = rowOf('neverCalled')
    assert.deepEqual([row.stopped, row.calls], ['time', 0])
    assert.match(row.observation, /was not called/)
  })

  it('names what it does not find, and what is traced already', () => {
    const refused = run.lines.filter(
      ({ asked, code }) => asked === 'tracer_calls' && code !== undefined,
    )
    assert.deepEqual(
      refused.map(({ code }) => code),
      ['bad_input', 'bad_input', 'bad_input'],
    )
    const texts = refused.map(({ message }) => String(message)).join('\n')
    assert.match(texts, /no loaded function of the application is called 'noSuchThing'/)
    assert.match(texts, /in a file that ends with 'elsewhere\.js'/)
    assert.match(texts, /Cart\.add is being traced; one trace at a time/)
  })

  it('leaves nothing behind', () => {
    assert.equal(run.code, 7, run.stderr)
    assert.equal(run.stderr, '')
    const data = run.answer('tracer')?.snapshot?.data as { isTracing: boolean; traces: number }
    assert.equal(data.isTracing, false)
    assert.equal(data.traces, 6)
  })
})
