// run alone: what it measures is who holds the CPU
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Row, runApp } from './support.ts'

const SOURCE = fileURLToPath(new URL('../fixtures/skills/app.ts', import.meta.url)).replace(
  '/dist/',
  '/',
)
const LINES = readFileSync(SOURCE, 'utf8').split('\n')
const lineOf = (text: string): number => LINES.findIndex((line) => line.includes(text)) + 1

const ask = [{ call: 'vm_events_stalls' }, { snapshot: 'vm_events' }]

interface Case {
  readonly scenario: string
  readonly kinds: readonly string[]
  readonly function: string
  readonly line: number
  readonly off?: number
  readonly detail?: string
  readonly isIdle?: boolean
}

const CASES: readonly Case[] = [
  {
    scenario: 'loop',
    kinds: ['cpu', 'infinite-loop?'],
    function: 'spinForever',
    line: lineOf('while (!isOver()) rounds'),
  },
  {
    scenario: 'regex',
    kinds: ['regex'],
    function: 'checkName',
    line: lineOf('return NESTED.test'),
    detail: 'RegExp.test',
  },
  {
    scenario: 'crypto',
    kinds: ['sync-crypto'],
    function: 'hashPassword',
    line: lineOf('total += pbkdf2Sync'),
    detail: 'pbkdf2Sync',
  },
  {
    scenario: 'child',
    kinds: ['sync-child-process'],
    function: 'diskUsage',
    line: lineOf('return execFileSync'),
    detail: 'execFileSync',
    isIdle: true,
  },
  {
    scenario: 'microtasks',
    kinds: ['microtasks'],
    function: 'drainForever',
    line: lineOf('await Promise.resolve()'),
    off: 3,
  },
  {
    scenario: 'ticks',
    kinds: ['microtasks'],
    function: 'again',
    line: lineOf('process.nextTick(again)'),
    // or where the function begins
    off: 1,
  },
  { scenario: 'quadratic', kinds: ['cpu'], function: 'indexBySku', line: lineOf('rows.reduce') },
]

describe('a main thread that is stuck', () => {
  for (const expected of CASES) {
    it(`is explained: ${expected.scenario}`, async () => {
      const run = await runApp(expected.scenario, { ask })
      assert.equal(run.code, 7, run.stderr)
      assert.equal(run.stderr, '')
      const [row] = (run.answer('vm_events_stalls')?.value ?? []) as Row[]
      assert.ok(row !== undefined)
      assert.ok(expected.kinds.includes(row.kind), `${row.kind}: ${row.explanation}`)
      assert.equal(row.culprit.function, expected.function)
      assert.equal(row.culprit.file, SOURCE)
      assert.ok(
        Math.abs(row.culprit.line - expected.line) <= (expected.off ?? 0),
        `line ${row.culprit.line}, not ${expected.line}`,
      )
      if (expected.detail !== undefined) assert.equal(row.detail, expected.detail)
      assert.ok(row.reportable)
      assert.match(row.observation, /event loop of the main thread was blocked/)
      assert.ok(run.signals('stall').length >= 1)
      if (expected.isIdle === true) assert.ok(row.cpuSharePct < 50, `${row.cpuSharePct} %`)
    })
  }

  it('is signalled before it gets free, and again when it is free', async () => {
    const run = await runApp('loop', { ask })
    const [first] = run.signals('stall')
    assert.equal(first?.ongoing, true)
    assert.equal(first?.culprit.culprit?.function, 'spinForever')
    const [ended, ...others] = run.signals('stall-ended')
    assert.deepEqual(others, [])
    assert.ok(Number(first?.durationMs) < Number(ended?.durationMs))
  })

  it('answers through the inspector meanwhile', async () => {
    const run = await runApp('loop', {
      onStall: [
        { snapshot: 'hostile' },
        { call: 'hostile_add', input: { left: 4 } },
        { call: 'hostile_late' },
        { call: 'hostile_acts' },
        { call: 'vm_events_now' },
      ],
    })
    assert.equal(run.code, 7, run.stderr)
    const snapshot = run.answer('hostile')?.snapshot
    assert.deepEqual(snapshot?.data, { jobs: 3, nested: { ok: true } })
    assert.equal(snapshot?.via, 'inspector')
    assert.ok((snapshot?.mainBlockedMs ?? 0) > 0)
    assert.equal(run.answer('hostile_add')?.value, 5)
    assert.equal(run.answer('hostile_late')?.code, 'main_blocked')
    assert.match(String(run.answer('hostile_acts')?.code), /timeout|main_blocked/)
    assert.match(
      String((run.answer('vm_events_now')?.value as { stack: string[] } | undefined)?.stack[0]),
      /spinForever/,
    )
  })
})

describe('a healthy main thread', () => {
  it('may be busy with small work', async () => {
    const run = await runApp('busy', { ask })
    assert.deepEqual(run.signals('stall'), [])
  })

  it('gives no signal', async () => {
    const run = await runApp('idle', { ask, warmUpMs: 1500 })
    assert.equal(run.code, 7, run.stderr)
    assert.deepEqual(run.signals('stall'), [])
    assert.deepEqual(run.signals('heap'), [])
  })

  it('is not blamed for its start-up', async () => {
    const run = await runApp('brief', { warmUpMs: 0, ask })
    assert.deepEqual(run.signals('stall'), [])
  })
})
