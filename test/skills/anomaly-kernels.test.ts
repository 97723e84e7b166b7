import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addEvidence, noExcursion } from '../../skills/anomaly/cusum.ts'
import { ExcursionBook } from '../../skills/anomaly/excursion-book.ts'
import type { Metric } from '../../skills/anomaly/metric-source.ts'
import { Rates } from '../../skills/anomaly/rates.ts'
import { SeasonProfile } from '../../skills/anomaly/season.ts'
import { AgedSketch } from '../../skills/anomaly/sketch.ts'
import { isStarved, StarvationBook } from '../../skills/anomaly/starvation.ts'
import { scaled, traitsOf, unscaled } from '../../skills/anomaly/traits.ts'
import { TriggerGate } from '../../skills/anomaly/trigger-gate.ts'
import { plainName, valueText } from '../../skills/anomaly/words.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe('traitsOf', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['inPerSecond', 'work down perSecond'],
    ['inErrorsPerSecond', 'pain up perSecond'],
    ['inP99Ms', 'pain up ms'],
    ['inOpen', 'use up count'],
    ['waitingMb', 'pain up mb'],
    ['heapUsedMb', 'use up mb'],
    ['mainCpuMsPerSecond', 'use up msPerSecond'],
    ['writtenBytesPerSecond', 'work down bytesPerSecond'],
    ['loopDelayMaxMs', 'pain up ms'],
    ['callsPerSecond', 'work down perSecond'],
    ['busyConnections', 'use up count'],
    ['queue_depth', 'use up count'],
    ['temperature', 'other both count'],
    ['hitRatePct', 'pain up pct'],
    ['uptimeSeconds', 'nothing'],
    ['maxConnections', 'nothing'],
    ['heapLimitMb', 'nothing'],
    ['isLoopLate', 'nothing'],
    ['stallCount5m', 'nothing'],
  ]
  for (const [name, expected] of cases) {
    it(`${name}: ${expected}`, () => {
      const traits = traitsOf(name)
      const found =
        traits === undefined ? 'nothing' : `${traits.role} ${traits.harm} ${traits.unit}`
      assert.equal(found, expected)
    })
  }

  it('the skill tells where the name does not', () => {
    assert.equal(traitsOf('sharePct', 'gc')?.role, 'use')
    assert.equal(traitsOf('sharePct', 'weather')?.role, 'other')
  })

  it('what the machine does is no harm by itself', () => {
    assert.equal(traitsOf('machineIoWaitPct', 'os')?.harm, 'none')
  })

  it('a share of what goes well is learned as what goes wrong', () => {
    const traits = traitsOf('hitRatePct')
    assert.ok(traits !== undefined && scaled(60, traits) > scaled(96, traits) + 1)
  })
})

describe('the scale', () => {
  it('gives the value back', () => {
    const values = fc.double({ min: -1e9, max: 1e9, noNaN: true })
    const names = fc.constantFrom('inP99Ms', 'heapUsedMb', 'inPerSecond', 'temperature')
    fc.assert(
      fc.property(names, values, (name, value) => {
        const traits = traitsOf(name)
        assert.ok(traits !== undefined)
        const back = unscaled(scaled(value, traits), traits)
        assert.ok(Math.abs(back - value) <= Math.abs(value) * 1e-9 + 1e-9)
      }),
    )
  })
})

describe('AgedSketch', () => {
  it('gives quantiles within half a bin', () => {
    const places = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), {
      minLength: 1,
      maxLength: 100,
    })
    fc.assert(
      fc.property(places, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (list, share) => {
        const sketch = new AgedSketch(HOUR_MS, 0)
        for (const place of list) sketch.add(place, 0)
        const sorted = list.toSorted((left, right) => left - right)
        const [found = Number.NaN] = sketch.quantiles([share])
        const low = sorted[Math.max(0, Math.floor(list.length * share) - 1)] ?? 0
        const high = sorted[Math.min(list.length - 1, Math.ceil(list.length * share))] ?? 0
        assert.ok(found >= low - 0.026 && found <= high + 0.026)
      }),
    )
  })

  it('lets the old count half after its half-life', () => {
    const sketch = new AgedSketch(HOUR_MS, 0)
    for (let index = 0; index < 100; index += 1) sketch.add(1, 0)
    assert.ok(Math.abs(sketch.weightAt(HOUR_MS) - 50) < 1e-9)
    for (let index = 0; index < 60; index += 1) sketch.add(2, HOUR_MS)
    assert.equal(sketch.quantiles([0.5])[0], 2)
  })

  it('is bounded, also over years', () => {
    const sketch = new AgedSketch(HOUR_MS, 0)
    for (let index = 0; index < 5000; index += 1) sketch.add(index * 0.1, index * DAY_MS)
    const saved = sketch.save(5000 * DAY_MS)
    assert.ok(saved.bins.length <= 160)
    assert.ok(saved.weights.every(Number.isFinite))
  })

  it('is the same to a bin after it was written and read', () => {
    const sketch = new AgedSketch(HOUR_MS, 0)
    for (let index = 0; index < 300; index += 1) sketch.add(Math.sin(index) * 3, index * 10_000)
    const again = AgedSketch.from(sketch.save(3_000_000), HOUR_MS)
    const before = sketch.quantiles([0.05, 0.5, 0.95])
    for (const [index, place] of again.quantiles([0.05, 0.5, 0.95]).entries())
      assert.ok(Math.abs(place - (before[index] ?? Number.NaN)) < 0.051)
  })

  it('lightened, is outweighed by what comes', () => {
    const sketch = new AgedSketch(HOUR_MS, 0)
    for (let index = 0; index < 400; index += 1) sketch.add(1, 0)
    sketch.lighten(30, 0)
    for (let index = 0; index < 40; index += 1) sketch.add(2, 0)
    assert.equal(sketch.quantiles([0.5])[0], 2)
  })
})

