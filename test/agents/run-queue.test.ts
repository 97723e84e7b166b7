import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  admit,
  maxQueued,
  maxRuns,
  nextRun,
  type QueuedRun,
  reservedForHigh,
  scheduledRuns,
  waitingRuns,
} from '../../agents/loop/run-queue.ts'
import type { RunPriority } from '../../agents/vocabulary/run-priority.ts'

const now = 1_000

function run(id: string, changes: Partial<QueuedRun> = {}): QueuedRun {
  return { id, priority: 'normal', isQueued: true, askedAt: 0, ...changes }
}

const several = (count: number, changes: Partial<QueuedRun> = {}): QueuedRun[] =>
  Array.from({ length: count }, (_, index) => run(`r${index}`, changes))

const underWay = (count: number): QueuedRun[] => several(count, { isQueued: false })

describe('a run that is asked for', () => {
  const cases: [string, QueuedRun[], RunPriority, string][] = [
    ['begins while there is room', underWay(maxRuns - 1), 'normal', 'begins'],
    ['waits behind those under way', underWay(maxRuns), 'normal', 'waits'],
    ['begins, if urgent, in a place of its own', underWay(maxRuns), 'high', 'begins'],
    [
      'waits, if urgent, when these are taken too',
      underWay(maxRuns + reservedForHigh),
      'high',
      'waits',
    ],
    ['does not pass one that waits', [run('first')], 'normal', 'waits'],
    ['passes one of lower priority', [run('first', { priority: 'low' })], 'normal', 'begins'],
    [
      'passes a follow-up whose time has not come',
      [run('later', { askedAt: 2_000 })],
      'low',
      'begins',
    ],
    ['is refused when as many wait as may', several(maxQueued), 'normal', 'refused'],
    [
      'is kept, if urgent, when as many wait as may',
      [...underWay(20), ...several(maxQueued)],
      'high',
      'waits',
    ],
    [
      'is refused, if urgent, at its own bound',
      [...underWay(20), ...several(maxQueued + reservedForHigh)],
      'high',
      'refused',
    ],
  ]
  for (const [what, runs, priority, expected] of cases) {
    it(what, () => assert.equal(admit(runs, priority, now), expected))
  }
})

describe('runs that wait', () => {
  it('stand by priority, then in the order in which they were asked for', () => {
    const runs = [
      run('nightly', { priority: 'low', askedAt: 1 }),
      run('second', { askedAt: 3 }),
      run('first', { askedAt: 2 }),
      run('stall', { priority: 'high', askedAt: 4 }),
    ]
    assert.deepEqual(
      waitingRuns(runs, now).map(({ id }) => id),
      ['stall', 'first', 'second', 'nightly'],
    )
  })

  it('do not hold back what may begin, and begin one by one', () => {
    assert.equal(nextRun([...underWay(maxRuns - 1), run('next')], now)?.id, 'next')
    assert.equal(nextRun([...underWay(maxRuns), run('next')], now), undefined)
  })

  it('join the queue when their time has come', () => {
    const later = [run('later', { askedAt: now + 1 })]
    assert.deepEqual(waitingRuns(later, now), [])
    assert.equal(scheduledRuns(later, now).length, 1)
    assert.equal(nextRun(later, now + 1)?.id, 'later')
  })
})

const arbitraryRun = fc.record({
  id: fc.uuid(),
  priority: fc.constantFrom<RunPriority>('high', 'normal', 'low'),
  isQueued: fc.boolean(),
  askedAt: fc.integer({ min: 0, max: 2_000 }),
})

describe('whatever is asked of the queue', () => {
  it('no more runs than its bounds are under way or wait, and who may begin is never refused', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRun, { maxLength: 120 }), (asked) => {
        const runs: QueuedRun[] = []
        for (const one of asked) {
          const admission = admit(runs, one.priority, now)
          if (admission === 'refused') continue
          runs.push({ ...one, askedAt: now, isQueued: admission === 'waits' })
        }
        const begun = runs.filter(({ isQueued }) => !isQueued)
        assert.ok(begun.length <= maxRuns + reservedForHigh)
        assert.ok(waitingRuns(runs, now).length <= maxQueued + reservedForHigh)
        assert.equal(nextRun(runs, now), undefined)
      }),
    )
  })
})
