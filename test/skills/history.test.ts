import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SkillFailure } from '../../skills/failure.ts'
import { historyCallbacks } from '../../skills/history/callbacks.ts'
import { MetricFeed, type MetricReadings } from '../../skills/history/feed.ts'
import { FloatRing } from '../../skills/history/float-ring.ts'
import { History, MAX_METRICS } from '../../skills/history/history.ts'
import { quantileOf, slopeOf } from '../../skills/history/statistics.ts'
import { spanOf, summarise } from '../../skills/history/summary.ts'
import { defineSkill } from '../../skills/index.ts'
import { runBounded, TookTooLong } from '../../skills/probe/bounded.ts'
import { customMetrics } from '../../skills/probe/custom-metrics.ts'
import type { DefinedSkill } from '../../skills/probe/defined.ts'
import { runApp } from './support.ts'

const MINUTE = 60_000
/** The start of a minute. */
const START = 1_700_000_040_000

/** Records one reading a second. */
function filled(seconds: number, valueAt: (second: number) => number): History {
  const history = new History()
  for (let second = 0; second < seconds; second += 1) {
    history.record('vm_heapUsedMb', START + second * 1000, valueAt(second))
  }
  return history
}

describe('FloatRing', () => {
  it('keeps the last records in order, however many come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(500), (most, count) => {
        const ring = new FloatRing(most, 2)
        for (let index = 0; index < count; index += 1) ring.push(index, index * 2, -index)
        const kept = Array.from({ length: ring.length }, (_, index) => [
          ring.at(index),
          ring.value(index),
          ring.value(index, 1),
        ])
        const first = Math.max(0, count - most)
        const expected = Array.from({ length: count - first }, (_, index) => {
          const at = first + index
          return [at, at * 2, -at]
        })
        assert.deepEqual(
          kept.map(([at, value, other]) => [at, value, (other ?? 0) + 0]),
          expected.map(([at, value, other]) => [at, value, (other ?? 0) + 0]),
        )
      }),
    )
  })

  it('finds the first record from a time on', () => {
    const ring = new FloatRing(4, 1)
    for (const at of [10, 20, 30, 40, 50]) ring.push(at, at)
    assert.deepEqual(
      [0, 20, 21, 50, 51].map((at) => ring.firstFrom(at)),
      [0, 0, 1, 3, 4],
    )
  })

  it('has nothing outside of its records', () => {
    const ring = new FloatRing(4, 1)
    ring.push(1, 1)
    assert.ok(Number.isNaN(ring.value(1)))
    assert.ok(Number.isNaN(ring.at(-1)))
  })
})

describe('quantileOf', () => {
  const of = (...values: number[]): { value: number; weight: number }[] =>
    values.map((value) => ({ value, weight: 1 }))
  const cases: readonly (readonly [string, ReturnType<typeof of>, number, number])[] = [
    ['the middle', of(3, 1, 2), 0.5, 2],
    ['the lower middle of an even number', of(1, 2, 3, 4), 0.5, 2],
    [
      'the 95th of a hundred',
      of(...Array.from({ length: 100 }, (_, index) => index + 1)),
      0.95,
      95,
    ],
    ['all of one', of(7), 0.95, 7],
    ['by weight', [...of(1), { value: 9, weight: 10 }], 0.5, 9],
  ]
  for (const [name, values, share, expected] of cases) {
    it(name, () => assert.equal(quantileOf(values, share), expected))
  }
  it('none of none', () => assert.ok(Number.isNaN(quantileOf([], 0.5))))
})

describe('slopeOf', () => {
  it('is that of the line, wherever and however steep it is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -100, max: 100, noNaN: true }),
        fc.double({ min: -1000, max: 1000, noNaN: true }),
        fc.integer({ min: 2, max: 50 }),
        (slope, level, count) => {
          const line = Array.from({ length: count }, (_, index) =>
            spanOf({ at: START + index * 1000, value: level + slope * index }),
          )
          assert.ok(Math.abs(slopeOf(line) * 1000 - slope) < 1e-6 * (1 + Math.abs(slope)))
        },
      ),
    )
  })
  it('is none of a single time', () => assert.equal(slopeOf([spanOf({ at: 5, value: 3 })]), 0))
})

describe('summarise', () => {
  it('counts a minute by its readings', () => {
    const minute = { at: START, count: 59, min: 1, p50: 1, mean: 1, p95: 1, max: 1, last: 1 }
    const summary = summarise([minute, spanOf({ at: START + MINUTE, value: 61 })])
    assert.equal(summary?.mean, 2)
    assert.equal(summary.points, 60)
    assert.equal(summary.resolution, 'minutes')
  })
  it('knows nothing of nothing', () => assert.equal(summarise([]), undefined))
})

