import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CitedNotification, checkInsight } from '../../../agents/vocabulary/check-insight.ts'
import { checkNotification } from '../../../agents/vocabulary/check-notification.ts'
import type { InsightDraft } from '../../../agents/vocabulary/coordinator-action.ts'
import { draftOf, snapshotOf, viewOf } from './support/requests.ts'

const place = { file: 'src/a.js', function: 'f', line: 12 }
const lag = viewOf({ evidence: [{ name: 'lagMs', value: 900 }], location: place })
const leak = viewOf({
  id: 'n2',
  operator: 'tables',
  type: 'growth',
  observation: 'Map pages holds 5,000 entries',
})
const known: CitedNotification[] = [lag, leak]

function accepted(changes: Partial<InsightDraft>, notifications = known) {
  const check = checkInsight(draftOf(changes), notifications, ['i1'])
  assert.ok(check.ok, JSON.stringify(check))
  return check
}

function refused(changes: Partial<InsightDraft>) {
  const check = checkInsight(draftOf(changes), known, ['i1'])
  assert.ok(!check.ok, JSON.stringify(check))
  return check.issues.join('\n')
}

describe('checkInsight', () => {
  it('lets a true draft through and fills in severity and evidence', () => {
    const { insight, corrections } = accepted({})
    assert.deepEqual(corrections, [])
    assert.equal(insight.severity, 'warning')
    assert.deepEqual(insight.evidence, [{ name: 'lagMs', value: 900 }])
  })
  it('drops an invented id among real ones', () => {
    const { insight, corrections } = accepted({ notificationIds: ['n1', 'n9'] })
    assert.deepEqual(insight.notificationIds, ['n1'])
    assert.match(corrections.join(), /unknown n9 dropped/)
  })
  it('refuses a draft without any real id and names those that exist', () => {
    assert.match(
      refused({ notificationIds: ['n8', 'n9'] }),
      /none of them exists; known are n1, n2/,
    )
  })
  it('takes a quote whatever its white space', () => {
    const quote = 'The event loop\n is late by  900 ms'
    assert.deepEqual(accepted({ matchedObservations: [quote] }).insight.matchedObservations, [
      'The event loop is late by 900 ms',
    ])
  })
  it('drops a paraphrase beside a quote', () => {
    const { insight } = accepted({ matchedObservations: ['late by 900 ms', 'The loop hangs'] })
    assert.deepEqual(insight.matchedObservations, ['late by 900 ms'])
  })
  it('refuses paraphrases only', () => {
    assert.match(refused({ matchedObservations: ['The loop hangs'] }), /word-for-word/)
  })
  it('refuses a quote of a notification that is not cited', () => {
    assert.match(refused({ matchedObservations: [leak.observation] }), /word-for-word/)
  })
  it('refuses a cause that is no insight of the run', () => {
    assert.match(refused({ causedBy: 'i7' }), /no insight "i7" in this run; known are i1/)
  })
  it('keeps a cause that is one', () => {
    assert.equal(accepted({ causedBy: 'i1' }).insight.causedBy, 'i1')
  })
})

describe('checkInsight: grounding', () => {
  const bare = viewOf({ id: 'n3', observation: 'The loop is late' })
  const claim = {
    hypothesisGrounded: true,
    rootCauseHypothesis: 'f blocks',
    confidence: 'high',
  } as const
  it('holds with a measurement', () => {
    const { insight } = accepted(claim)
    assert.equal(insight.hypothesisGrounded, true)
    assert.equal(insight.confidence, 'high')
  })
  it('holds with two operators', () => {
    const noMeasure = [bare, { ...leak, observation: 'Map grows' }]
    const { insight } = accepted(
      { ...claim, notificationIds: ['n3', 'n2'], matchedObservations: ['The loop is late'] },
      noMeasure,
    )
    assert.equal(insight.hypothesisGrounded, true)
  })
  it('falls with one operator and no measurement, and takes high confidence with it', () => {
    const { insight, corrections } = accepted(
      { ...claim, notificationIds: ['n3'], matchedObservations: ['The loop is late'] },
      [bare],
    )
    assert.equal(insight.hypothesisGrounded, false)
    assert.equal(insight.confidence, 'medium')
    assert.equal(corrections.length, 2)
  })
  it('falls without a hypothesis', () => {
    const { insight } = accepted({ hypothesisGrounded: true })
    assert.equal(insight.hypothesisGrounded, false)
  })
  it('an invented number is no measurement', () => {
    const { insight, corrections } = accepted(
      {
        ...claim,
        notificationIds: ['n3'],
        matchedObservations: ['The loop is late'],
        evidence: [{ name: 'lagMs', value: 4711 }],
      },
      [bare],
    )
    assert.deepEqual(insight.evidence, [])
    assert.equal(insight.hypothesisGrounded, false)
    assert.match(corrections.join(), /lagMs = 4711 stands in no notification/)
  })
  it('a rounded number of a snapshot is one', () => {
    const measured = { ...bare, snapshots: [snapshotOf({ loop: { maxMs: 4213.77 } })] }
    const { insight } = accepted(
      {
        ...claim,
        notificationIds: ['n3'],
        matchedObservations: ['The loop is late'],
        evidence: [{ name: 'maxMs', value: 4214 }],
      },
      [measured],
    )
    assert.equal(insight.hypothesisGrounded, true)
  })
})

describe('checkInsight: place', () => {
  it('keeps a place that a notification names', () => {
    assert.deepEqual(accepted({ location: place }).insight.location, place)
  })
  it('replaces a wrong line by that of the notification', () => {
    const { insight, corrections } = accepted({ location: { ...place, line: 99 } })
    assert.deepEqual(insight.location, place)
    assert.match(corrections.join(), /src\/a\.js:12, as the notification says/)
  })
  it('drops an invented place', () => {
    const { insight } = accepted({ location: { file: 'src/z.js', function: 'g', line: 1 } })
    assert.equal(insight.location, undefined)
  })
  it('keeps a place that stands in a text', () => {
    const told = viewOf({ observation: 'blocked in g (src/z.js:7)' })
    const { insight } = accepted(
      {
        matchedObservations: ['blocked in g'],
        location: { file: 'src/z.js', function: 'g', line: 7 },
      },
      [told],
    )
    assert.equal(insight.location?.line, 7)
  })
})

describe('checkNotification', () => {
  const draft = {
    type: 't',
    severity: 'warning',
    context: 'c',
    observation: 'o',
    snapshotIds: ['s1'],
  } as const
  const seen = {
    snapshots: [snapshotOf({ heapMb: 512 })],
    results: [{ value: [{ durationMs: 81.5 }] }],
  }
  it('refuses a snapshot that was never taken', () => {
    const check = checkNotification({ ...draft, snapshotIds: ['s1', 's2'] }, seen)
    assert.ok(!check.ok)
    assert.match(check.issues.join(), /no snapshot s2 in this run; known are s1/)
  })
  it('keeps measured evidence and drops the rest', () => {
    const evidence = [
      { name: 'heapMb', value: 512 },
      { name: 'durationMs', value: 81.5 },
      { name: 'made up', value: 7 },
      { name: 'stack', value: 'at f' },
    ]
    const check = checkNotification({ ...draft, snapshotIds: ['s1'], evidence }, seen)
    assert.ok(check.ok)
    assert.deepEqual(
      check.draft.evidence?.map(({ name }) => name),
      ['heapMb', 'durationMs', 'stack'],
    )
    assert.equal(check.corrections.length, 1)
  })
})
