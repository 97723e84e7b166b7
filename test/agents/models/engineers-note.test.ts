import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { coordinatorRules } from '../../../agents/models/rules/coordinator-rules.ts'
import { operatorRules } from '../../../agents/models/rules/operator-rules.ts'
import { bounds } from '../../../agents/vocabulary/bounds.ts'
import type { InsightDraft } from '../../../agents/vocabulary/coordinator-action.ts'
import type {
  CoordinatorRequest,
  OperatorTurn,
  RunEvent,
} from '../../../agents/vocabulary/model-request.ts'
import type { OperatorAction } from '../../../agents/vocabulary/operator-action.ts'
import {
  coordinatorRequest,
  done,
  failed,
  insightOf,
  operatorRequest,
  operatorView,
  skillOf,
  snapshotOf,
  summaryOf,
  viewOf,
} from './support/requests.ts'

const place = { file: 'src/cache.js', function: 'remember', line: 7 }
const leak = viewOf({
  id: 'n1',
  operator: 'tables',
  type: 'tables_growth',
  severity: 'critical',
  observation: 'The Map sessions grows',
  location: place,
  confidence: 'high',
  explains: ['vm_heapUsedPct'],
})
const heap = viewOf({ id: 'n2', type: 'vm_heapUsedPct', observation: 'Heap in use 93 %' })

function ended(skill: string, summary: string): { type: 'event'; event: RunEvent } {
  return {
    type: 'event',
    event: {
      type: 'operator_complete',
      skill,
      ending: { type: 'completed', state: 'healthy', summary },
      notificationIds: [],
    },
  }
}

const quiet =
  'GC: 1 snapshot, 2 closer looks. All within its bounds; nearest: sharePct 4 (wrong above 20). Looked for and not seen: gc_thrash, gc_pressure.'

/** The insight that rules make of a run whose operators have ended. */
function insightFrom(changes: Partial<CoordinatorRequest>): InsightDraft {
  const action = coordinatorRules(coordinatorRequest({ reason: 'memory', ...changes }))
  if (action.intent !== 'produce_insight') return assert.fail(action.intent)
  return action
}

function told(draft: InsightDraft, name: string): unknown {
  return draft.evidence?.find((one) => one.name === name)?.value
}

const invoked = done({ intent: 'invoke_operators', skills: ['tables', 'vm', 'gc'] })
const operators = [
  operatorView({ skill: 'tables', state: 'critical' }),
  operatorView({ skill: 'gc' }),
]

