import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  type CallbackContext,
  createSandbox,
  type Sandbox,
  type SandboxOptions,
} from '../../sandbox/index.ts'
import { until } from './until.ts'

const endlessFind = 'string.find(string.rep("a", 200000), ".-.-.-.-b")'
const endlessLoop = 'while true do pcall(function() while true do end end) end'

/** What a busy two-core machine may add to a bound before a test calls it broken. */
const slackMs = 3000

async function open(test: TestContext, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await createSandbox({ maxThreads: 1, ...options })
  test.after(() => sandbox.stop())
  return sandbox
}

describe('an outcome', () => {
  it('has the value, the log and what it cost', async (test) => {
    const sandbox = await open(test)
    const outcome = await sandbox.run(
      'print("a", 1, nil, {x=1}, print) print() local s = string.rep("x", 1e6) return add(1, 2), #s',
      { callbacks: { add: (a, b) => Number(a) + Number(b) } },
    )
    assert.ok(outcome.ok)
    assert.deepEqual(outcome.value, [3, 1e6])
    assert.deepEqual(outcome.logs, ['a\t1\tnil\t{"x":1}\t<function>', ''])
    const { stats } = outcome
    assert.equal(stats.callbackCalls, 1)
    assert.ok(stats.memoryPeakBytes > 1e6 && stats.memoryPeakBytes < 4e6)
    assert.ok(stats.callbackMs > 0 && stats.luaMs > 0)
    assert.ok(stats.totalMs >= stats.queuedMs + stats.luaMs)
  })

  it('keeps what was printed before the thread was killed', async (test) => {
    const sandbox = await open(test)
    const outcome = await sandbox.run(`print("before é") vm_note() ${endlessFind}`, {
      limits: { cpuMs: 50 },
      callbacks: { vm_note: () => 1 },
    })
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'hard_timeout')
    assert.deepEqual(outcome.logs, ['before é'])
    assert.equal(outcome.stats.callbackCalls, 1)
    assert.equal(sandbox.stats().killed, 1)
  })

  it('says in its log when output was dropped', async (test) => {
    const sandbox = await open(test)
    const script = 'for i = 1, 1e4 do print("line é") end return "done"'
    const outcome = await sandbox.run(script, { limits: { logBytes: 100 } })
    assert.ok(outcome.ok)
    assert.equal(outcome.value, 'done')
    assert.match(outcome.logs.at(-1) ?? '', /dropped: the log's limit is 100 bytes/)
    assert.ok(outcome.logs.slice(0, -1).every((line) => 'line é'.startsWith(line)))
  })
})

describe('a script without end', () => {
  it('is stopped within its CPU budget, pcall or not', async (test) => {
    const sandbox = await open(test)
    const outcome = await sandbox.run(endlessLoop, { limits: { cpuMs: 300 } })
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'timeout')
    assert.ok(outcome.stats.luaMs >= 300 && outcome.stats.luaMs < 300 + slackMs)
    assert.equal(sandbox.stats().killed, 0)
  })

  it('costs its thread when it loops inside C, one second above its budget', async (test) => {
    const sandbox = await open(test)
    const outcome = await sandbox.run(endlessFind, { limits: { cpuMs: 300 } })
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'hard_timeout')
    assert.ok(outcome.stats.luaMs >= 1300 && outcome.stats.luaMs < 1300 + slackMs)
  })

  it('gets no more memory than its limit', async (test) => {
    const sandbox = await open(test)
    const outcome = await sandbox.run('local t = {} for i = 1, 1e9 do t[i] = {} end', {
      limits: { memoryBytes: 8 << 20, cpuMs: 30_000, wallMs: 60_000 },
    })
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'memory')
    assert.ok(outcome.stats.memoryPeakBytes <= 8 << 20)
  })
})

describe('other scripts, while one is without end', () => {
  it('are not delayed as long as a thread is free', async (test) => {
    const sandbox = await open(test, { maxThreads: 2 })
    const hog = sandbox.run(endlessFind, { limits: { cpuMs: 2000 } })
    const waits: number[] = []
    for (let i = 0; i < 5; i++) {
      const outcome = await sandbox.run(`return ${i}`)
      assert.ok(outcome.ok)
      waits.push(outcome.stats.totalMs)
    }
    const outcome = await hog
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'hard_timeout')
    assert.ok(Math.max(...waits) < slackMs, `took ${waits.join(', ')} ms`)
  })

  it('start when its budget, the grace and a new thread are over', async (test) => {
    const sandbox = await open(test, { limits: { cpuMs: 100 } })
    const hogs = [sandbox.run(endlessFind), sandbox.run(endlessFind)]
    const waiting = await sandbox.run('return "mine"')
    assert.ok(waiting.ok)
    // docs/sandbox.md: scripts ahead / threads * (cpuMs + 1000 ms grace + 500 ms for a new thread)
    assert.ok(waiting.stats.queuedMs <= 2 * (100 + 1000 + 500) + slackMs)
    for (const outcome of await Promise.all(hogs)) assert.equal(outcome.ok, false)
  })

  it('never wait longer than queueMs', async (test) => {
    const sandbox = await open(test, { queueMs: 3000 })
    const first = await sandbox.run('return "warm"')
    assert.ok(first.ok)
    const hog = sandbox.run(endlessFind, { limits: { cpuMs: 6000 } })
    const outcome = await sandbox.run('return 1')
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'queue_timeout')
    assert.match(outcome.message, /within 3000 ms/)
    assert.ok(outcome.stats.totalMs >= 2990 && outcome.stats.totalMs < 3000 + slackMs)
    assert.equal(outcome.stats.luaMs, 0)
    assert.equal((await hog).ok, false)
  })

  it('are refused at once when the queue is full', async (test) => {
    const sandbox = await open(test, { maxQueue: 1 })
    const controller = new AbortController()
    const hogs = [1, 2].map(() => sandbox.run(endlessLoop, { signal: controller.signal }))
    const outcome = await sandbox.run('return 1')
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'overloaded')
    controller.abort()
    for (const hog of await Promise.all(hogs)) assert.ok(!hog.ok && hog.code === 'cancelled')
  })

  it('start in the order in which they were submitted', async (test) => {
    const sandbox = await open(test)
    const order: number[] = []
    const callbacks = { note: (i: unknown) => void order.push(Number(i)) }
    await Promise.all([1, 2, 3, 4].map((i) => sandbox.run(`note(${i})`, { callbacks })))
    assert.deepEqual(order, [1, 2, 3, 4])
  })
})

