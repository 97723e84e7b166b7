import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { normal } from '../../bench/fortnight/random.ts'
import { Detector, type DetectorStart, type Outcome } from '../../skills/anomaly/detector.ts'
import type { Metric } from '../../skills/anomaly/metric-source.ts'
import { DEFAULT_OPTIONS } from '../../skills/anomaly/options.ts'
import { changeRows, deviationRows, explainRow, metricRows } from '../../skills/anomaly/rows.ts'

const STEP_MS = 10_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const EPOCH = Date.UTC(2026, 0, 5, 10)
/** Mature at once, so that a test needs no days. */
const OPTIONS = { ...DEFAULT_OPTIONS, matureMs: 0 }

type Values = Readonly<Record<string, number>>
type Trigger = Extract<Outcome, { type: 'trigger' }>

function metricOf(id: string): Metric {
  const [skill = '', name = ''] = id.split('_')
  return { id, skill, name, kind: 'gauge' }
}

/** A detector with a clock that is turned by hand. */
class Play {
  readonly detector: Detector
  readonly triggers: (Trigger & { readonly at: number })[] = []
  readonly held: string[] = []
  readonly random = { state: 42 }
  now = EPOCH

  constructor(start: Partial<DetectorStart> = {}, options: Partial<typeof OPTIONS> = {}) {
    this.detector = new Detector(
      { ...OPTIONS, ...options },
      { startedAt: EPOCH - HOUR_MS, fingerprint: 'one', ...start },
    )
  }

  /** Values for some time, each with a little noise. */
  run(minutes: number, values: Values, noise = 0.03): this {
    for (const end = this.now + minutes * MINUTE_MS; this.now < end; this.now += STEP_MS) {
      const readings = new Map(
        Object.entries(values).map(([id, value]) => [
          id,
          value * (1 + noise * normal(this.random)),
        ]),
      )
      const outcome = this.detector.take(this.now, readings, Object.keys(values).map(metricOf))
      if (outcome.type === 'trigger') this.triggers.push({ ...outcome, at: this.now })
      if (outcome.type === 'held') this.held.push(outcome.why)
    }
    return this
  }

  get leaders(): string[] {
    return this.triggers.map(({ leader }) => `${leader.id} ${leader.direction}`)
  }
}

const CALM: Values = {
  http_inPerSecond: 50,
  http_inP99Ms: 40,
  vm_rssMb: 200,
  logger_errorsPerSecond: 0,
  vm_threads: 14,
}

describe('Detector', () => {
  it('is silent while nothing changes', () => {
    assert.deepEqual(new Play().run(300, CALM).leaders, [])
  })

  it('tells a step of what hurts within a minute, with before, now and since when', () => {
    const play = new Play().run(30, CALM)
    const changedAt = play.now
    play.run(5, { ...CALM, http_inP99Ms: 160 })
    const [trigger] = play.triggers
    assert.equal(trigger?.leader.id, 'http_inP99Ms')
    assert.ok(trigger.at - changedAt <= MINUTE_MS)
    assert.ok(Math.abs(trigger.leader.since - changedAt) <= STEP_MS)
    assert.ok(Math.abs(trigger.leader.before - 40) < 4)
    assert.ok(Math.abs(trigger.leader.now - 160) < 20)
  })

  it('tells of a metric that never varied before', () => {
    const play = new Play().run(30, CALM).run(3, { ...CALM, logger_errorsPerSecond: 2 })
    assert.deepEqual(play.leaders, ['logger_errorsPerSecond up'])
  })

  it('says nothing of a metric that never varied and moves by what does not matter', () => {
    const play = new Play().run(30, CALM).run(60, { ...CALM, vm_threads: 16 })
    assert.deepEqual(play.leaders, [])
  })

  it('says nothing of a change by less than what matters, whatever its ratio', () => {
    const play = new Play()
      .run(30, { ...CALM, http_inP50Ms: 2 })
      .run(30, { ...CALM, http_inP50Ms: 10 })
    assert.deepEqual(play.leaders, [])
  })

  it('tells once while it lasts, and follows the new level in the end', () => {
    const play = new Play().run(60, CALM).run(600, { ...CALM, http_inP99Ms: 160 })
    assert.deepEqual(play.leaders, ['http_inP99Ms up'])
    assert.deepEqual(play.detector.deviations(), [])
  })

  it('counts in a row by metric: readings that alternate between two metrics are none', () => {
    const play = new Play().run(30, CALM)
    for (let turn = 0; turn < 30; turn += 1) {
      const wild = turn % 2 === 0 ? { http_inP99Ms: 400 } : { logger_errorsPerSecond: 3 }
      play.run(1 / 6, { ...CALM, ...wild })
    }
    assert.deepEqual(play.leaders, [])
  })

  it('says nothing of what rises with the work', () => {
    const play = new Play()
      .run(60, { ...CALM, vm_mainCpuMsPerSecond: 150 })
      .run(60, { ...CALM, http_inPerSecond: 150, vm_mainCpuMsPerSecond: 430, http_inP99Ms: 60 })
    assert.deepEqual(play.leaders, [])
  })

  it('tells of use that rises without more work, when it lasts', () => {
    const play = new Play()
      .run(60, { ...CALM, vm_mainCpuMsPerSecond: 150 })
      .run(40, { ...CALM, vm_mainCpuMsPerSecond: 800 })
    assert.deepEqual(play.leaders, ['vm_mainCpuMsPerSecond up'])
  })

  it('says nothing of work that vanishes before the time of day is known', () => {
    const play = new Play().run(60, CALM).run(60, { ...CALM, http_inPerSecond: 0.5 })
    assert.deepEqual(play.leaders, [])
    assert.equal(play.detector.deviations()[0]?.excuse, 'time-of-day-unknown')
  })

  it('names what moved with it, in the order in which it began', () => {
    const play = new Play().run(60, CALM)
    play.run(0.5, { ...CALM, vm_rssMb: 900 }).run(3, { ...CALM, vm_rssMb: 900, http_inP99Ms: 300 })
    const [trigger] = play.triggers
    assert.equal(trigger?.leader.id, 'http_inP99Ms')
    assert.deepEqual(
      trigger.together.map(({ id }) => id),
      ['vm_rssMb'],
    )
    const [row] = changeRows(play.detector, play.now)
    assert.match(
      JSON.stringify(row?.['observation']),
      /^"Anomaly: .*latency.* rose from 4\d ms to .* since .*vm_rssMb/,
    )
  })

  it('accepts what came and went by itself before it knew enough', () => {
    const play = new Play({}, { matureMs: 48 * HOUR_MS })
    const job = { ...CALM, http_inP99Ms: 130 }
    for (let hour = 0; hour < 60; hour += 1) play.run(57, CALM).run(3, job)
    assert.deepEqual(play.leaders, [])
  })

  it('keeps triggers apart, and says that it held one back', () => {
    const play = new Play().run(30, CALM).run(4, { ...CALM, http_inP99Ms: 300 })
    play.run(4, { ...CALM, http_inP99Ms: 300, logger_errorsPerSecond: 3 })
    assert.equal(play.triggers.length, 1)
    assert.ok(play.held.includes('cooldown'))
    play.run(10, { ...CALM, http_inP99Ms: 300, logger_errorsPerSecond: 3 })
    assert.deepEqual(play.leaders, ['http_inP99Ms up', 'logger_errorsPerSecond up'])
  })

  it('learns no more metrics than it may, and says so', () => {
    const refused: string[] = []
    const play = new Play({ onFull: (id) => refused.push(id) })
    play.run(1, Object.fromEntries(Array.from({ length: 310 }, (_, index) => [`a_x${index}Ms`, 1])))
    assert.equal(play.detector.tracks().length, 300)
    assert.equal(refused.length, 10)
  })

  it('learns nothing in the first minutes of a process', () => {
    const play = new Play({ startedAt: EPOCH }).run(1.9, CALM)
    assert.equal(play.detector.state(play.now - STEP_MS), 'warming-up')
    assert.equal(play.detector.tracks().length, 0)
  })
})

