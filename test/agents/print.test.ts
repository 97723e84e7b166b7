import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resultText } from '../../agents/cli/print.ts'
import type { CoordinatorResult } from '../../agents/loop/coordinator-run.ts'
import type { Insight } from '../../agents/vocabulary/insight.ts'
import { insightOf } from './models/support/requests.ts'

function printed(changes: Partial<Insight>, result: Partial<CoordinatorResult> = {}): string {
  return resultText({
    version: 1,
    runId: 'r1',
    outcome: 'done',
    partial: false,
    insights: [insightOf(changes)],
    notifications: [],
    operatorResults: [],
    models: ['rules'],
    iterations: 1,
    tokens: 0,
    startedAt: '2026-11-24T10:00:00.000Z',
    endedAt: '2026-11-24T10:00:01.000Z',
    ...result,
  })
}

describe('what the command prints of an insight', () => {
  it('says what is unverified', () =>
    assert.match(
      printed({ unverified: ['summary: 9 GB stands nowhere', 'x'] }),
      /UNVERIFIED +summary: 9 GB stands nowhere; x/,
    ))
  it('says nothing of it where all was verified', () =>
    assert.doesNotMatch(printed({}), /UNVERIFIED/i))
  it('names the places where its numbers stand', () => {
    const evidenceChain = [
      {
        notificationId: 'r1.vm.1.n1',
        operator: 'vm',
        snapshots: [],
        measurements: [
          {
            name: 'lagMs',
            value: 900,
            source: 'snapshot',
            snapshotId: 'r1.vm.1.s1',
            path: '/lagMs',
          } as const,
          { name: 'tookMs', value: 7, source: 'result' } as const,
        ],
      },
    ]
    assert.match(
      printed({ evidenceChain }),
      /rests on +r1\.vm\.1\.n1: lagMs = 900 \(r1\.vm\.1\.s1 \/lagMs\), tookMs = 7 \(result\)/,
    )
  })
  it('refers to the insight that told the same first', () =>
    assert.match(
      printed({ repeatOf: 'r0.i1', occurrences: 3 }),
      /told first as r0\.i1, met 3 times/,
    ))
  it('names what was met again and is told elsewhere', () => {
    const repeats = [{ insightId: 'r0.i1', summary: 'parse blocks', occurrences: 3 }]
    assert.match(
      printed({}, { repeats }),
      /Told before \(r0\.i1\), met 3 times by now: parse blocks/,
    )
  })
  it('lets no control characters through', () =>
    assert.ok(!printed({ unverified: ['a\u001b[31mb'] }).includes('\u001b')))
})