describe('addEvidence', () => {
  const add = (excursion = noExcursion(), beyonds: readonly number[] = []) =>
    beyonds.map((beyond, index) =>
      addEvidence(excursion, {
        previousAt: index * 1000,
        beyond,
        room: 1,
        shift: beyond + 1,
        usual: 5,
      }),
    )

  it('counts a single reading as no more than three, however wild', () => {
    const excursion = noExcursion()
    add(excursion, [1e9])
    assert.equal(excursion.sum, 3)
  })

  it('dates the change to the last normal reading', () => {
    const excursion = noExcursion()
    add(excursion, [-1, -2, -1, 2, 2, 2])
    assert.equal(excursion.since, 3000)
    assert.equal(excursion.before, 5)
    assert.equal(excursion.readings, 3)
  })

  it('keeps what is beyond the room of the young apart', () => {
    const excursion = noExcursion()
    add(excursion, [0.5, 0.5, 2])
    assert.equal(excursion.sum, 3)
    assert.equal(excursion.strict, 1)
  })

  it('ends after six normal readings, however much evidence there was', () => {
    const excursion = noExcursion()
    const ended = add(excursion, [
      ...Array.from({ length: 50 }, () => 3),
      -0.1,
      -0.1,
      -0.1,
      -0.1,
      -0.1,
      -0.1,
    ])
    assert.equal(ended.at(-1)?.peak, 150)
    assert.equal(excursion.sum, 0)
  })

  it('forgets what is worn off', () => {
    const excursion = noExcursion()
    assert.equal(add(excursion, [1, -3]).at(-1)?.peak, 1)
    assert.equal(excursion.sum, 0)
  })
})

describe('ExcursionBook', () => {
  const excursion = (peak: number, farthest = 1) => ({ ...noExcursion(), peak, farthest })
  const known = (book: ExcursionBook, peak: number, farthest = 1, now = DAY_MS): boolean =>
    book.knows(excursion(peak, farthest), now)

  it('accepts what came and went, up to twice as long', () => {
    const book = new ExcursionBook()
    book.note(excursion(20), 0, false, 5)
    assert.deepEqual([known(book, 39), known(book, 41)], [true, false])
  })

  it('does not accept what goes three times as far', () => {
    const book = new ExcursionBook()
    book.note(excursion(20), 0, false, 5)
    assert.equal(known(book, 20, 2.2), false)
  })

  it('accepts what was told of only when it came twice', () => {
    const book = new ExcursionBook()
    book.note(excursion(20), 0, true, 5)
    assert.equal(known(book, 20), false)
    book.note(excursion(21), 1000, true, 5)
    assert.equal(known(book, 20), true)
  })

  it('forgets after eight days', () => {
    const book = new ExcursionBook()
    book.note(excursion(20), 0, false, 5)
    assert.equal(known(book, 20, 1, 9 * DAY_MS), false)
  })

  it('keeps twelve at most, the large ones', () => {
    const book = new ExcursionBook()
    for (let peak = 10; peak < 60; peak += 1) book.note(excursion(peak), peak, false, 5)
    assert.equal(book.past.length, 12)
    assert.equal(known(book, 110), true)
  })
})

describe('SeasonProfile', () => {
  /** A Monday. */
  const monday = Date.UTC(2026, 0, 5)
  const fill = (days: readonly number[], place: (day: number, hour: number) => number) => {
    const season = new SeasonProfile()
    for (const day of days) {
      for (let minute = 0; minute < 1440; minute += 1)
        season.add(place(day, Math.floor(minute / 60)), monday + day * DAY_MS + minute * 60_000)
    }
    season.add(0, monday + ((days.at(-1) ?? 0) + 1) * DAY_MS)
    return season
  }
  const at = (day: number, hour: number): number => monday + day * DAY_MS + hour * HOUR_MS + 120_000

  it('knows nothing after one day', () => {
    assert.equal(fill([0], () => 3).envelope(at(1, 5)), undefined)
  })

  it('knows the hour after two days, and the one beside it', () => {
    const season = fill([0, 1], (_day, hour) => hour / 10)
    const envelope = season.envelope(at(2, 9))
    assert.deepEqual(envelope, { low: 0.8, middle: 0.9, high: 0.9, days: 2, isAlike: true })
  })

  it('goes by days of the same kind where there are two', () => {
    const season = fill([0, 1, 2, 3, 4, 5, 6], (day) => (day >= 5 ? 1 : 4))
    assert.equal(season.envelope(at(7, 10))?.low, 4)
    assert.equal(season.envelope(at(12, 10))?.high, 1)
  })

  it('does not go by what is older than eight days', () => {
    const season = fill([0, 1, 2], () => 4)
    assert.equal(season.envelope(at(10, 10)), undefined)
  })

  it('leaves yesterday out when asked to', () => {
    const season = fill([0, 1, 2], (day) => day)
    assert.equal(season.envelope(at(3, 10))?.high, 2)
    assert.equal(season.envelope(at(3, 10), { skipDays: 1 })?.high, 1)
  })

  it('is the same after it was written and read', () => {
    const season = fill([0, 1, 2], (day, hour) => day + hour)
    const again = SeasonProfile.from(season.save())
    assert.deepEqual(again.envelope(at(3, 10)), season.envelope(at(3, 10)))
  })

  it('begins anew from what is none of its own', () => {
    assert.equal(SeasonProfile.from({ days: [1], hours: 'AAAA' }).knownDays, 0)
  })
})