describe('Detector over a restart', () => {
  const learned = () => {
    const play = new Play().run(120, CALM)
    return { saved: play.detector.save(play.now), now: play.now }
  }
  const again = (fingerprint: string): Play => {
    const { saved, now } = learned()
    const play = new Play({ saved, startedAt: now, fingerprint })
    play.now = now
    return play
  }

  it('knows at once what it had learned', () => {
    const play = again('one').run(3, CALM)
    assert.equal(play.detector.state(play.now), 'armed')
    assert.equal(play.detector.track('vm_rssMb')?.isLearned, true)
  })

  it('lets a new version be slower by half, and learns it', () => {
    const slower = { ...CALM, http_inP99Ms: 75 }
    const play = again('two').run(180, slower)
    assert.deepEqual(play.leaders, [])
    const middle = play.detector.track('http_inP99Ms')?.baseline?.middle ?? 0
    assert.ok(Math.abs(middle - Math.asinh(7.5)) < 0.06)
  })

  it('tells of a new version that is ten times as slow', () => {
    const play = again('two').run(15, { ...CALM, http_inP99Ms: 400 })
    assert.deepEqual(play.leaders, ['http_inP99Ms up'])
  })

  it('keeps metrics that have not been read yet', () => {
    const play = again('one').run(3, { vm_rssMb: 200 })
    const ids = play.detector.save(play.now).tracks.map(({ id }) => id)
    assert.ok(ids.includes('http_inP99Ms'))
  })
})

describe('rows', () => {
  const play = new Play().run(60, CALM).run(3, { ...CALM, http_inP99Ms: 160 })

  it('metrics: what is usual', () => {
    const row = metricRows(play.detector, 'vm_rss')[0]
    assert.equal(row?.['metric'], 'vm_rssMb')
    assert.ok(Number(row['usualLow']) < Number(row['usualHigh']))
  })

  it('deviations: the most evidence first', () => {
    const scores = deviationRows(play.detector, play.now).map((row) => Number(row['score']))
    assert.deepEqual(
      scores,
      scores.toSorted((left, right) => right - left),
    )
  })

  it('changes: none on a calm process', () => {
    const calm = new Play().run(60, CALM)
    assert.deepEqual(changeRows(calm.detector, calm.now), [])
  })

  it('explain: baseline, now, change point', () => {
    const track = play.detector.track('http_inP99Ms')
    assert.ok(track !== undefined)
    const row = explainRow(track, play.detector, play.now)
    assert.match(JSON.stringify(row['changes']), /rose from 4\d ms to 1\d\d ms since/)
  })
})
