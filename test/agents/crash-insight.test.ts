import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { type Crash, crashInsight } from '../../agents/crash-insight.ts'
import { insightSchema } from '../../agents/vocabulary/insight.ts'
import { t0 } from './support/kernel.ts'

const crash: Crash = {
  error: {
    name: 'TypeError',
    message: 'no tea left',
    origin: 'uncaughtException',
    survives: false,
  },
  location: { file: '/app/tea.js', function: 'brew', line: 12 },
  stack: ['brew (/app/tea.js:12)', 'serve (/app/server.js:40)'],
}

describe('the insight of a crash', () => {
  it('says what, where, and on which evidence', () => {
    const insight = crashInsight(crash, 'run-1', t0)
    assert.equal(
      insight.summary,
      'An error was caught by nobody and ends the process: TypeError: no tea left in brew (/app/tea.js:12)',
    )
    assert.deepEqual(insight.location, crash.location)
    assert.equal(insight.confidence, 'high')
    assert.equal(insight.severity, 'critical')
    assert.deepEqual(
      insight.evidence.map(({ name }) => name),
      ['error', 'origin', 'stack'],
    )
  })

  const variants: [string, Crash][] = [
    ['as it is', crash],
    ['without a place', { error: crash.error, stack: [] }],
    [
      'of a rejected promise',
      { ...crash, error: { ...crash.error, origin: 'unhandledRejection' } },
    ],
    ['that the application survives', { ...crash, error: { ...crash.error, survives: true } }],
    [
      'with texts without end',
      {
        ...crash,
        error: { ...crash.error, message: 'x'.repeat(100_000) },
        stack: Array.from({ length: 500 }, () => 'y'.repeat(500)),
      },
    ],
    ['with a code', { ...crash, error: { ...crash.error, code: 'ERR_TEA' } }],
    [
      'in a package',
      { ...crash, location: { file: '/app/a.js', function: 'f', line: 1, package: 'pg@8.0.0' } },
    ],
  ]
  for (const [what, variant] of variants) {
    it(`${what} has the promised shape`, () => {
      v.parse(insightSchema, JSON.parse(JSON.stringify(crashInsight(variant, 'run-1', t0))))
    })
  }

  it('is less sure without a place, and less severe when the application lives on', () => {
    const vague = crashInsight({ error: crash.error, stack: [] }, 'run-1', t0)
    assert.deepEqual(
      [vague.confidence, vague.partial, vague.hypothesisGrounded],
      ['low', true, false],
    )
    const survived = crashInsight(
      { ...crash, error: { ...crash.error, survives: true } },
      'run-1',
      t0,
    )
    assert.equal(survived.severity, 'warning')
  })
})
