import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Insight } from '../../agents/vocabulary/insight.ts'
import { type Ended, linesOf, modulePath, runProgram } from './support/run-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-register-'))
after(() => rmSync(folder, { recursive: true }))
const register = pathToFileURL(modulePath(import.meta, '../../agents/register')).href

function program(name: string, source: string): string {
  const path = join(folder, name)
  writeFileSync(path, source)
  return path
}

/** Applications that know nothing of nodelens, and how each of them ends. */
const applications: Record<string, string> = {
  'natural.cjs': "console.log('hello'); setTimeout(() => console.log('bye'), 300)",
  'quick.mjs': "console.log('quick')",
  'exits.cjs':
    "process.on('exit', (code) => console.log('exit', code)); setTimeout(() => process.exit(3), 300)",
  'exit-code.mjs': 'process.exitCode = 5',
  'throws.cjs':
    "function brew() { throw new TypeError('no tea left') }\nsetTimeout(() => brew(), 400)",
  'rejects.mjs':
    "async function load() { throw new Error('no database') }\nsetTimeout(() => { load() }, 400)",
  'handles.cjs':
    "process.on('uncaughtException', (error) => console.log('handled', error.message)); setTimeout(() => { throw new Error('mine') }, 300)",
  'terminated.cjs':
    "setInterval(() => {}, 1000); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 300)",
  'signals.cjs':
    "process.on('SIGTERM', () => { console.log('term'); process.exit(0) }); console.log(process.listenerCount('SIGUSR1'), process.listenerCount('SIGUSR2'), process.listenerCount('SIGINT')); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 300)",
  'workers.cjs':
    "const { Worker } = require('node:worker_threads'); new Worker(\"console.log('in worker', require('node:worker_threads').isMainThread)\", { eval: true }).on('exit', (code) => console.log('worker', code))",
  'loses-streams.cjs': 'process.stdout.end(); process.stderr.end(); setTimeout(() => {}, 300)',
  'top-level.mjs':
    "await new Promise((resolve) => setTimeout(resolve, 200)); console.log('awaited')",
}

/** The beginning of a call that does something once nodelens is up; only a busy machine needs it. */
const whenUp =
  "const hold = setInterval(() => {}, 1000)\nglobalThis[Symbol.for('nodelens.lens')]?.ready.finally(() => clearInterval(hold)).then(() =>"

/**
 * Stalls until there is an insight, twenty seconds at most, and again: on a busy machine a short
 * stall is lack of CPU time, and an application takes its time until it counts as up. Prints the
 * share of a CPU that its last stall got, per cent.
 */
function stallingSource(isModule: boolean): string {
  const load = isModule ? "import fs from 'node:fs'" : "const fs = require('node:fs')"
  return `${load}
function mineCoins(until) {
  for (let turn = 0; Date.now() < until; turn++) {
    if (turn % 1e6 === 0 && fs.existsSync(process.env.NODELENS_INSIGHTS_FILE)) return
  }
}
let rounds = 0
function again() {
  const before = process.cpuUsage()
  const startedAt = Date.now()
  mineCoins(startedAt + 20000)
  if (++rounds < 3 && !fs.existsSync(process.env.NODELENS_INSIGHTS_FILE)) return setTimeout(again, 2000)
  const { user, system } = process.cpuUsage(before)
  console.log(Math.round((user + system) / 10 / (Date.now() - startedAt)))
}
setTimeout(again, 2000)
`
}

/** Never yields until there is an insight, for a minute at most. */
const stuckSource = `const fs = require('node:fs')
function spinAtOnce() {
  const until = Date.now() + 60000
  for (let turn = 0; Date.now() < until; turn++) {
    if (turn % 1e6 === 0 && fs.existsSync(process.env.NODELENS_INSIGHTS_FILE)) return
  }
}
spinAtOnce()
`

/** What of a run an application can be judged by; lines of the inspector are not ours. */
function visible({ code, signal, stdout, stderr }: Ended) {
  const own = stderr.split('\n').filter((line) => !/^(Debugger listening|For help, see)/.test(line))
  return { code, signal, stdout, stderr: own.join('\n') }
}

