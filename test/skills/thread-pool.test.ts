import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { closeSync, mkdtempSync, open, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type PoolUser, rankUsers, workOf } from '../../skills/vm/pool-rows.ts'
import { PoolWatch } from '../../skills/vm/pool-watch.ts'
import { vmMain } from '../../skills/vm/pool-window.ts'

const user = (type: string, name: string, count: number): PoolUser => ({
  type,
  count,
  place: { location: { file: '/srv/app.js', line: 1, function: name }, frames: [], sourceLine: '' },
})

describe('users of the thread pool', () => {
  it('that compute come before those that read files, however many', () => {
    const [first] = rankUsers([
      user('FSREQPROMISE', 'pageOf', 200),
      user('PBKDF2REQUEST', 'verify', 9),
    ])
    assert.equal(first?.place.location.function, 'verify')
  })

  it('are one by function and kind of work', () => {
    const ranked = rankUsers([
      user('FSREQPROMISE', 'pageOf', 2),
      user('FSREQCALLBACK', 'pageOf', 3),
    ])
    assert.deepEqual(
      ranked.map(({ count }) => count),
      [5],
    )
  })

  for (const [type, work] of [
    ['PBKDF2REQUEST', 'crypto (pbkdf2)'],
    ['FSREQCALLBACK', 'file system'],
    ['GETADDRINFOREQWRAP', 'dns.lookup'],
    ['ZLIB', 'compression (zlib)'],
    ['bcrypt:HashWorker', 'bcrypt:HashWorker'],
  ] as const) {
    it(`${type} is ${work}`, () => assert.equal(workOf(type), work))
  }

  it('are seen with their stack while the window is open, and not after', async () => {
    const call = (name: string): unknown => vmMain.functions?.[name]?.run(null as never)
    const derive = (): Promise<void> =>
      new Promise((resolve) => pbkdf2('a', 'b', 1, 16, 'sha256', () => resolve()))
    call('vm.beginPoolUsers')
    await derive()
    const rows = call('vm.endPoolUsers') as { readonly type: string; readonly stack: string }[]
    await derive()
    const row = rows.find(({ type }) => type === 'PBKDF2REQUEST')
    assert.match(row?.stack ?? '', /derive.*thread-pool\.test/)
    assert.deepEqual(call('vm.endPoolUsers'), [])
  })
})

/** Keeps every thread of the pool until the returned function is called. */
function holdPool(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'nodelens-pool-'))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const size = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
  // opening a pipe to read waits until somebody opens it to write
  for (let index = 0; index < size; index += 1)
    open(pipe, 'r', (_error, descriptor) => closeSync(descriptor))
  return () => {
    closeSync(openSync(pipe, 'r+'))
    rmSync(folder, { recursive: true })
  }
}

describe('the watch of the thread pool', () => {
  it('asks again at once after a slow answer', { timeout: 60_000 }, async () => {
    const release = holdPool()
    try {
      const raised = await new Promise<string>((resolve) => {
        const watch = new PoolWatch(({ reason }) => resolve(reason))
        let now = 0
        // a clock that goes slower than the two seconds between its questions
        const timer = setInterval(() => watch.tick((now += 1)), 50)
        setTimeout(() => resolve('nothing'), 30_000).unref()
        timer.unref()
      })
      assert.match(raised, /needs the thread pool waits/)
    } finally {
      release()
    }
  })

  const raised = (readings: readonly (readonly [number, boolean])[]): number => {
    let count = 0
    const watch = new PoolWatch(() => {
      count += 1
    })
    for (const [latencyMs, isFair] of readings) watch.hear(latencyMs, isFair)
    return count
  }

  it('tells of two slow readings in a row', () => {
    assert.equal(
      raised([
        [900, true],
        [900, true],
      ]),
      1,
    )
  })

  it('does not tell of one slow disk access', () => {
    assert.equal(
      raised([
        [900, true],
        [2, true],
        [900, true],
      ]),
      0,
    )
  })

  it('does not tell while the machine is short of CPU time', () => {
    assert.equal(
      raised([
        [900, false],
        [900, false],
      ]),
      0,
    )
  })
})