describe('History', () => {
  it('sums up the readings of a window', () => {
    const history = filled(120, (second) => 100 + second)
    const { resolution, ...numbers } =
      history.query('vm_heapUsedMb', START + 60_000, START + 119_000) ?? assert.fail('nothing')
    assert.equal(resolution, 'readings')
    assert.deepEqual(
      { ...numbers, slopePerMinute: Math.round(numbers.slopePerMinute) },
      {
        from: START + 60_000,
        to: START + 119_000,
        points: 60,
        first: 160,
        last: 219,
        min: 160,
        max: 219,
        mean: 189.5,
        p50: 189,
        p95: 216,
        slopePerMinute: 60,
      },
    )
  })

  it('remembers hours by the minute', () => {
    const hours = 3
    const history = filled(hours * 3600, (second) => Math.floor(second / 60))
    const summary = history.query('vm_heapUsedMb', START, START + hours * 60 * MINUTE)
    assert.equal(summary?.resolution, 'minutes')
    assert.equal(summary.points, hours * 3600)
    assert.equal(summary.min, 0)
    assert.equal(summary.max, hours * 60 - 1)
    assert.ok(Math.abs(summary.slopePerMinute - 1) < 0.01)
    assert.ok(Math.abs(summary.p50 - 89) <= 1, String(summary.p50))
    assert.ok(Math.abs(summary.p95 - 171) <= 1, String(summary.p95))
  })

  it('counts no reading twice where minutes end and single readings begin', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), (seconds) => {
        const history = filled(seconds, () => 1)
        const summary = history.query('vm_heapUsedMb', 0, START + seconds * 1000)
        // of the minute in which the single readings begin a part is left out
        assert.ok(summary !== undefined && summary.points <= seconds)
        assert.ok(summary.points > seconds - 60)
      }),
      { numRuns: 30 },
    )
  })

  it('forgets what is older than six hours', () => {
    const history = filled(7 * 3600, (second) => second)
    assert.ok((history.since('vm_heapUsedMb') ?? 0) > START + 50 * MINUTE)
    assert.equal(history.query('vm_heapUsedMb', START, START + 30 * MINUTE), undefined)
  })

  it('takes neither what is no number nor what is older than the newest', () => {
    const history = new History()
    history.record('a', START, 1)
    history.record('a', START - 1, 2)
    history.record('a', START, 3)
    history.record('a', START + 1, Number.NaN)
    assert.deepEqual(history.points('a', 0, START + 10), [{ at: START, value: 1 }])
  })

  it('is bounded, and says of each metric once that it is not kept', () => {
    const refused: string[] = []
    const history = new History((id) => refused.push(id))
    for (let index = 0; index < MAX_METRICS; index += 1) history.record(`m${index}`, START, 1)
    history.record('more', START, 1)
    history.record('more', START + 1, 1)
    assert.equal(history.ids().length, MAX_METRICS)
    assert.deepEqual(refused, ['more'])
  })

  it('gives the room of a metric that fell silent to another', () => {
    const history = new History(() => assert.fail('it was full'))
    for (let index = 0; index < MAX_METRICS; index += 1) history.record(`m${index}`, START, 1)
    for (let index = 1; index < MAX_METRICS; index += 1)
      history.record(`m${index}`, START + 31 * MINUTE, 1)
    history.record('more', START + 31 * MINUTE, 1)
    assert.ok(history.ids().includes('more'))
    assert.equal(history.ids().includes('m0'), false)
  })

  it('takes 20 KB a metric after six hours, and half a KB at first', () => {
    assert.ok(filled(30, () => 1).bytes < 2_000)
    assert.ok(filled(7 * 3600, () => 1).bytes <= 25_000)
  })
})

describe('MetricFeed', () => {
  const fed = (): { history: History; feed: MetricFeed; failures: string[] } => {
    const history = new History()
    const failures: string[] = []
    const feed = new MetricFeed(history, (skill, message) => failures.push(`${skill}: ${message}`))
    return { history, feed, failures }
  }

  it('keeps gauges as they are, and leaves out what is unknown', () => {
    const { history, feed } = fed()
    feed.take('os', { gauges: { loadAverage1m: 2, memoryUsedPct: null } }, START)
    assert.deepEqual(history.ids(), ['os_loadAverage1m'])
  })

  it('makes counters rates', () => {
    const { history, feed } = fed()
    const counts = [100, 110, 130]
    counts.forEach((requests, index) => {
      feed.take('http', { counters: { requests } }, START + index * 2000)
    })
    assert.deepEqual(
      history.points('http_requestsPerSecond', 0, START + MINUTE).map(({ value }) => value),
      [5, 10],
    )
  })

  it('takes a counter that fell as one that began anew', () => {
    const { history, feed } = fed()
    const counts = [100, 4, 6]
    counts.forEach((requests, index) => {
      feed.take('http', { counters: { requests } }, START + index * 1000)
    })
    assert.deepEqual(
      history.points('http_requestsPerSecond', 0, START + MINUTE).map(({ value }) => value),
      [2],
    )
  })

  it('says once that a skill throws', () => {
    const { feed, failures } = fed()
    const broken = (): never => {
      throw new Error('no file')
    }
    feed.ask('os', broken, START)
    feed.ask('os', broken, START + 1000)
    assert.deepEqual(failures, ['os: no file'])
  })
})

