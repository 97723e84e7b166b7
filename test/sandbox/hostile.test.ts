/**
 * Every script of the hostile corpus, each followed by a canary on the same sandbox. Several
 * sandboxes run at once: most of the time is waiting for scripts to meet their time limits.
 */
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, before, describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import { createSandbox, type Outcome, type Sandbox } from '../../sandbox/index.ts'
import { type Expectation, type HostileScript, hostileCallbacks, readCorpus } from './corpus.ts'

const corpus = readCorpus()
const lanes = 4
/** Far above what this machine's other work costs, far below a script's second on our loop. */
const longestHoldMs = 700

function limitsOf({ id, expect }: HostileScript): Record<string, number> {
  const codes = [expect, ...(expect.anyOf ?? [])].flatMap(({ code }) => code ?? [])
  // scripts that are expected to run into the clock may run into it sooner
  const isForClock = codes.includes('timeout') || codes.includes('hard_timeout')
  const isForClockAlone = isForClock && expect.ok === undefined && expect.anyOf === undefined
  const cpuMs = isForClockAlone ? 500 : isForClock ? 2000 : 12_000
  const wallMs = id.includes('slow-timeout-pcall-loop') ? 4000 : 15_000
  return { cpuMs, wallMs, callbackMs: 1000 }
}

function check(expect: Expectation, outcome: Outcome): void {
  if (expect.anyOf !== undefined) {
    const failures = expect.anyOf.map((one) => {
      try {
        check(one, outcome)
        return undefined
      } catch (error) {
        return error
      }
    })
    assert.ok(failures.includes(undefined), String(failures[0]))
    return
  }
  if (expect.code !== undefined) {
    assert.ok(!outcome.ok, `expected ${expect.code.join(' or ')}, got ${JSON.stringify(outcome)}`)
    assert.ok(expect.code.includes(outcome.code), `${outcome.code}: ${outcome.message}`)
    if (expect.messageIncludes !== undefined) {
      assert.ok(outcome.message.includes(expect.messageIncludes), outcome.message)
    }
    if (expect.messageMax !== undefined) assert.ok(outcome.message.length <= expect.messageMax)
    if (expect.maxMs !== undefined) assert.ok(outcome.stats.totalMs <= expect.maxMs)
    return
  }
  assert.ok(outcome.ok, JSON.stringify(outcome))
  if ('value' in expect) assert.deepEqual(outcome.value, expect.value)
  if (expect.valueLength !== undefined) {
    const { value } = outcome
    assert.ok(typeof value === 'string' || Array.isArray(value))
    assert.equal(value.length, expect.valueLength)
  }
  if (expect.js !== undefined) {
    const holds: unknown = runInNewContext(expect.js, { v: outcome.value })
    assert.ok(holds, `${expect.js} with ${JSON.stringify(outcome.value)}`)
  }
  if (expect.logsMax !== undefined) assert.ok(outcome.logs.join('\n').length <= expect.logsMax)
}

describe('the hostile corpus', { concurrency: lanes }, () => {
  const prototypeNames = Object.getOwnPropertyNames(Object.prototype).sort()
  const free: Sandbox[] = []
  const all: Sandbox[] = []
  const delay = monitorEventLoopDelay({ resolution: 20 })

  before(async () => {
    for (let lane = 0; lane < lanes; lane++) all.push(await createSandbox({ maxThreads: 1 }))
    free.push(...all)
    delay.enable()
  })

  after(async () => {
    delay.disable()
    await Promise.all(all.map((sandbox) => sandbox.stop()))
    const held = Math.round(delay.max / 1e6)
    assert.ok(held < longestHoldMs, `the host's event loop was held for ${held} ms`)
  })

  for (const script of corpus) {
    it(script.id, { timeout: 60_000 }, async () => {
      const sandbox = free.pop()
      assert.ok(sandbox !== undefined, 'one sandbox per lane')
      try {
        const options = { callbacks: hostileCallbacks, limits: limitsOf(script) }
        check(script.expect, await sandbox.run(script.lua, options))
        const canary = await sandbox.run('return vm_get_memory().total + 1', {
          callbacks: hostileCallbacks,
        })
        assert.ok(canary.ok, `canary: ${JSON.stringify(canary)}`)
        assert.equal(canary.value, 1001)
        assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), prototypeNames)
        assert.equal(Reflect.get({}, 'polluted'), undefined)
      } finally {
        free.push(sandbox)
      }
    })
  }
})
