import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkInsight } from '../../../agents/vocabulary/check-insight.ts'
import { checkNotification } from '../../../agents/vocabulary/check-notification.ts'
import type { InsightDraft } from '../../../agents/vocabulary/coordinator-action.ts'
import type { CitedNotification } from '../../../agents/vocabulary/evidence-chain.ts'
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

function refused(changes: Partial<InsightDraft>, notifications = known) {
  const check = checkInsight(draftOf(changes), notifications, ['i1'])
  assert.ok(!check.ok, JSON.stringify(check))
  const { issues, insight } = check
  assert.deepEqual(insight.unverified, issues)
  return { issues: issues.join('\n'), insight }
}

describe('checkInsight', () => {
  it('lets a true draft through and fills in severity and evidence', () => {
    const { insight, corrections } = accepted({})
    assert.deepEqual(corrections, [])
    assert.equal(insight.severity, 'warning')
    assert.deepEqual(insight.evidence, [{ name: 'lagMs', value: 900 }])
  })
  it('an invented id among real ones is an issue, and is cut from what is left', () => {
    const { insight, issues } = refused({ notificationIds: ['n1', 'n9'] })
    assert.deepEqual(insight.notificationIds, ['n1'])
    assert.match(issues, /there is no n9; known are n1, n2/)
  })
  it('without any real id those that exist are named, and nothing is sure', () => {
    const { insight, issues } = refused({ notificationIds: ['n8', 'n9'] })
    assert.match(issues, /none of them exists; known are n1, n2/)
    assert.equal(insight.confidence, 'low')
  })
  it('takes a quote whatever its white space', () => {
    const quote = 'The event loop\n is late by  900 ms'
    assert.deepEqual(accepted({ matchedObservations: [quote] }).insight.matchedObservations, [
      'The event loop is late by 900 ms',
    ])
  })
  it('a paraphrase beside a quote is an issue; the quote stays', () => {
    const { insight } = refused({ matchedObservations: ['late by 900 ms', 'The loop hangs'] })
    assert.deepEqual(insight.matchedObservations, ['late by 900 ms'])
    assert.equal(insight.confidence, 'medium')
  })
  it('paraphrases only leave nothing to be sure of', () => {
    const { insight, issues } = refused({ matchedObservations: ['The loop hangs'] })
    assert.match(issues, /word-for-word/)
    assert.equal(insight.confidence, 'low')
  })
  it('a quote of a notification that is not cited is none', () => {
    assert.match(refused({ matchedObservations: [leak.observation] }).issues, /word-for-word/)
  })
  it('a cause that is no insight of the run is cut', () => {
    const { insight, issues } = refused({ causedBy: 'i7' })
    assert.match(issues, /no insight "i7" in this run; known are i1/)
    assert.equal(insight.causedBy, undefined)
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
    const { insight, issues } = refused(
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
    assert.match(issues, /lagMs = 4711 stands in no cited notification/)
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
  it('an invented place is an issue, and is cut', () => {
    const { insight } = refused({ location: { file: 'src/z.js', function: 'g', line: 1 } })
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

describe('checkInsight: numbers of the summary', () => {
  const measured = [
    viewOf({
      observation: 'buildReport held the loop for 4210 ms after 36 h',
      evidence: [{ name: 'heapBytes', value: 536_870_912 }],
      location: place,
    }),
  ]
  const saying = (summary: string) => ({ summary, matchedObservations: ['held the loop'] })
  const standing = [
    'held for 4210 ms',
    'held for 4.2 s',
    'held for about 4 seconds',
    'the heap holds 512 MB',
    'the heap holds 0.5 GiB',
    'the 36 hours that the observation names',
    'f (src/a.js:12) of moment@2.29.3 at 10:04:22 on 2026-11-24, seen 3 times, see line 12',
    'in /srv/app-2/v3.14/x.js under node v20.19.1, port db:5432',
  ]
  for (const summary of standing)
    it(`stand: ${summary}`, () => {
      assert.ok(accepted(saying(summary), measured))
    })
  const invented: [summary: string, quantity: RegExp][] = [
    ['held for 9000 ms', /summary: 9000 ms stands/],
    ['held for 7 s', /summary: 7 s stands/],
    ['the heap holds 12 GB', /summary: 12 GB/],
    ['the CPU is at 93 %', /summary: 93 %/],
    ['1,200 requests wait', /summary: 1,200/],
  ]
  for (const [summary, quantity] of invented)
    it(`are invented: ${summary}`, () => {
      assert.match(refused(saying(summary), measured).issues, quantity)
    })
})

describe('checkInsight: the chain of evidence', () => {
  const chainOf = (notification: CitedNotification) =>
    accepted({}, [notification]).insight.evidenceChain
  it('leads from the notification to the number in the snapshot', () => {
    const snapshots = [
      snapshotOf({ other: 900, loop: { 'p/99': [{ lagMs: 1 }, { lagMs: 900 }] } }, 's7'),
    ]
    assert.deepEqual(chainOf({ ...lag, snapshots }), [
      {
        notificationId: 'n1',
        operator: 'vm',
        snapshots: [{ id: 's7', capturedAt: '2026-11-24T10:00:00.000Z' }],
        measurements: [
          {
            name: 'lagMs',
            value: 900,
            source: 'snapshot',
            snapshotId: 's7',
            path: '/loop/p~199/1/lagMs',
          },
        ],
      },
    ])
  })
  it('says so where a script measured it', () => {
    const [link] = chainOf({ ...lag, snapshots: [snapshotOf({ x: 1 })] }) ?? []
    assert.deepEqual(link?.measurements, [{ name: 'lagMs', value: 900, source: 'result' }])
  })
  it('takes no number for another that happens to be the same', () => {
    const [link] = chainOf({ ...lag, snapshots: [snapshotOf({ connections: 900 })] }) ?? []
    assert.equal(link?.measurements[0]?.source, 'result')
  })
  it('finds a number under another name if it can hardly be another', () => {
    const evidence = [{ name: 'heap', value: 536_870_913 }]
    const snapshots = [snapshotOf({ heapUsedBytes: 536_870_913 })]
    const [link] = chainOf({ ...lag, evidence, snapshots }) ?? []
    assert.equal(link?.measurements[0]?.path, '/heapUsedBytes')
  })
  it('is bounded, however large the snapshot', () => {
    const wide = Array.from({ length: 30_000 }, (_, index) => ({ lagMs: index + 10_000 }))
    assert.equal(chainOf({ ...lag, snapshots: [snapshotOf(wide)] })?.[0]?.measurements.length, 1)
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

describe('checkNotification of a language model', () => {
  const draft = {
    type: 't',
    severity: 'warning',
    context: 'c',
    observation: 'parse held the loop for 81.5 ms',
    snapshotIds: ['s1'],
    location: { file: '/app/a.js', function: 'parse', line: 7 },
  } as const
  const seen = {
    snapshots: [snapshotOf({ heapMb: 512 })],
    results: [{ value: [{ durationMs: 81.5, at: 'parse (/app/a.js:7:3)' }] }],
  }
  const isFreeText = true
  const unverifiedOf = (changes: Partial<Parameters<typeof checkNotification>[0]>) => {
    const check = checkNotification({ ...draft, snapshotIds: ['s1'], ...changes }, seen, {
      isFreeText,
    })
    assert.ok(check.ok)
    return check.unverified.join()
  }
  it('has nothing against what was measured', () => {
    assert.equal(unverifiedOf({}), '')
  })
  it('finds a quantity that nobody measured', () => {
    const observation = 'parse held the loop for 4000 ms'
    assert.match(unverifiedOf({ observation }), /4000 ms stands in no snapshot/)
  })
  it('finds a place that nothing names', () => {
    const location = { ...draft.location, file: '/app/z.js' }
    assert.match(unverifiedOf({ location }), /names \/app\/z\.js:7/)
  })
  it('what an operator could not prove marks the insight that rests on it', () => {
    const { insight } = accepted({ confidence: 'high' }, [
      { ...lag, unverified: ['observation: x'] },
    ])
    assert.deepEqual([insight.unverified, insight.confidence], [['n1: observation: x'], 'medium'])
  })
})