describe('a signal', () => {
  it('that is aborted already starts nothing', async (test) => {
    const sandbox = await open(test)
    const outcome = await sandbox.run('return 1', { signal: AbortSignal.abort() })
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'cancelled')
    assert.equal(sandbox.stats().threads, 0)
  })

  for (const [what, script, isKill] of [
    ['an endless loop', endlessLoop, false],
    ['an endless C loop', endlessFind, true],
    ['a script that waits for a callback', 'wait_for_ever()', false],
  ] as const) {
    it(`ends ${what}`, async (test) => {
      const sandbox = await open(test, { limits: { cpuMs: 60_000, wallMs: 60_000 } })
      const controller = new AbortController()
      let wasGivenUp = 0
      const outcome = await sandbox.run(`pcall(give_up, 1) pcall(give_up, 2) ${script}`, {
        signal: controller.signal,
        limits: { callbackMs: 200 },
        callbacks: {
          give_up(this: CallbackContext, round) {
            // the second call that is given up is the last thing before the endless part
            this.signal.addEventListener('abort', () => {
              wasGivenUp = Number(round)
              if (round === 2) setTimeout(() => controller.abort(), 100)
            })
            return neverSettles()
          },
          wait_for_ever: neverSettles,
        },
      })
      assert.equal(wasGivenUp, 2)
      assert.ok(!outcome.ok)
      assert.equal(outcome.code, 'cancelled')
      assert.ok(outcome.stats.totalMs < 2 * 200 + 100 + 350 + slackMs)
      assert.equal(sandbox.stats().killed, isKill ? 1 : 0)
      assert.ok((await sandbox.run('return 1')).ok)
    })
  }

  it('may be shared by many scripts without a warning', async (test) => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    test.after(() => process.off('warning', onWarning))
    const sandbox = await open(test)
    const controller = new AbortController()
    const callbacks = { stop_all: () => controller.abort(), hang: neverSettles }
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () =>
        sandbox.run('stop_all() hang()', { callbacks, signal: controller.signal }),
      ),
    )
    assert.ok(outcomes.every((outcome) => !outcome.ok && outcome.code === 'cancelled'))
    assert.deepEqual(warnings, [])
  })

  it('takes a waiting script out of the queue', async (test) => {
    const sandbox = await open(test)
    const controller = new AbortController()
    const hog = sandbox.run(endlessLoop, { limits: { cpuMs: 500 } })
    const waiting = sandbox.run('return 1', { signal: controller.signal })
    controller.abort()
    const outcome = await waiting
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'cancelled')
    assert.equal(sandbox.stats().running, 1)
    assert.equal((await hog).ok, false)
  })
})

describe('stop', () => {
  it('settles running and waiting scripts as cancelled and leaves nothing behind', async () => {
    const before = process.getActiveResourcesInfo().sort()
    const sandbox = await createSandbox({ maxThreads: 2 })
    let started = 0
    const callbacks = { at_work: () => void started++, hang: neverSettles }
    const runs = [
      sandbox.run(`at_work() ${endlessFind}`, { callbacks }),
      sandbox.run('at_work() hang()', { callbacks }),
      sandbox.run('return 1'),
    ]
    await until('two scripts run', () => started === 2)
    await Promise.all([sandbox.stop(), sandbox.stop()])
    for (const outcome of await Promise.all(runs)) {
      assert.ok(!outcome.ok)
      assert.equal(outcome.code, 'cancelled')
      assert.match(outcome.message, /the sandbox was stopped/)
    }
    const { threads, running, waiting, isStopped } = sandbox.stats()
    assert.deepEqual(
      { threads, running, waiting, isStopped },
      {
        threads: 0,
        running: 0,
        waiting: 0,
        isStopped: true,
      },
    )
    await until(
      'no timer, port or thread is left',
      () =>
        process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout').length <=
        before.filter((kind) => kind !== 'Timeout').length,
    )
  })

  it('makes later runs say so', async () => {
    const sandbox = await createSandbox()
    await sandbox.stop()
    const outcome = await sandbox.run('return 1')
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'cancelled')
    assert.match(outcome.message, /is stopped; createSandbox\(\) makes a new one/)
    assert.equal(sandbox.stats().threads, 0)
  })
})

describe('an idle sandbox', () => {
  it('gives its threads back and starts again when it is needed', async (test) => {
    const sandbox = await open(test, { idleMs: 50 })
    assert.ok((await sandbox.run('return 1')).ok)
    await until('the thread is gone', () => sandbox.stats().threads === 0)
    assert.ok((await sandbox.run('return 2')).ok)
  })
})

function neverSettles(): Promise<never> {
  return new Promise(() => {})
}
