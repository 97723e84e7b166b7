import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type GcMark, pauseAt, windowOf } from '../../skills/gc/marks.ts'
import { type Measured, measuredOf } from '../../skills/gc/measure.ts'
import { floorTrend } from '../../skills/gc/trend.ts'
import { judgeMeasured } from '../../skills/gc/verdict.ts'
import { symptomAndAnswer } from './support.ts'

const MB = 1_048_576

describe('measuredOf', () => {
  const scavenges = {
    kind: 'Scavenge',
    count: 10,
    totalMs: 50,
    longestMs: 9,
    usedBefore: 1000 * MB,
    usedAfter: 880 * MB,
    youngBefore: 160 * MB,
    youngAfter: 20 * MB,
  }
  const full = {
    kind: 'MarkSweepCompact',
    count: 2,
    totalMs: 150,
    longestMs: 80,
    usedBefore: 200 * MB,
    usedAfter: 150 * MB,
    youngBefore: 0,
    youngAfter: 0,
  }

  it('tells what full collections free, what minor ones keep, and what is promoted', () => {
    const { freedPct, survivedPct, promotedMbPerSecond, freedMbPerSecond, sharePct, longestMs } =
      measuredOf([scavenges, full], 2000)
    assert.deepEqual(
      { freedPct, survivedPct, promotedMbPerSecond, freedMbPerSecond, sharePct, longestMs },
      {
        freedPct: 25,
        // 160 MB were young, 120 died: 20 stayed young, 20 were promoted
        survivedPct: 25,
        promotedMbPerSecond: 10,
        freedMbPerSecond: 85,
        sharePct: 10,
        longestMs: 80,
      },
    )
  })

  it('knows nothing of kinds that did not come', () => {
    const none = measuredOf([], 1000)
    assert.equal(none.freedPct, null)
    assert.equal(none.survivedPct, null)
    assert.equal(none.sharePct, 0)
  })
})

describe('windowOf', () => {
  const mark = (at: number, more: Partial<GcMark>): GcMark => ({
    at,
    beats: 0,
    minors: 0,
    minorMs: 0,
    majors: 0,
    majorMs: 0,
    forced: 0,
    totalMs: 0,
    minorPauses: [],
    majorPauses: [],
    runMs: undefined,
    ...more,
  })

  it('makes rates of counters', () => {
    const window = windowOf(
      mark(0, { minors: 10, totalMs: 100 }),
      mark(10_000, { minors: 60, majors: 3, majorMs: 400, totalMs: 1100 }),
    )
    assert.equal(window.minorPerSecond, 5)
    assert.equal(window.majorPerMinute, 18)
    assert.equal(window.sharePct, 10)
  })

  it('counts no more than main was on a CPU: the rest is other processes’ time', () => {
    const window = windowOf(mark(0, { runMs: 1000 }), mark(10_000, { runMs: 1500, totalMs: 3000 }))
    assert.equal(window.sharePct, 30)
    assert.equal(window.ownSharePct, 5)
  })

  it('takes the whole share where the kernel does not tell', () => {
    assert.equal(windowOf(mark(0, {}), mark(1000, { totalMs: 300 })).ownSharePct, 30)
  })
})

describe('pauseAt', () => {
  const cases: readonly (readonly [string, readonly number[], number, number])[] = [
    ['none of none', [0, 0], 0.5, 0],
    ['the only one', [0, 0, 1], 1, 5],
    ['the middle', [5, 4, 1], 0.5, 1],
    ['the longest', [5, 4, 1], 1, 5],
    ['longer than all bounds', [...Array.from({ length: 11 }, () => 0), 1], 0.99, 4000],
  ]
  for (const [name, buckets, share, expected] of cases) {
    it(name, () => assert.equal(pauseAt(buckets, share), expected))
  }
})

