import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CrashBook } from '../../skills/handles/crash-book.ts'
import { countTargets } from '../../skills/handles/descriptors.ts'
import { grownTargets, withMain } from '../../skills/handles/file-rows.ts'
import { Ledger } from '../../skills/handles/ledger.ts'
import { judgeTimers } from '../../skills/handles/timer-rows.ts'
import {
  idleShare,
  isCrashLoop,
  LIMITS,
  timersOutpaceConnections,
} from '../../skills/handles/verdicts.ts'
import { watchMethod } from '../../skills/probe/patched.ts'
import { type Point, riseOf, Series } from '../../skills/series.ts'

const pointsOf = (values: readonly number[], everyMs = 2000): Point[] =>
  values.map((value, index) => ({ at: index * everyMs, value }))

describe('riseOf', () => {
  const limits = LIMITS.socket
  const cases: readonly (readonly [string, readonly number[], boolean])[] = [
    ['a leak after quiet', [4, 5, 4, 4, 30, 70, 110], true],
    ['a leak from the start', [0, 40, 80, 120], true],
    ['a slow leak', Array.from({ length: 40 }, (_, index) => 10 + index), true],
    ['a leak with small falls', [4, 40, 38, 80, 79, 120], true],
    ['a pool that fills', [0, 20, 35, 42, 44, 45, 45, 45], false],
    ['a step', [10, 10, 60, 60, 60, 60], false],
    ['a wave', [10, 40, 80, 60, 20, 10], false],
    ['the way down', [200, 150, 100, 50], false],
    ['too little', [3, 9, 15, 21], false],
    ['nothing', [], false],
  ]
  for (const [name, values, grows] of cases) {
    it(`${grows ? 'sees' : 'does not see'} ${name}`, () =>
      assert.equal(riseOf(pointsOf(values), limits) !== undefined, grows))
  }

  it('never finds growth in numbers that stay within the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 50, max: 79 }), { maxLength: 60 }), (values) => {
        assert.equal(riseOf(pointsOf(values), limits), undefined)
      }),
    )
  })

  it('finds any steady growth that is large enough', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 15, max: 500 }),
        fc.integer({ min: 4, max: 40 }),
        fc.integer({ min: 0, max: 20 }),
        (step, length, start) => {
          const values = Array.from({ length }, (_, index) => start + index * step)
          assert.notEqual(riseOf(pointsOf(values), limits), undefined)
        },
      ),
    )
  })

  it('says from where to where, and how long', () => {
    assert.deepEqual(riseOf(pointsOf([5, 5, 5, 45, 85, 125]), limits), {
      from: 5,
      to: 125,
      overMs: 6000,
    })
  })
})

describe('Series', () => {
  it('sees what grows over an hour', () => {
    const series = new Series()
    for (let second = 0; second < 3600; second += 2) {
      series.add({ at: second * 1000, value: Math.floor(second / 40) })
    }
    const rise = series.rise(LIMITS.socket)
    assert.ok(rise !== undefined && rise.overMs > 1_800_000)
  })
})

describe('a crash loop', () => {
  const group = { id: 1, siteId: 1, what: 'worker', count: 6, livesMs: [30, 40, 35, 30, 33, 31] }
  const site = { id: 1, kind: 'worker', created: 8, closed: 6 }
  it('is many short lives', () => assert.ok(isCrashLoop(group, 5, site)))
  it('is not one crash', () => assert.ok(!isCrashLoop({ ...group, count: 1 }, 1, site)))
  it('is not old crashes', () => assert.ok(!isCrashLoop({ ...group, count: 20 }, 0, site)))
  it('is not a few among many ordinary ends', () =>
    assert.ok(!isCrashLoop(group, 5, { ...site, created: 900, closed: 890 })))
  it('may come slowly', () =>
    assert.ok(isCrashLoop({ ...group, count: 12, livesMs: [20_000] }, 1, undefined)))
})

describe('CrashBook', () => {
  const error = (
    message: string,
  ): { name: string; message: string; stack: string; code: string } => ({
    name: 'Error',
    message,
    stack: '',
    code: '',
  })
  it('groups what differs in numbers only', () => {
    const book = new CrashBook()
    book.note('worker', 1, error('no row 17'), 20, 1000)
    book.note('worker', 1, error('no row 18'), 30, 2000)
    book.note('worker', 2, error('no row 18'), 30, 2000)
    assert.deepEqual(
      book.groups().map(({ siteId, count }) => [siteId, count]),
      [
        [1, 2],
        [2, 1],
      ],
    )
  })

  it('is bounded', () => {
    const book = new CrashBook()
    const letters = 'abcdefghijklmnopqrstuvwxyz'
    for (const first of letters)
      for (const second of letters) book.note('child', 1, error(first + second), 1, 1)
    assert.ok(book.groups().length <= 40)
  })
})

