import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { modulePath, siblingUrl } from './project.ts'
import { runTestFile } from './test-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-runner-'))
after(() => rmSync(folder, { recursive: true }))

const head = `import { describe, it, test } from 'node:test'\n`

async function run(body: string, limitMs = 30_000) {
  const file = join(folder, `case-${Math.random().toString(36).slice(2)}.test.mjs`)
  writeFileSync(file, head + body)
  return runTestFile(file, limitMs)
}

describe('runTestFile', () => {
  it('counts tests, not suites', async () => {
    const result = await run(`describe('d', () => { it('a', () => {}); it('b', () => {}) })`)
    assert.equal(result.passed, 2)
    assert.deepEqual(result.failures, [])
  })

  it('reports a failed test once, with its error', async () => {
    const result = await run(`describe('d', () => { it('bad', () => { throw new Error('boo') }) })`)
    assert.equal(result.failures.length, 1)
    assert.match(result.failures[0]?.name ?? '', /^bad/)
    assert.match(result.failures[0]?.error ?? '', /boo/)
  })

  it('keeps the reason of what was left out', async () => {
    const result = await run(
      `test('s', { skip: 'needs Linux' }, () => {}); test('t', (t) => t.skip('no redis'))`,
    )
    assert.deepEqual(
      result.leftOut.map(({ reason }) => reason),
      ['needs Linux', 'no redis'],
    )
  })

  it('keeps what leftOut registers', async () => {
    const result = await run(`import { leftOut } from '${siblingUrl('left-out')}'
      leftOut('reads /proc', 'needs Linux')`)
    assert.deepEqual(result.leftOut, [{ name: 'reads /proc', reason: 'needs Linux' }])
  })

  it('fails a file without a test', async () => {
    const result = await run('')
    assert.equal(result.failures.length, 1)
  })

  it('fails a file that throws before its tests', async () => {
    const result = await run(`test('a', () => {}); throw new Error('at the top')`)
    assert.ok(result.failures.length > 0)
  })

  it('kills a file that holds a handle after its tests', async () => {
    const result = await run(`test('a', () => { setInterval(() => {}, 1000) })`, 1_500)
    assert.ok(result.failures.length > 0)
    assert.ok(result.durationMs < 20_000)
  })

  it('ends and reports child processes that a file leaves behind', async () => {
    const result = await run(`
      import { spawn } from 'node:child_process'
      test('a', () => { spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).unref() })`)
    assert.match(result.failures[0]?.error ?? '', /left child processes behind/)
  })

  it('shows what a test printed', async () => {
    const result = await run(`test('a', () => { console.log('hello from the test') })`)
    assert.match(result.output, /hello from the test/)
  })
})

describe('run-tests', () => {
  const runTests = (...args: string[]) =>
    spawnSync(process.execPath, [modulePath('test/support/run-tests'), ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    })

  it('refuses a number that is none', () => {
    const { status, stderr } = runTests('--repeat', 'many')
    assert.equal(status, 2)
    assert.match(stderr, /--repeat expects a whole number above 0, got 'many'/)
  })

  it('refuses a filter that matches nothing, instead of passing', () => {
    const { status, stderr } = runTests('no-such-test-file')
    assert.equal(status, 2)
    assert.match(stderr, /no test file matches no-such-test-file/)
  })

  it('repeats, and closes with the totals', () => {
    const { status, stdout } = runTests('support/left-out', '--repeat', '2')
    assert.equal(status, 0, stdout)
    assert.match(stdout, /^4 passed, 0 failed, 0 skipped$/m)
  })
})