describe('an insight of rules says', () => {
  it('what was looked at and is not the cause', () => {
    const draft = insightFrom({
      turns: [...invoked, ended('gc', quiet)],
      operators,
      notifications: [leak],
    })
    assert.equal(told(draft, 'ruled out'), 'gc (gc_thrash, gc_pressure)')
  })

  it('the nearest to a bound where no fault was looked for', () => {
    const summary = 'GC: 1 snapshot. All within its bounds; nearest: sharePct 4 (wrong above 20).'
    const draft = insightFrom({
      turns: [...invoked, ended('gc', summary)],
      operators,
      notifications: [leak],
    })
    assert.equal(told(draft, 'ruled out'), 'gc (sharePct 4 (wrong above 20))')
  })

  it('those first that could have known the cause', () => {
    const skills = [
      summaryOf('tables', 'Maps.', ['vm']),
      summaryOf('gc', 'Collections.', []),
      summaryOf('vm', 'Memory.', []),
    ]
    const draft = insightFrom({
      turns: [...invoked, ended('gc', quiet)],
      skills,
      operators: [...operators, operatorView({ skill: 'vm' })],
      notifications: [leak],
    })
    assert.equal(told(draft, 'ruled out'), 'vm; gc (gc_thrash, gc_pressure)')
  })

  it('nothing of a skill that saw something, or could not read all', () => {
    const unsure = [
      operatorView({ skill: 'tables' }),
      operatorView({ skill: 'gc', state: 'observing' }),
    ]
    const draft = insightFrom({ turns: invoked, operators: unsure, notifications: [leak] })
    assert.equal(told(draft, 'ruled out'), undefined)
  })

  it('which other cause could explain the same, and why it stands behind', () => {
    const rival = viewOf({
      id: 'n3',
      operator: 'gc',
      type: 'gc_pressure',
      observation: 'Collections take 40 % of the time.',
      hypothesis: 'Many short-lived objects',
      explains: ['vm_heapUsedPct'],
    })
    const draft = insightFrom({ turns: invoked, operators, notifications: [leak, heap, rival] })
    assert.equal(draft.summary.startsWith('The Map sessions grows'), true)
    assert.equal(
      told(draft, 'weighed'),
      'Collections take 40 % of the time (gc): could explain it too, but it is less severe',
    )
  })

  it('who failed, who was still looking, and what could not be read', () => {
    const draft = insightFrom({
      turns: [
        ...invoked,
        ended('vm', 'VM: 0 snapshots. Not known: loop failed (main is blocked).'),
      ],
      operators: [
        operatorView({ skill: 'tables' }),
        operatorView({ skill: 'gc', status: 'crashed', reason: 'out of memory' }),
        operatorView({ skill: 'vm', state: 'observing' }),
      ],
      notifications: [leak],
    })
    assert.equal(
      told(draft, 'not known'),
      'gc crashed (out of memory); vm: loop failed (main is blocked)',
    )
  })

  it('who could have known the cause and was not asked', () => {
    const draft = insightFrom({
      turns: done({ intent: 'invoke_operators', skills: ['vm'] }),
      skills: [summaryOf('vm', 'Memory.', ['tables']), summaryOf('tables', 'Maps.', [])],
      operators: [operatorView({ skill: 'vm', state: 'critical' })],
      notifications: [viewOf({ severity: 'critical', location: place, confidence: 'medium' })],
    })
    assert.equal(told(draft, 'not known'), 'not asked: tables')
    assert.match(draft.remediation ?? '', /Not known yet: not asked: tables\./)
  })

  it('of a symptom without a cause what would have to be asked', () => {
    const draft = insightFrom({
      turns: done({ intent: 'invoke_operators', skills: ['vm'] }),
      skills: [summaryOf('vm', 'Memory.', [])],
      operators: [operatorView({ state: 'warning' })],
      notifications: [heap],
    })
    assert.match(draft.summary, /The cause was not found/)
    assert.equal(
      draft.remediation,
      'To find it: let tables, gc, allocator look, which took no part in this run.',
    )
  })

  it('no less of what was measured, and no more than fits', () => {
    const evidence = Array.from({ length: bounds.evidence }, (_, index) => ({
      name: `n${index}`,
      value: index,
    }))
    const draft = insightFrom({
      turns: [...invoked, ended('gc', quiet)],
      operators,
      notifications: [{ ...leak, evidence }],
    })
    assert.equal(draft.evidence?.length, bounds.evidence)
    assert.deepEqual(draft.evidence?.[0], evidence[0])
    assert.equal(draft.hypothesisGrounded, true)
  })
})

describe('the summary of a run of rules says', () => {
  const summary = (changes: Partial<CoordinatorRequest>): string => {
    const action = coordinatorRules(coordinatorRequest({ reason: 'memory', ...changes }))
    if (action.intent !== 'done') return assert.fail(action.intent)
    return action.summary ?? ''
  }

  it('what was ruled out beside the insight', () => {
    const text = summary({
      turns: [
        ...invoked,
        ended('gc', quiet),
        ...done({
          intent: 'produce_insight',
          notificationIds: ['n1'],
          correlationType: 'causal',
          summary: 'x',
          matchedObservations: ['The Map sessions grows'],
          hypothesisGrounded: false,
          confidence: 'high',
        }),
      ],
      operators,
      notifications: [{ ...leak, status: 'resolved' }],
      insights: [insightOf({ summary: 'The Map sessions grows' })],
    })
    assert.match(
      text,
      /Insights: The Map sessions grows Ruled out: gc \(gc_thrash, gc_pressure\)\./,
    )
  })

  it('of a healthy process what was looked at', () => {
    const text = summary({
      turns: [...invoked, ended('gc', quiet)],
      operators: [operatorView({ skill: 'gc' })],
    })
    assert.match(
      text,
      /Nothing out of the normal found by gc\. Looked at: gc \(gc_thrash, gc_pressure\)/,
    )
  })
})

