// run alone: it compares CPU times, which whatever runs beside it distorts
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { afterEach, describe, it } from 'node:test'
import { httpOverhead } from '../../bench/http-overhead.bench.ts'
import { idleCost } from '../../bench/idle-cost.bench.ts'
import { type Bench, jsonLines, type Measurement, median, table } from '../../bench/measurement.ts'
import { alternate } from '../../bench/rounds.ts'
import { stallToInsight } from '../../bench/stall-to-insight.bench.ts'
import { telemetryCost } from '../../bench/telemetry-cost.bench.ts'
import { noLeaks } from '../support/leaks.ts'
import { modulePath } from '../support/project.ts'

afterEach(noLeaks())

const registerPath = modulePath('test/bench/fixtures/fake-register')
const settings = { smoke: true, registerPath, log: () => {} }

async function ratios(bench: Bench): Promise<ReadonlyMap<string, number>> {
  const measurements = await bench.run(settings)
  const of = (metric: string, variant: string): number =>
    median(
      measurements.find((one) => one.metric === metric && one.variant === variant)?.readings ?? [],
    )
  const metrics = new Set(measurements.map(({ metric }) => metric))
  return new Map([...metrics].map((metric) => [metric, of(metric, 'on') / of(metric, 'off')]))
}

describe('the benches', () => {
  it('http-overhead sees CPU time and memory that a preload costs', async () => {
    const found = await ratios(httpOverhead)
    assert.ok((found.get('CPU per request') ?? 0) > 1.1, JSON.stringify([...found]))
    assert.ok((found.get('memory') ?? 0) > 1.3, JSON.stringify([...found]))
    assert.ok((found.get('throughput') ?? 0) > 0)
  })

  it('idle-cost sees them too', async () => {
    const found = await ratios(idleCost)
    assert.ok((found.get('CPU') ?? 0) > 1.5, JSON.stringify([...found]))
    assert.ok((found.get('memory') ?? 0) > 1.3, JSON.stringify([...found]))
  })

  it('stall-to-insight measures the time to the insight, while the stall lasts', async () => {
    const measurements = await stallToInsight.run(settings)
    const [toInsight, isEarly] = measurements.map(({ readings }) => readings[0] ?? Number.NaN)
    assert.ok(toInsight !== undefined && toInsight >= 250 && toInsight < 8_000, String(toInsight))
    assert.equal(isEarly, 1)
  })

  it('telemetry-cost measures every way of looking', async () => {
    const measurements = await telemetryCost.run(settings)
    const variants = new Set(measurements.map(({ variant }) => variant))
    assert.deepEqual([...variants].toSorted(), [
      'bounded mailbox',
      'listening',
      'metered',
      'off',
      'reports',
    ])
    for (const { readings } of measurements) assert.ok(readings.every((value) => value > 0))
  })
})

describe('alternate', () => {
  it('takes turns, and turns the order round', async () => {
    const order: string[] = []
    const measurements = await alternate(2, settings, async (variant) => {
      order.push(variant)
      return { 'm|ms': order.length }
    })
    assert.deepEqual(order, ['off', 'on', 'on', 'off'])
    assert.deepEqual(measurements, [
      { metric: 'm', unit: 'ms', variant: 'off', readings: [1, 4] },
      { metric: 'm', unit: 'ms', variant: 'on', readings: [2, 3] },
    ])
  })
})

describe('the report of a bench', () => {
  const measurements: readonly Measurement[] = [
    { metric: 'p99', unit: 'ms', variant: 'off', readings: [4, 2, 3] },
    { metric: 'p99', unit: 'ms', variant: 'on', readings: [6, 7] },
  ]

  it('has the median and the ratio to the program without nodelens', () => {
    const [, off = '', on = ''] = table(measurements).split('\n')
    assert.match(off, /^p99 \(ms\) +off +3\.00 +2\.00 +4\.00$/)
    assert.match(on, /^p99 \(ms\) +on +6\.50 +6\.00 +7\.00 +× 2\.167$/)
  })

  it('is one JSON line per measurement', () => {
    const lines = jsonLines('b', measurements, false).split('\n')
    assert.equal(lines.length, 2)
    const first = JSON.parse(lines[0] ?? '') as Record<string, unknown>
    assert.equal(first['median'], 3)
    assert.equal(first['rounds'], 3)
    assert.equal(first['node'], process.version)
  })

  it('has no median of nothing', () => assert.ok(Number.isNaN(median([]))))
})

describe('npm run bench', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [modulePath('bench/main'), ...args], {
      encoding: 'utf8',
      timeout: 30_000,
    })

  it('names the benches there are when asked for another', () => {
    const { status, stderr } = run('--only', 'speed')
    assert.equal(status, 2)
    assert.match(stderr, /no bench is called speed/)
    assert.match(stderr, /http-overhead, stall-to-insight/)
  })

  it('says what is missing when there is nothing to compare with', () => {
    const { status, stderr } = run('--register', '/no/such/register.js')
    assert.equal(status, 2)
    assert.match(stderr, /register\.js is not there/)
  })
})
