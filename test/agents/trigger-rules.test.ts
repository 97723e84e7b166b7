import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decide,
  defaultTriggerOptions,
  type Signal,
  type TriggerHistory,
} from '../../agents/trigger-rules.ts'
import { t0 } from './support/kernel.ts'

const stall = (name: string): Signal => ({
  type: 'stall',
  id: name,
  startedAt: t0,
  durationMs: 1_234.5,
  culprit: { file: '/app/a.js', function: name, line: 7 },
})

function decideAll(signals: [Signal, number][], changes = {}): string[] {
  const options = { ...defaultTriggerOptions, ...changes }
  let history: TriggerHistory = { fired: [] }
  return signals.map(([signal, minutes]) => {
    const [next, decision] = decide(history, signal, options, t0 + minutes * 60_000)
    history = next
    return decision.type === 'investigate' ? 'investigate' : decision.why
  })
}

describe('a trigger', () => {
  it('starts an investigation that says what was seen', () => {
    const [, decision] = decide({ fired: [] }, stall('hog'), defaultTriggerOptions, t0)
    assert.deepEqual(decision, {
      type: 'investigate',
      key: 'stall:/app/a.js:hog',
      reason: 'The event loop has been blocked for 1235 ms in hog (/app/a.js:7).',
    })
  })

  it('fires once for a culprit until the cool-down is over', () => {
    const signals: [Signal, number][] = [
      [stall('hog'), 0],
      [stall('hog'), 14],
      [stall('hog'), 15],
    ]
    assert.deepEqual(decideAll(signals), ['investigate', 'cooldown', 'investigate'])
  })

  it('fires for another culprit at once', () => {
    assert.deepEqual(
      decideAll([
        [stall('a'), 0],
        [stall('b'), 0],
      ]),
      ['investigate', 'investigate'],
    )
  })

  it('stops at the cap of the hour', () => {
    const signals = Array.from({ length: 5 }, (_, index): [Signal, number] => [
      stall(`f${index}`),
      index,
    ])
    assert.deepEqual(decideAll(signals, { maxPerHour: 3 }), [
      'investigate',
      'investigate',
      'investigate',
      'hourly-cap',
      'hourly-cap',
    ])
  })

  it('says nothing when it is off', () => {
    assert.deepEqual(decideAll([[stall('a'), 0]], { stalls: false }), ['off'])
    const heap: Signal = {
      type: 'heap',
      what: 'heap',
      fromBytes: 50 * 2 ** 20,
      toBytes: 90 * 2 ** 20,
      overMs: 12_345,
      usedPct: 44.4,
    }
    assert.deepEqual(decideAll([[heap, 0]], { heap: false }), ['off'])
    const [, decision] = decide({ fired: [] }, heap, defaultTriggerOptions, t0)
    assert.deepEqual(decision, {
      type: 'investigate',
      key: 'memory:heap',
      reason:
        'The heap keeps growing: from 50 MB to 90 MB in 12 s; 44 % of the heap limit are in use.',
    })
  })

  it('never exceeds its cap in any hour nor repeats a culprit within the cool-down', () => {
    const moment = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      gap: fc.integer({ min: 0, max: 20 }),
    })
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 80 }), (moments) => {
        const options = { ...defaultTriggerOptions, maxPerHour: 4 }
        let history: TriggerHistory = { fired: [] }
        let minutes = 0
        const fired: { key: string; at: number }[] = []
        for (const { name, gap } of moments) {
          minutes += gap
          const at = t0 + minutes * 60_000
          const [next, decision] = decide(history, stall(name), options, at)
          history = next
          if (decision.type === 'investigate') fired.push({ key: decision.key, at })
        }
        for (const { key, at } of fired) {
          assert.ok(fired.filter((one) => one.at <= at && at - one.at < 3_600_000).length <= 4)
          assert.ok(
            fired.filter((one) => one.key === key && Math.abs(at - one.at) < 15 * 60_000).length ===
              1,
          )
        }
      }),
      { numRuns: 300 },
    )
  })
})
