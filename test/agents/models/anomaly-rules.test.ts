import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { coordinatorRules } from '../../../agents/models/rules/coordinator-rules.ts'
import { correlate } from '../../../agents/models/rules/correlate.ts'
import { drillFindings } from '../../../agents/models/rules/findings.ts'
import { fittingSkills } from '../../../agents/models/rules/relevance.ts'
import type { NotificationView } from '../../../agents/vocabulary/notification.ts'
import { Detector } from '../../../skills/anomaly/detector.ts'
import { ANOMALY_STEPS } from '../../../skills/anomaly/drilldown.ts'
import { DEFAULT_OPTIONS } from '../../../skills/anomaly/options.ts'
import { changeRows } from '../../../skills/anomaly/rows.ts'
import { coordinatorRequest, operatorView, snapshotOf, viewOf } from './support/requests.ts'

const EPOCH = Date.UTC(2026, 0, 5, 10)
const metric = { id: 'http_inP99Ms', skill: 'http', name: 'inP99Ms', kind: 'gauge' } as const

/** What the operator of `anomaly` tells of a latency that rose from 40 to 400 ms. */
function notification(): NotificationView {
  const detector = new Detector(
    { ...DEFAULT_OPTIONS, matureMs: 0 },
    { startedAt: EPOCH - 3_600_000, fingerprint: 'one' },
  )
  let at = EPOCH
  for (let step = 0; step < 200; step += 1, at += 10_000)
    detector.take(at, new Map([[metric.id, step < 180 ? 40 : 400]]), [metric])
  const rows = changeRows(detector, at)
  const [draft] = ANOMALY_STEPS.flatMap((step) => drillFindings(step, rows, snapshotOf({})))
  assert.ok(draft !== undefined)
  return viewOf({ id: 'anomaly', operator: 'anomaly', ...draft })
}

const cause = viewOf({
  id: 'stall',
  operator: 'vm_events',
  type: 'event_loop_stall',
  hypothesis: 'A regular expression backtracks',
  location: { file: 'src/a.js', function: 'parse', line: 3 },
})

describe('a change that anomaly tells', () => {
  it('is no cause beside the cause that another skill found', () => {
    const { causes, symptoms } = correlate([notification(), cause])
    assert.deepEqual(
      causes.map(({ cluster }) => cluster.lead.id),
      ['stall'],
    )
    assert.equal(symptoms[0]?.lead.id, 'anomaly')
  })

  it('alone becomes an insight that names no cause', () => {
    const action = coordinatorRules(
      coordinatorRequest({
        notifications: [notification()],
        operators: [operatorView({ skill: 'anomaly' })],
      }),
    )
    assert.equal(action.intent, 'produce_insight')
    if (action.intent !== 'produce_insight') return
    assert.match(action.summary, /rose from 40 ms to 400 ms since .* The cause was not found\.$/)
    assert.equal(action.rootCauseHypothesis, undefined)
    assert.equal(action.confidence, 'low')
  })

  it('asks the skill that owns the metric, and anomaly itself', () => {
    const skills = [
      { id: 'http', title: 'HTTP requests', description: 'Requests by route: latency.' },
      { id: 'anomaly', title: 'Anomalies', description: 'What is not as usual.' },
    ]
    assert.deepEqual(fittingSkills(skills, notification().observation), ['http', 'anomaly'])
  })
})
