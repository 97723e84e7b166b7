import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { describeReason } from '../../runtime/index.ts'
import { Pulse } from '../../runtime/pulse.ts'

describe('the pulse of a thread', () => {
  it('turns while its loop waits for events', () => {
    const pulse = new Pulse(100, 0)
    for (let now = 10; now < 1000; now += 10) assert.equal(pulse.observe(now, now), 'turning')
  })

  it('asks once before it judges', () => {
    const pulse = new Pulse(100, 0)
    assert.equal(pulse.observe(500, 0), 'ask')
    assert.equal(pulse.observe(501, 0), 'stuck')
  })

  it('is quiet until the time is over, says it once, then is quiet', () => {
    const pulse = new Pulse(100, 0)
    const beats = [25, 50, 75, 100, 125, 150].map((now) => pulse.observe(now, 0))
    assert.deepEqual(beats, ['ask', 'quiet', 'quiet', 'stuck', 'quiet', 'quiet'])
  })

  it('is alive when the loop answers, however busy it is', () => {
    const pulse = new Pulse(100, 0)
    for (let now = 25; now < 1000; now += 25) {
      assert.notEqual(pulse.observe(now, 0), 'stuck')
      pulse.turned(now)
    }
  })

  it('tells how long a stuck loop was still, once', () => {
    const pulse = new Pulse(100, 0)
    pulse.observe(25, 0)
    pulse.observe(100, 0)
    assert.deepEqual([pulse.isStuck, pulse.turned(300)], [true, 300])
    assert.deepEqual([pulse.isStuck, pulse.turned(310)], [false, undefined])
  })

  it('forgives what the watcher itself was late', () => {
    const pulse = new Pulse(100, 0)
    pulse.observe(25, 0)
    pulse.forgive(900)
    assert.equal(pulse.observe(950, 0), 'quiet')
    assert.equal(pulse.observe(1001, 0), 'stuck')
  })

  it('never calls a loop stuck that turned less than its time ago', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 1000 }),
        fc.array(fc.record({ ms: fc.nat(400), turns: fc.boolean() })),
        (stuckMs, looks) => {
          const pulse = new Pulse(stuckMs, 0)
          let [now, turnedAt] = [0, 0]
          for (const { ms, turns } of looks) {
            now += ms
            if (turns) {
              pulse.turned(now)
              turnedAt = now
            } else if (pulse.observe(now, 0) === 'stuck') assert.ok(now - turnedAt >= stuckMs)
          }
        },
      ),
    )
  })
})

describe('the line about a stuck thread', () => {
  for (const [what, stack, place] of [
    [
      'in a function',
      '    at spin (file:///a.js:1:2)\n    at x (file:///b.js:3:4)',
      ' at spin (file:///a.js:1:2)',
    ],
    [
      'in a built-in',
      '    at DataView.getUint16 (<anonymous>)\n    at spin (/a.ts:1:2)',
      ' at spin (/a.ts:1:2)',
    ],
    ['in Node', '    at realpathSync (node:fs:2671:18)\n    at /a.ts:1:2', ' at /a.ts:1:2'],
    ['nowhere', '    at foo (<anonymous>)', ' at foo (<anonymous>)'],
    ['unknown', undefined, ''],
  ] as const) {
    it(`names the innermost place in a file: ${what}`, () => {
      const reason = { type: 'stuck', ms: 7, ...(stack === undefined ? {} : { stack }) }
      assert.equal(describeReason(reason), `stuck for 7 ms${place}`)
    })
  }
})