describe('an operator of rules', () => {
  const rising = {
    metric: 'vm_heapUsedPct',
    points: 60,
    first: 40,
    last: 93,
    max: 93,
    slopePerMinute: 5.3,
    fromSecondsAgo: 600,
  }
  const skill = skillOf({
    watch: [
      {
        metric: 'heapUsedPct',
        above: 85,
        severity: 'warning',
        observation: 'Heap in use {value} %',
      },
    ],
  })
  const snapshots = [snapshotOf({ heapUsedPct: 93 })]
  const taken = done({ intent: 'take_snapshot' })
  const first = operatorRules(operatorRequest({ skill, snapshots, turns: taken }))
  const code = first.intent === 'execute' ? first.code : ''
  const after = (turns: readonly OperatorTurn[]): OperatorAction =>
    operatorRules(operatorRequest({ skill, snapshots, turns: [...taken, ...turns] }))
  const asked: OperatorAction = { intent: 'execute', code }

  it('asks how a number came out of its bounds before it tells it', () => {
    assert.match(code, /base_history\(\{ metric = metric, windowSeconds = 600 \}\)/)
    assert.match(code, /"vm_heapUsedPct"/)
  })

  const trends: readonly [string, object, string][] = [
    ['rises', rising, 'rising, from 40 to 93 in the last 600 s'],
    ['falls', { ...rising, first: 93, last: 40 }, 'falling, from 93 to 40 in the last 600 s'],
    ['is as it was', { ...rising, first: 92 }, 'steady, from 92 to 93 in the last 600 s'],
    [
      'was worse',
      { ...rising, first: 40, last: 50, max: 93 },
      'rising, from 40 to 50 in the last 600 s, at most 93 in between',
    ],
  ]
  for (const [what, row, text] of trends) {
    it(`tells of a number that ${what} what the history says`, () => {
      const action = after(done(asked, { value: [{ ...row }] }))
      assert.ok(action.intent === 'send_notification')
      assert.equal(action.observation, 'Heap in use 93 %')
      assert.deepEqual(action.evidence, [
        { name: 'heapUsedPct', value: 93 },
        { name: 'heapUsedPct trend', value: text },
        { name: 'heapUsedPct per minute', value: 5.3 },
      ])
    })
  }

  const silent: readonly [string, readonly OperatorTurn[]][] = [
    ['has no history', done(asked, { value: [] })],
    ['has hardly any readings', done(asked, { value: [{ ...rising, points: 2 }] })],
    ['has a history that cannot be read', failed(asked, 'no such callback')],
  ]
  for (const [what, turns] of silent) {
    it(`tells a number that ${what} all the same`, () => {
      const action = after(turns)
      assert.ok(action.intent === 'send_notification')
      assert.deepEqual(action.evidence, [{ name: 'heapUsedPct', value: 93 }])
    })
  }

  it('asks for no trend where a closer look has shown the place', () => {
    const found = { ...leak, snapshots }
    const action = operatorRules(
      operatorRequest({ skill, snapshots, turns: taken, notifications: [found] }),
    )
    assert.equal(action.intent, 'send_notification')
  })

  it('asks for no trend when turns are few', () => {
    const action = operatorRules(
      operatorRequest({
        skill,
        snapshots,
        turns: taken,
        budget: { iterationsLeft: 4, msLeft: 60_000 },
      }),
    )
    assert.equal(action.intent, 'send_notification')
  })

  it('says what it looked at when it found nothing', () => {
    const action = operatorRules(
      operatorRequest({
        skill: {
          ...skill,
          watch: [
            ...skill.watch,
            { metric: 'lagMs', above: 50, severity: 'warning', observation: 'x' },
            { metric: 'freeMb', below: 10, severity: 'warning', observation: 'x' },
          ],
        },
        snapshots: [snapshotOf({ heapUsedPct: 40, lagMs: 20, freeMb: 1000 })],
        turns: taken,
      }),
    )
    assert.ok(action.intent === 'done')
    assert.match(
      action.summary ?? '',
      /All within its bounds; nearest: heapUsedPct 40 \(wrong above 85\), lagMs 20 \(wrong above 50\)\./,
    )
  })
})