describe('an application under nodelens/register', () => {
  for (const [name, source] of Object.entries(applications)) {
    for (const flags of [[], ['--inspect=0']]) {
      it(`${name} ${flags.join(' ')} prints, exits and ends as without it`, async () => {
        const path = program(name, source)
        const bare = await runProgram([...flags, path])
        const watched = await runProgram([...flags, '--import', register, path])
        assert.deepEqual(visible(watched), visible(bare))
        assert.ok(
          watched.tookMs < bare.tookMs + 5_000,
          `${watched.tookMs} ms instead of ${bare.tookMs} ms`,
        )
      })
    }
  }

  it('leaves a crash as an insight with function and line, written before the process is gone', async () => {
    const path = program(
      'crashes.cjs',
      `function brewTea() {
  throw new TypeError('no tea left')
}
${whenUp} setTimeout(() => brewTea(), 200))
`,
    )
    const file = join(folder, 'crash.jsonl')
    const { code } = await runProgram(['--import', register, path], {
      env: { NODELENS_INSIGHTS_FILE: file },
    })
    assert.equal(code, 1)
    const insights = linesOf<Insight>(readFileSync(file, 'utf8'))
    assert.equal(insights.length, 1)
    assert.deepEqual(insights[0]?.location, { file: path, function: 'brewTea', line: 2 })
    assert.match(insights[0]?.summary ?? '', /no tea left/)
    assert.equal(insights[0]?.severity, 'critical')
  })

  for (const name of ['stalls.cjs', 'stalls.mjs']) {
    it(`has its stall investigated by itself: ${name}`, async (test) => {
      const path = program(name, stallingSource(name.endsWith('.mjs')))
      const file = join(folder, `${name}.jsonl`)
      const env = { NODELENS_INSIGHTS_FILE: file }
      const { stdout } = await runProgram(['--import', register, path], { env, timeoutMs: 120_000 })
      if (!existsSync(file) && Number(stdout) < 40) {
        return test.skip('this machine gives the application no CPU time: it is starved, not stuck')
      }
      const [insight] = linesOf<Insight>(readFileSync(file, 'utf8'))
      assert.equal(insight?.location?.file, path)
      assert.match(insight?.location?.function ?? '', /mineCoins$/)
      const line = insight?.location?.line ?? 0
      assert.ok(line >= 2 && line <= 6, `line ${line}`)
    })
  }

  it('is diagnosed though it is stuck from its very first line, once that is longer than a start-up', async () => {
    const path = program('stuck-at-once.cjs', stuckSource)
    const file = join(folder, 'at-once.jsonl')
    const env = { NODELENS_INSIGHTS_FILE: file }
    await runProgram(['--import', register, path], { env, timeoutMs: 90_000 })
    const [insight] = linesOf<Insight>(readFileSync(file, 'utf8'))
    assert.match(insight?.location?.function ?? '', /spinAtOnce$/)
  })

  it('that is healthy hears nothing and leaves no insight', async () => {
    const path = program('healthy.mjs', 'setTimeout(() => {}, 3000)')
    const file = join(folder, 'healthy.jsonl')
    const { stdout, stderr } = await runProgram(['--import', register, path], {
      env: { NODELENS_INSIGHTS_FILE: file },
    })
    assert.equal(stdout + stderr, '')
    assert.throws(() => readFileSync(file), { code: 'ENOENT' })
  })
})

describe('a mistake in the settings', () => {
  const mistakes: [Record<string, string>, RegExp][] = [
    [{ NODELENS_OBSERVER: 'localhost' }, /^nodelens: NODELENS_OBSERVER: expected 'host:port'/],
    [{ NODELENS_OBSERVER: '0.0.0.0:4680' }, /^nodelens: NODELENS_OBSERVER: host "0\.0\.0\.0"/],
    [{ NODELENS_MODEL: 'gemni' }, /^nodelens: NODELENS_MODEL: unknown provider "gemni"/],
    [{ NODELENS_BUDGET: 'day=5$' }, /^nodelens: NODELENS_BUDGET: expected run, hour or day/],
    [
      {
        NODELENS_MODEL:
          '{"provider":"openai-generic","model":"qwen3:8b","baseUrl":"http://127.0.0.1:1/v1"}',
        NODELENS_BUDGET: 'day=$5',
      },
      /^nodelens: NODELENS_BUDGET: .* none is known for openai-generic\/qwen3:8b/,
    ],
    [{ NODELENS_MODEL: 'google-ai' }, /^nodelens: NODELENS_MODEL: google-ai needs a key/],
    [
      { NODELENS_SKILLS: 'vm,table' },
      /^nodelens: NODELENS_SKILLS: unknown skill "table"; did you mean "tables"\?/,
    ],
    [{ NODELENS_LOG: 'loud' }, /^nodelens: NODELENS_LOG: expected silent/],
    [{ NODELENS_CONFIG: '/nowhere.json' }, /^nodelens: NODELENS_CONFIG: expected the path/],
  ]
  for (const [env, expected] of mistakes) {
    it(`${JSON.stringify(env)} is one line on stderr, and the application runs without nodelens`, async () => {
      const path = program(
        'app.mjs',
        "console.log('works', globalThis[Symbol.for('nodelens.lens')] === undefined)",
      )
      const { code, stdout, stderr } = await runProgram(['--import', register, path], { env })
      assert.equal(code, 0)
      assert.equal(stdout, 'works true\n')
      assert.match(stderr, expected)
      assert.equal(stderr.trimEnd().split('\n').length, 1)
    })
  }

  it('such as an address that is not of this machine costs the observer only', async () => {
    const path = program('app2.mjs', `${whenUp} setTimeout(() => {}, 500))`)
    const env = {
      NODELENS_OBSERVER: '192.0.2.1:4680',
      NODELENS_OBSERVER_TOKEN: 'secret',
      NODELENS_LOG: 'info',
    }
    const { code, stderr } = await runProgram(['--import', register, path], { env })
    assert.equal(code, 0)
    assert.match(stderr, /observer:unavailable/)
    assert.match(stderr, /lens:started/)
  })
})
