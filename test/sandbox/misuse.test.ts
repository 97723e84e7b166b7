import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createSandbox, defaultLimits, type SandboxOptions } from '../../sandbox/index.ts'

describe('createSandbox, misused', () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['an unknown option', { maxThread: 2 }, /unknown key 'maxThread': did you mean 'maxThreads'/],
    ['an unknown limit', { limits: { cpuMS: 2 } }, /unknown key 'cpuMS': did you mean 'cpuMs'/],
    ['a far-off key', { zzzzzz: 1 }, /unknown key 'zzzzzz': known are limits, maxThreads/],
    ['a string for a number', { queueMs: '5' }, /queueMs must be a number, got the string "5"/],
    ['not a number', { limits: { wallMs: Number.NaN } }, /limits.wallMs must be a number/],
    ['a fraction', { maxThreads: 1.5 }, /maxThreads must be a whole number from 1 to 64, got 1.5/],
    ['no threads', { maxThreads: 0 }, /maxThreads must be a whole number from 1/],
    ['an overflowing time', { limits: { wallMs: 1e12 } }, /limits.wallMs must be a whole number/],
    ['no object', 'fast', /createSandbox options must be an object, got the string "fast"/],
    ['limits that are a list', { limits: [] }, /limits must be an object, got an array/],
  ]
  for (const [what, options, message] of cases) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(createSandbox(options as SandboxOptions), (error: unknown) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError)
        assert.match(error.message, message)
        return true
      })
    })
  }

  it('takes every documented limit', async () => {
    const sandbox = await createSandbox({ limits: defaultLimits })
    assert.equal(sandbox.stats().threads, 0)
    await sandbox.stop()
  })
})

describe('run, misused', async () => {
  const sandbox = await createSandbox()
  after(() => sandbox.stop())
  const run = sandbox.run.bind(sandbox) as (...args: unknown[]) => Promise<unknown>
  const cases: readonly (readonly [string, readonly unknown[], RegExp])[] = [
    ['a source that is no string', [42], /run expects the script as a string, got 42/],
    ['an unknown option', ['', { callback: {} }], /did you mean 'callbacks'/],
    ['an unknown limit', ['', { limits: { cpu: 1 } }], /unknown key 'cpu': did you mean 'cpuMs'/],
    ['callbacks that are no object', ['', { callbacks: [] }], /object of functions, got an array/],
    ['a callback that is none', ['', { callbacks: { a: 1 } }], /'a' must be a function, got 1/],
    ['a callback with a bad name', ['', { callbacks: { 'a-b': () => 1 } }], /'a-b' must be a Lua/],
    ['a callback named by a keyword', ['', { callbacks: { end: () => 1 } }], /'end' must be a Lua/],
    [
      'a callback over Lua',
      ['', { callbacks: { pairs: () => 1 } }],
      /would hide Lua's own 'pairs'/,
    ],
    ['a signal that is none', ['', { signal: {} }], /signal must be an AbortSignal, got object/],
  ]
  for (const [what, args, message] of cases) {
    it(`refuses ${what} and starts nothing`, async () => {
      await assert.rejects(run(...args), { name: 'TypeError', message })
      assert.equal(sandbox.stats().threads, 0)
    })
  }
})
