import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Place, type Run, runApp } from './support.ts'

const SOURCE = fileURLToPath(new URL('../fixtures/skills/jobs/work.ts', import.meta.url)).replace(
  '/dist/',
  '/',
)
const LINES = readFileSync(SOURCE, 'utf8').split('\n')
const lineOf = (text: string): number => LINES.findIndex((line) => line.includes(text)) + 1

interface Row {
  readonly kind?: string
  readonly level?: string
  readonly location: Place | null
  readonly severity: string
  readonly reportable: boolean
  readonly echoes?: string | null
  readonly observation: string
  readonly ownPct: number
}

const ASK = [
  { call: 'exception_groups' },
  { call: 'logger_patterns' },
  { call: 'logger_listeners' },
]

function rowsOf(run: Run, call: string): Row[] {
  return (run.answer(call)?.value ?? []) as Row[]
}

interface Case {
  readonly scenario: string
  readonly skill: string
  readonly call: string
  readonly function: string
  readonly line: number
  readonly reason: RegExp
}

const CASES: readonly Case[] = [
  {
    scenario: 'rejects',
    skill: 'exception',
    call: 'exception_groups',
    function: 'ownerOf',
    line: lineOf('return (job.owner'),
    reason: /unhandled promise rejections, .* a second for .*: none\): TypeError/,
  },
  {
    scenario: 'reported',
    skill: 'exception',
    call: 'exception_groups',
    function: 'settle',
    line: lineOf('throw new TypeError'),
    reason: /exceptions handed to the reporter/,
  },
  {
    scenario: 'storm',
    skill: 'logger',
    call: 'logger_patterns',
    function: 'parseRow',
    line: lineOf('throw new RangeError'),
    reason: /Error log storm: .* row "x\d+" is not a number, thrown in parseRow/,
  },
  {
    scenario: 'logged',
    skill: 'logger',
    call: 'logger_patterns',
    function: 'checkStock',
    line: lineOf('if (count < 0) log'),
    reason: /(Error rate in the log has risen|Error log storm): .* logged by checkStock/,
  },
  {
    scenario: 'listeners',
    skill: 'logger',
    call: 'logger_listeners',
    function: 'follow',
    line: lineOf("queue.on('done'"),
    reason: /listeners of 'done' hang on one EventEmitter/,
  },
]

describe('an application that turns bad', { concurrency: 3 }, () => {
  for (const expected of CASES) {
    it(`is noticed and explained: ${expected.scenario}`, async () => {
      const run = await runApp(expected.scenario, { ask: ASK }, [], 'jobs/app')
      assert.equal(run.code, 7, run.stderr)
      const [symptom, ...others] = run.signals('symptom')
      assert.equal(symptom?.skill, expected.skill)
      assert.match(String(symptom?.reason), expected.reason)
      assert.deepEqual(others, [])
      const [row] = rowsOf(run, expected.call).filter(({ reportable }) => reportable)
      assert.deepEqual(row?.location, {
        file: SOURCE,
        line: expected.line,
        function: expected.function,
      })
    })
  }

  it('is explained once where its last handler logs: the log only repeats it', async () => {
    const run = await runApp('survives', { ask: ASK }, [], 'jobs/app')
    assert.equal(run.code, 7, run.stderr)
    assert.deepEqual(
      run.signals('symptom').map(({ skill }) => skill),
      ['exception'],
    )
    const [row] = rowsOf(run, 'exception_groups')
    assert.deepEqual(
      [row?.kind, row?.reportable, row?.location?.function],
      ['uncaught', true, 'explode'],
    )
    const [line] = rowsOf(run, 'logger_patterns')
    assert.deepEqual(
      [line?.level, line?.echoes, line?.reportable],
      ['error', 'uncaught exception', false],
    )
  })
})

