import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Crash } from '../../agents/crash-insight.ts'
import { repeatedCrashes } from '../../agents/repeated-crash.ts'

const crash = (change: Partial<Crash['error']> = {}, line = 3): Crash => ({
  error: {
    name: 'TypeError',
    message: 'x',
    origin: 'uncaughtException',
    survives: true,
    ...change,
  },
  location: { file: '/app/a.js', line, function: 'handle' },
  stack: [],
})

describe('repeatedCrashes', () => {
  it('knows an error of the same place again for a quarter of an hour', () => {
    const isRepeated = repeatedCrashes()
    assert.equal(isRepeated(crash(), 0), false)
    assert.equal(isRepeated(crash({ message: 'another text' }, 4), 1000), true)
    assert.equal(isRepeated(crash({ name: 'RangeError' }), 1000), false)
    assert.equal(isRepeated(crash(), 16 * 60_000), false)
  })

  it('never holds back an error that ends the process', () => {
    const isRepeated = repeatedCrashes()
    const last = crash({ survives: false })
    assert.deepEqual([isRepeated(last, 0), isRepeated(last, 1)], [false, false])
  })
})