describe('judgeMeasured', () => {
  const measured = (more: Partial<Measured>): Measured => ({
    spanMs: 1500,
    sharePct: 40,
    minors: 20,
    minorMs: 100,
    majors: 0,
    majorMs: 0,
    longestMs: 30,
    freedPct: null,
    survivedPct: 10,
    promotedMbPerSecond: 1,
    freedMbPerSecond: 100,
    ...more,
  })
  const heap = { heapUsedMb: 100, externalMb: 5, forcedShare: 0 }
  const cases: readonly (readonly [
    string,
    Measured,
    number,
    { heapUsedMb: number; externalMb: number; forcedShare: number },
    string | undefined,
  ])[] = [
    ['full collections in vain', measured({ majors: 10, freedPct: 3 }), 40, heap, 'thrash'],
    ['full collections that free', measured({ majors: 10, freedPct: 60 }), 40, heap, 'pressure'],
    [
      'one full collection that frees little',
      measured({ majors: 1, freedPct: 3 }),
      20,
      heap,
      undefined,
    ],
    [
      'full collections that code asks for',
      measured({ majors: 10, freedPct: 3 }),
      40,
      { ...heap, forcedShare: 0.9 },
      'forced',
    ],
    ['only minor ones', measured({}), 40, heap, 'pressure'],
    ['little of the time', measured({ majors: 10, freedPct: 60 }), 12, heap, undefined],
    ['a starved process', measured({ majors: 3, freedPct: 3 }), 4, heap, undefined],
    [
      'Buffers make V8 collect, and nothing of the heap is freed',
      measured({ majors: 10, freedPct: 3 }),
      20,
      { ...heap, heapUsedMb: 30, externalMb: 300 },
      undefined,
    ],
  ]
  for (const [name, input, ownPct, level, verdict] of cases) {
    it(name, () => assert.equal(judgeMeasured(input, ownPct, level), verdict))
  }
})

describe('floorTrend', () => {
  const floors = (everyMs: number, ...values: number[]): { at: number; value: number }[] =>
    values.map((value, index) => ({ at: index * everyMs, value }))
  const steady = Array.from({ length: 12 }, (_, index) => 40 + index * 10)

  it('tells of growth that leads to the limit soon', () => {
    const trend = floorTrend(floors(10_000, ...steady), 300)
    assert.equal(trend?.isTelling, true)
    assert.equal(Math.round(trend.mbPerMinute), 60)
    assert.ok(trend.minutesToLimit < 3)
  })
  it('tells of slow growth only after ten minutes', () => {
    assert.equal(floorTrend(floors(20_000, ...steady), 4000)?.isTelling, false)
    assert.equal(floorTrend(floors(60_000, ...steady), 4000)?.isTelling, true)
  })
  it('does not tell of what slows down', () => {
    assert.equal(floorTrend(floors(60_000, 20, 60, 90, 110, 118, 121, 122, 122), 4000), undefined)
  })
  it('does not tell of what goes up and down', () => {
    assert.equal(floorTrend(floors(60_000, 50, 90, 52, 95, 49, 91, 50), 4000), undefined)
  })
  it('knows nothing of a few', () => {
    assert.equal(floorTrend(floors(60_000, 50, 90, 130), 4000), undefined)
  })
})

const starved = 'this machine lets main wait for a CPU longer than it has one'

describe('gc in a running application', () => {
  it('sees that code asks for full collections', async (test) => {
    const raised = await symptomAndAnswer('memory-app', 'forced', ['gc'], 'gc_troubles', [
      '--expose-gc',
      '--single-threaded-gc',
    ])
    if (raised === 'starved') return test.skip(starved)
    assert.match(raised.reason, /Full garbage collections that code asks for/)
    const [row] = raised.rows
    assert.equal(row?.['trouble'], 'forced')
  })

  it('names the function that allocates very much', async (test) => {
    const raised = await symptomAndAnswer('memory-app', 'pressure', ['gc'], 'gc_troubles')
    if (raised === 'starved') return test.skip(starved)
    const [row] = raised.rows
    assert.equal(row?.['trouble'], 'pressure')
    assert.match(String(row['observation']), /renderReport/)
  })
})
