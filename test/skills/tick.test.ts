import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { oldLimitBytes } from '../../skills/probe/old-limit.ts'
import { createTick } from '../../skills/probe/tick.ts'

describe('the tick', () => {
  it("sees microtasks also at a look inside Node's own code, where it queues no next tick", async () => {
    const tick = createTick()
    assert.deepEqual(tick(false), [0, 0])
    await Promise.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(tick(true), [1, 0])
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(tick(false), [2, 1])
  })
})

describe('oldLimitBytes', () => {
  const MB = 1_048_576
  const cases: readonly (readonly [string, readonly string[], number, number])[] = [
    ['the option of the command line', ['--max-old-space-size=220'], 268, 220],
    ['the last of several', ['--max_old_space_size=100', '--max-old-space-size=180'], 228, 180],
    ['without one, all but the young generation', ['--inspect'], 4144, 4096],
    ['never less than half', [], 60, 30],
  ]
  for (const [name, options, heapMb, expectedMb] of cases)
    it(name, () => assert.equal(oldLimitBytes(options, heapMb * MB), expectedMb * MB))
})
