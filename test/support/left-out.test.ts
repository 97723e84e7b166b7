import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { leftOut } from './left-out.ts'
import { summarise } from './run-summary.ts'

describe('leftOut', () => {
  it('demands a reason', () => {
    assert.throws(() => leftOut('x', ' '), /expects a reason/)
  })
})

describe('summarise', () => {
  it('names a test that fails in several rounds once, and counts the rounds', () => {
    const failed = {
      file: 'dist/test/a.test.js',
      passed: 1,
      durationMs: 5,
      leftOut: [{ name: 's', reason: 'r' }],
      failures: [{ name: 'bad', error: 'boo' }],
      output: '',
    }
    const totals = summarise([failed, failed], 10)
    assert.deepEqual(totals, {
      passed: 2,
      failed: 2,
      skipped: 2,
      files: 1,
      durationMs: 10,
      leftOut: [{ file: 'test/a.test.ts', name: 's', reason: 'r' }],
      failures: [{ file: 'test/a.test.ts', name: 'bad', times: 2 }],
    })
  })
})