describe('numbers of custom skills', () => {
  const skill = (id: string, metrics: () => MetricReadings): DefinedSkill =>
    defineSkill({
      id,
      title: id,
      description: id,
      systemPrompt: id,
      snapshot: () => ({}),
      metrics,
    })

  it('are read, and nothing else is', () => {
    const read = customMetrics([
      skill('jobs', () => ({ gauges: { depth: 3, 'no name': 4, text: 'x' as never } })),
    ])
    assert.deepEqual(read(), { jobs: { gauges: { depth: 3 }, counters: {} } })
  })

  it('are not asked for again by a skill that throws, and the others are', () => {
    let calls = 0
    const read = customMetrics([
      skill('broken', () => {
        calls += 1
        throw new Error('no queue')
      }),
      skill('fine', () => ({ counters: { done: 1 } })),
    ])
    read()
    assert.deepEqual(read(), {
      broken: { failed: 'no queue' },
      fine: { gauges: {}, counters: { done: 1 } },
    })
    assert.equal(calls, 1)
  })

  it('are given up when V8 had to end it', () => {
    const read = customMetrics([
      skill('endless', () => {
        for (;;);
      }),
    ])
    assert.throws(() => runBounded(read, 30), TookTooLong)
    assert.match(JSON.stringify(read()), /did not return within/)
  })
})

describe('base_history', () => {
  it('tells an unknown metric from one without readings', async () => {
    const history = filled(10, () => 1)
    const { base_history: callback } = historyCallbacks(history)
    const ask = (input: object): unknown => callback?.run(input, { timeoutMs: 1000 })
    const empty = await ask({ metric: 'vm_heapUsedMb', windowSeconds: 60 })
    assert.deepEqual(Object(empty).points, 0)
    await assert.rejects(
      Promise.resolve(ask({ metric: 'vm_heap' })),
      (error) =>
        error instanceof SkillFailure &&
        error.code === 'bad_input' &&
        error.message.includes('vm_heapUsedMb'),
    )
  })

  it('beamlens defect 19: compares a number with before', async () => {
    const history = new History()
    const now = performance.timeOrigin + performance.now()
    for (let second = 0; second < 300; second += 1) {
      history.record('http_inPerSecond', now - (300 - second) * 1000, second < 240 ? 10 : 30.3)
    }
    const { base_history: callback } = historyCallbacks(history)
    const mean = async (input: object): Promise<unknown> =>
      Object(await callback?.run({ metric: 'http_inPerSecond', ...input }, { timeoutMs: 1000 }))
        .mean
    assert.equal(await mean({ windowSeconds: 50 }), 30.3)
    assert.equal(await mean({ windowSeconds: 50, agoSeconds: 100 }), 10)
  })
})

describe('the history of a running application', () => {
  it('fills by itself, and every skill can be asked for it', async () => {
    const run = await runApp('idle', {
      skills: ['vm', 'handles', 'logger'],
      warmUpMs: 6000,
      ask: [
        { call: 'base_metrics', input: {} },
        { call: 'base_history', input: { metric: 'vm_heapUsedMb', windowSeconds: 60 } },
      ],
    })
    const metrics: string[] = Object.values(Object(run.answer('base_metrics')?.value)).map(
      (row) => Object(row).metric,
    )
    for (const metric of [
      'vm_rssMb',
      'vm_processCpuMsPerSecond',
      'handles_descriptorsOpen',
      'logger_errorsPerSecond',
      'hostile_depth',
      'hostile_donePerSecond',
    ]) {
      assert.ok(metrics.includes(metric), `${metric} not in ${metrics.join(', ')}`)
    }
    const { points, min, max } = Object(run.answer('base_history')?.value)
    assert.ok(points >= 3, String(points))
    assert.ok(min > 1 && max < 500 && min <= max, `${min} to ${max}`)
  })
})
