import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createSandbox, type Outcome } from '../../sandbox/index.ts'
import { execArgvOfThreads } from '../../sandbox/thread-loading.ts'
import { fixture } from './fixtures/sibling.ts'

describe('inside a worker', () => {
  it('works while the main thread is stuck, and lets the worker end by itself', async () => {
    const done = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(fixture('in-worker'), { workerData: done })
    const message = once(worker, 'message')
    const exit = once(worker, 'exit')
    // the main thread's event loop stands still until the worker's scripts are over
    assert.notEqual(Atomics.wait(done, 0, 0, 30_000), 'timed-out')
    const [{ outcome, killed, stats }] = (await message) as [
      { outcome: Outcome; killed: Outcome; stats: { threads: number } },
    ]
    assert.ok(outcome.ok)
    assert.equal(outcome.value, 42)
    assert.deepEqual(outcome.logs, ['in a worker'])
    assert.ok(!killed.ok)
    assert.equal(killed.code, 'hard_timeout')
    assert.equal(stats.threads, 0)
    assert.deepEqual(await exit, [0])
  })
})

describe('the process', () => {
  it('ends by itself without stop, and its --import and NODE_OPTIONS stay out of the threads', () => {
    const { stdout, stderr, status } = runChild(['--import', fixture('announce-thread').href], {
      NODE_OPTIONS: `--import=${fixture('announce-thread').href}`,
    })
    assert.equal(status, 0, stderr)
    assert.equal((JSON.parse(stdout) as Outcome).ok, true)
    assert.equal(stderr.match(/\[main\]/g)?.length, 1)
    assert.equal(stderr.includes('[thread]'), false)
  })

  it('that may not start threads gets an outcome that says why', () => {
    const major = Number(process.versions.node.split('.')[0])
    const flags = [major >= 24 ? '--permission' : '--experimental-permission', '--allow-fs-read=*']
    const { stdout, stderr, status } = runChild(flags, {})
    assert.equal(status, 0, stderr)
    const outcome = JSON.parse(stdout) as Outcome
    assert.ok(!outcome.ok)
    assert.equal(outcome.code, 'thread_crash')
  })
})

describe('the host, when its event loop was held', () => {
  it('does not report a script as waiting that was started', async () => {
    const sandbox = await createSandbox({ maxThreads: 1, queueMs: 600 })
    assert.ok((await sandbox.run('return "the thread is warm"')).ok)
    // after an immediate the loop comes to its timers before it comes to its messages
    await new Promise((resolve) => setImmediate(resolve))
    const run = sandbox.run('return 1')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)
    const outcome = await run
    await sandbox.stop()
    assert.ok(outcome.ok, JSON.stringify(outcome))
  })

  it('does not take its own delay for the script’s', async () => {
    const sandbox = await createSandbox({ maxThreads: 1, limits: { cpuMs: 100 } })
    let isBlocked = false
    const run = sandbox.run('at_work() local n = 0 for i = 1, 1e5 do n = n + i end return n', {
      callbacks: { at_work: () => void setImmediate(block) },
    })
    function block(): void {
      isBlocked = true
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000)
    }
    const outcome = await run
    await sandbox.stop()
    assert.ok(isBlocked)
    assert.ok(outcome.ok, JSON.stringify(outcome))
  })
})

function runChild(
  flags: readonly string[],
  env: NodeJS.ProcessEnv,
): { stdout: string; stderr: string; status: number | null } {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  return spawnSync(process.execPath, [...flags, fileURLToPath(fixture('no-stop'))], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...inherited, ...env },
  })
}

describe('a thread that is still loading', () => {
  it('does not load by require where its end would abort the process', async () => {
    const isSafe = Number(process.versions.node.split('.')[0]) >= 24
    assert.deepEqual(await execArgvOfThreads(), isSafe ? [] : ['--no-experimental-require-module'])
  })

  it('ends with its sandbox', async () => {
    const sandbox = await createSandbox()
    const run = sandbox.run('return 1')
    await sandbox.stop()
    const outcome = await run
    assert.ok(!outcome.ok)
    assert.deepEqual([outcome.code, sandbox.stats().threads], ['cancelled', 0])
  })
})