describe('Ledger', () => {
  it('counts by the place that opens', () => {
    const ledger = new Ledger()
    const things = Array.from({ length: 9 }, () => ({}))
    const openOne = (thing: object): boolean => ledger.open('socket', thing)
    for (const thing of things) openOne(thing)
    for (const thing of things.slice(0, 4)) ledger.close(thing)
    ledger.close({})
    const [site] = ledger.sites()
    assert.deepEqual([site?.created, site?.closed, ledger.totals.socket.closed], [9, 4, 4])
    assert.match(site?.stack ?? '', /openOne/)
    assert.equal(site === undefined ? 0 : ledger.living(site).length, 5)
  })

  it('counts what was not sampled too', () => {
    const ledger = new Ledger()
    for (let index = 0; index < 500; index += 1) ledger.open('child', {})
    assert.equal(
      ledger.sites().reduce((sum, { created }) => sum + created, 0),
      500,
    )
  })
})

describe('judgeTimers', () => {
  const signs = { isInterval: true, active: 200, delayMs: 250, kept: 1, riseMs: 8000 }
  it('calls intervals that stay a leak', () => assert.equal(judgeTimers(signs), 'leak'))
  it('not those that are cleared', () =>
    assert.equal(judgeTimers({ ...signs, kept: 0.1 }), 'normal'))
  it('not a few', () => assert.equal(judgeTimers({ ...signs, active: 5 }), 'normal'))
  it('calls timeouts that start themselves anew a leak', () =>
    assert.equal(judgeTimers({ ...signs, isInterval: false, kept: 0.1 }), 'leak'))
  it('not the deadlines of requests', () =>
    assert.equal(judgeTimers({ ...signs, isInterval: false, delayMs: 30_000 }), 'normal'))
})

describe('timersOutpaceConnections', () => {
  const rise = { from: 10, to: 210, overMs: 6000 }
  it('a timer for each client is none', () =>
    assert.ok(!timersOutpaceConnections(rise, pointsOf([10, 110, 210]))))
  it('timers without clients are', () =>
    assert.ok(timersOutpaceConnections(rise, pointsOf([10, 12, 11]))))
})

describe('idleShare', () => {
  const look = { serial: 1, bytes: 10, hasRequest: false, ageMs: 5000 }
  it('counts what carries nothing', () => assert.equal(idleShare([look], [look]), 1))
  it('not what has a request', () =>
    assert.equal(idleShare([look], [{ ...look, hasRequest: true }]), 0))
  it('not what moved', () => assert.equal(idleShare([look], [{ ...look, bytes: 11 }]), 0))
  it('not what is young', () => assert.equal(idleShare([look], [{ ...look, ageMs: 100 }]), 0))
})

describe('descriptors', () => {
  it('count by what they are', () => {
    const counts = countTargets([
      'socket:[12]',
      'socket:[13]',
      '/a/b (deleted)',
      '/a/b',
      'pipe:[3]',
    ])
    assert.deepEqual(Object.fromEntries(counts), { socket: 2, '/a/b': 2, pipe: 1 })
  })
  it('give the files that there are more of', () => {
    const grown = grownTargets(
      new Map([['/a', 2]]),
      new Map([
        ['/a', 5],
        ['/b', 1],
        ['socket', 9],
      ]),
    )
    assert.deepEqual(Object.fromEntries(grown), { '/a': 3, '/b': 1 })
  })
})

describe('watchMethod', () => {
  it('sees calls and puts back what was there', () => {
    const owner = { double: (value: number) => value * 2 }
    const { double } = owner
    const seen: unknown[] = []
    const stop = watchMethod(owner, 'double', (result, input) => seen.push([result, ...input]))
    assert.equal(owner.double(4), 8)
    stop()
    assert.equal(owner.double, double)
    assert.deepEqual(seen, [[8, 4]])
  })

  it('leaves alone what someone else has put there meanwhile', () => {
    const owner = { run: () => 1 }
    const stop = watchMethod(owner, 'run', () => {})
    const other = (): number => 2
    owner.run = other
    stop()
    assert.equal(owner.run, other)
  })
})

describe('places that open what stays open', () => {
  const row = (where: string, left: number, openPct: number, reportable = false) => ({
    where,
    left,
    openPct,
    reportable,
    isRising: true,
  })
  const told = (rows: readonly ReturnType<typeof row>[], total: number) =>
    withMain(rows, total)
      .filter(({ reportable }) => reportable === true)
      .map(({ where }) => where)

  it('are told although they close most of what they open', () => {
    assert.deepEqual(told([row('firstLine', 40, 23)], 40), ['firstLine'])
  })

  it('are not told when others opened most of what is left', () => {
    assert.deepEqual(told([row('readHeader', 6, 10)], 40), [])
  })

  it('are the ones that keep the most of theirs, when two open the same files', () => {
    assert.deepEqual(told([row('serve', 40, 20), row('peek', 40, 45)], 40), ['peek'])
  })
})
