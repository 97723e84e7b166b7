import assert from 'node:assert/strict'
import { pbkdf2 } from 'node:crypto'
import { describe, it } from 'node:test'
import type { MainAccess } from '../../skills/gateway/main-access.ts'
import { type Json, textOf } from '../../skills/json.ts'
import { SourceFiles } from '../../skills/source/source-files.ts'
import { type PoolUser, poolRows, rankUsers, workOf } from '../../skills/vm/pool-rows.ts'
import { PoolWatch } from '../../skills/vm/pool-watch.ts'
import { vmMain } from '../../skills/vm/pool-window.ts'
import { holdPool } from '../support/hold-pool.ts'

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

/** A main thread in whose windows these users are seen, one list after the other. */
function mainWith(windows: readonly Json[]): Pick<MainAccess, 'invoke'> {
  const left = [...windows]
  return {
    invoke: async (name) => ({
      value: name === 'vm.endPoolUsers' ? (left.shift() ?? []) : null,
      via: 'port',
    }),
  }
}

describe('users of a pool behind whose queue little new is asked for', () => {
  const seen = (type: string, name: string, count: number): Json => ({
    type,
    count,
    stack: `    at ${name} (/srv/app.js:1:1)`,
  })
  it('are watched until who computes was seen, not only who reads', {
    timeout: 60_000,
  }, async () => {
    const release = holdPool()
    const alive = setInterval(() => {}, 1000)
    try {
      const access = mainWith([
        [seen('FSREQPROMISE', 'pageOf', 9)],
        [seen('PBKDF2REQUEST', 'verify', 1)],
        [seen('PBKDF2REQUEST', 'verify', 2)],
      ])
      const files = new SourceFiles()
      const [first, second] = await poolRows({
        access: access as MainAccess,
        files,
        ownFolders: [],
        root: '/srv',
      })
      assert.deepEqual([first?.['count'], first?.['reportable']], [3, true])
      assert.match(textOf(first?.['where']), /^verify/)
      assert.equal(second?.['reportable'], false)
    } finally {
      clearInterval(alive)
      release()
    }
  })
})

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