describe('Rates', () => {
  const metric = (name: string, kind: Metric['kind'] = 'gauge'): Metric => ({
    id: `jobs_${name}`,
    skill: 'jobs',
    name,
    kind,
  })
  const play = (one: Metric, values: readonly number[]) => {
    const found: string[] = []
    const rates = new Rates((id) => found.push(id))
    const learned = values.map((value, index) => rates.take(one, value, index * 10_000))
    return { learned, found }
  }

  it('makes rates of counters, and nothing of a reset', () => {
    const { learned } = play(metric('done', 'counter'), [100, 150, 20, 40])
    assert.deepEqual(learned, [undefined, 5, undefined, 2])
  })

  it('finds out that a gauge is a counter', () => {
    const values = Array.from({ length: 40 }, (_, index) => index * 20)
    const { learned, found } = play(metric('totalDone'), values)
    assert.deepEqual(found, ['jobs_totalDone'])
    assert.equal(learned.at(-1), 2)
  })

  it('takes what is open for a level, also when it only rises', () => {
    const values = Array.from({ length: 100 }, (_, index) => index)
    assert.equal(play(metric('openSockets'), values).learned.at(-1), 99)
  })
})

describe('isStarved', () => {
  const since = (runMs: number, waitMs: number, starvedPct = 60) =>
    isStarved(
      { runMs: 50, waitMs: 7 },
      { runMs: 50 + runMs, waitMs: 7 + waitMs },
      10_000,
      starvedPct,
    )

  it('when main waited for longer than it ran', () => assert.equal(since(400, 900), true))
  it('not when it ran for most of the time', () => assert.equal(since(8000, 900), false))
  it('not when it waited for a moment in all', () => assert.equal(since(20, 200), false))
  it('never when told so', () => assert.equal(since(0, 10_000, 100), false))
})

describe('StarvationBook', () => {
  const play = (starved: readonly boolean[]): boolean[] => {
    const book = new StarvationBook()
    return starved.map((one) => book.take(one))
  }
  const times = (count: number, value: boolean): boolean[] =>
    Array.from({ length: count }, () => value)

  it('leaves out what is starved now and then', () => {
    assert.deepEqual(play([...times(20, false), true, false]).slice(-2), [true, false])
  })

  it('leaves nothing out where starvation is usual', () => {
    assert.deepEqual(play(times(14, true)), [...times(12, true), false, false])
  })

  it('takes half an hour of it in a calm hour to be the exception still', () => {
    assert.equal(play([...times(200, false), ...times(175, true)]).at(-1), true)
  })
})

describe('TriggerGate', () => {
  it('keeps triggers apart and bounds them by the hour', () => {
    const gate = new TriggerGate(600_000, 3)
    const answers: string[] = []
    for (let at = 0; at <= 3_700_000; at += 300_000) {
      const answer = gate.ask(at)
      answers.push(answer)
      if (answer === 'open') gate.give(at)
    }
    assert.deepEqual(answers.slice(0, 6), [
      'open',
      'cooldown',
      'open',
      'cooldown',
      'open',
      'cooldown',
    ])
    assert.deepEqual(answers.slice(6), [...Array.from({ length: 6 }, () => 'hourly-bound'), 'open'])
  })
})

describe('words', () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [380.4, 'inP99Ms', '380 ms'],
    [12_400, 'inP99Ms', '12 s'],
    [0.5, 'errorsPerSecond', '0.5 a second'],
    [1536, 'heapUsedMb', '1,536 MB'],
    [7, 'open', '7'],
    [42.25, 'cpuPct', '42 %'],
  ]
  for (const [value, name, text] of cases) {
    it(`${value} of ${name} is ${text}`, () => assert.equal(valueText(value, name), text))
  }

  it('names a metric that is not in the list by its words', () => {
    const metric = {
      id: 'jobs_oldestWaitMs',
      skill: 'jobs',
      name: 'oldestWaitMs',
      kind: 'gauge',
    } as const
    assert.equal(plainName(metric), 'oldest wait of jobs')
  })
})