describe('a healthy application', () => {
  it('with some errors, a burst, and twice the traffic is left in peace', async () => {
    const run = await runApp('healthy', { ask: ASK, limitMs: 24_000 }, [], 'jobs/app')
    assert.equal(run.code, 7, run.stderr)
    assert.deepEqual(run.signals('symptom'), [])
    assert.deepEqual(
      ASK.flatMap(({ call }) => rowsOf(run, call)).filter(({ reportable }) => reportable),
      [],
    )
  })
})

describe('the profiler', () => {
  const profile = async (scenario: string, ask: object[]): Promise<Run> => {
    const run = await runApp(scenario, { ask, limitMs: 1500 }, [], 'jobs/app')
    assert.equal(run.code, 7, run.stderr)
    return run
  }

  it('names the hot function and its line', async () => {
    const run = await profile('hot', [
      { call: 'profiler_cpu', timeoutMs: 20_000 },
      { snapshot: 'profiler' },
    ])
    const [row] = rowsOf(run, 'profiler_cpu')
    assert.equal(row?.location?.function, 'hashAll')
    assert.ok(
      Math.abs((row?.location?.line ?? 0) - lineOf('hash = Math.imul')) <= 1,
      String(row?.location?.line),
    )
    assert.ok(Number(row?.ownPct) > 2, row?.observation)
  })

  for (const what of ['kept', 'all']) {
    it(`names the function that allocates: ${what}`, async () => {
      const run = await profile('allocates', [
        { call: 'profiler_allocations', input: { milliseconds: 2000, what }, timeoutMs: 25_000 },
      ])
      const [row] = rowsOf(run, 'profiler_allocations')
      assert.equal(
        row?.location?.function,
        'collect',
        JSON.stringify(run.answer('profiler_allocations')),
      )
    })
  }
})

describe("main's halves", () => {
  interface Seen {
    readonly before: { readonly listeners: readonly number[] }
    readonly during: { readonly listeners: readonly number[]; readonly consoleName: string }
    readonly after: object
    readonly lines: readonly {
      readonly kind: string
      readonly source: string
      readonly samples: readonly { readonly text: string }[]
    }[]
    readonly groups: readonly { readonly kind: string; readonly source: string }[]
    readonly again: readonly object[]
  }
  let seen: Seen
  let output = { stdout: '', stderr: '' }

  before(async () => {
    const file = fileURLToPath(
      new URL(`../fixtures/skills/jobs/taps${extname(import.meta.url)}`, import.meta.url),
    )
    output = await promisify(execFile)(process.execPath, ['--enable-source-maps', file], {
      timeout: 30_000,
    })
    seen = JSON.parse(output.stdout.trim().split('\n').at(-1) ?? '')
  })

  it('count each line once, by the outermost that writes it', () => {
    const lines = seen.lines
      .map(({ kind, source, samples }) => [kind, source, samples[0]?.text.trim()])
      .toReversed()
    assert.deepEqual(lines, [
      ['error', 'console', 'failed for %s x RangeError: out of bounds'],
      ['info', 'console', 'hello'],
      ['info', 'stdout', 'plain'],
      ['warn', 'stderr', '{"level":"warn","message":"low on \\"ink\\""}'],
      ['warn', 'process', 'Warning: careful'],
    ])
  })

  it('hear of rejections without a listener', () => {
    assert.deepEqual(
      seen.groups.map(({ kind, source }) => [kind, source]),
      [['unhandled_rejection', 'TypeError']],
    )
    assert.deepEqual(seen.during.listeners, seen.before.listeners)
    assert.equal(seen.during.consoleName, 'error')
  })

  it('change nothing of what is printed, and leave nothing behind', () => {
    assert.deepEqual(output.stdout.split('\n').slice(0, 3), ['hello', 'plain', 'not counted'])
    assert.match(output.stderr, /^failed for x RangeError: out of bounds\n/)
    assert.deepEqual(seen.after, seen.before)
    assert.equal(seen.again.length, 0)
  })
})
