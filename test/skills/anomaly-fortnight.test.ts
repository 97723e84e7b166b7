import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DAY_MS, HOUR_MS } from '../../bench/fortnight/calendar.ts'
import { FAULTS } from '../../bench/fortnight/faults.ts'
import { runFault, runHealthy } from '../../bench/fortnight/run.ts'

/** Five days, which hold nights, deploys and jobs; `bench/anomaly-fortnight.bench.ts` runs the whole of it. */
const DAYS = 5
const MOMENT = 4 * DAY_MS + 11 * HOUR_MS
/** None of those on which the constants were chosen. */
const SEEDS = [501, 502]

describe('simulated days of a healthy service', () => {
  const runs = SEEDS.map((seed) => runHealthy(seed, DAYS, [MOMENT]))

  it('have at most one false trigger in all', () => {
    const triggers = runs.flatMap(({ ours }) => ours.map(({ text }) => text))
    assert.ok(triggers.length <= 1, triggers.join('\n'))
  })

  it('have dozens a day by the rule of beamlens', () => {
    for (const { peers } of runs) assert.ok(peers.length > 30 * DAYS, `only ${peers.length}`)
  })

  const expected: readonly (readonly [string, number])[] = [
    ['latency × 5', 5],
    ['errors 0 → 1 a second', 2],
    ['waiters of the pool 0 → 20', 2],
    ['cache misses 4 % → 40 %', 30],
    ['CPU + 40 points without more requests', 90],
    ['latency × 10 for 60 s', 2],
  ]
  for (const [name, minutes] of expected) {
    it(`${name}: noticed within ${minutes} minutes`, () => {
      const fault = FAULTS.find((one) => one.name === name)
      assert.ok(fault !== undefined)
      for (const { kept } of runs) {
        const [world] = kept
        assert.ok(world !== undefined)
        const { ours } = runFault(world, { ...fault, watchMs: minutes * 60_000 }, new Set())
        assert.ok(ours !== undefined, 'not noticed')
      }
    })
  }

  it('latency × 10 for 20 s is not told', () => {
    const fault = FAULTS.find(({ name }) => name === 'latency × 10 for 20 s')
    assert.ok(fault !== undefined)
    for (const { kept } of runs) {
      const [world] = kept
      assert.ok(world !== undefined)
      assert.equal(runFault(world, fault, new Set()).ours, undefined)
    }
  })
})
