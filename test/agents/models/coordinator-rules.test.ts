import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { parseAction } from '../../../agents/models/parse-action.ts'
import { coordinatorRules } from '../../../agents/models/rules/coordinator-rules.ts'
import { correlate } from '../../../agents/models/rules/correlate.ts'
import { fittingSkills } from '../../../agents/models/rules/relevance.ts'
import { checkInsight } from '../../../agents/vocabulary/check-insight.ts'
import {
  type CoordinatorAction,
  coordinatorIntents,
} from '../../../agents/vocabulary/coordinator-action.ts'
import type { Insight } from '../../../agents/vocabulary/insight.ts'
import type {
  CoordinatorRequest,
  CoordinatorTurn,
} from '../../../agents/vocabulary/model-request.ts'
import type { NotificationView } from '../../../agents/vocabulary/notification.ts'
import {
  coordinatorRequest,
  done,
  failed,
  insightOf,
  knownCause,
  operatorView,
  viewOf,
} from './support/requests.ts'

const culprit = { file: 'src/range.js', function: 'parseRange', line: 5, package: 'moment@2.29.3' }
const stall = viewOf({
  id: 'stall',
  operator: 'vm_events',
  type: 'event_loop_stall',
  severity: 'critical',
  observation: 'The event loop was blocked for 1012 ms',
  hypothesis: 'A regular expression backtracks on user input',
  location: culprit,
  confidence: 'high',
  evidence: [{ name: 'durationMs', value: 1012 }],
  remediation: 'Upgrade moment',
  explains: ['vm_lagMs', 'slow_requests'],
})
const lag = viewOf({ id: 'lag', type: 'vm_lagMs', observation: 'Lag is 1000 ms' })
const leak = viewOf({
  id: 'leak',
  operator: 'tables',
  type: 'collection_growth',
  observation: 'Map pages grew from 10 to 50,000 entries',
  hypothesis: 'It is never emptied',
  location: { file: 'src/search.js', function: 'search', line: 13 },
  evidence: [{ name: 'entries', value: 50_000 }],
  remediation: 'Bound it',
  explains: ['heap_growth'],
})
const heap = viewOf({ id: 'heap', type: 'heap_growth', observation: 'The heap grew by 80 MB' })
const slow = viewOf({
  id: 'slow',
  operator: 'http',
  type: 'slow_requests',
  observation: 'GET /x takes 1.1 s',
  location: { file: 'src/routes.js', function: 'handler', line: 40 },
})
const ended = [operatorView({ skill: 'vm_events' }), operatorView({ skill: 'vm' })]
const asked = done({ intent: 'invoke_operators', skills: ['vm'] })

describe('coordinatorRules before and while operators look', () => {
  const running = [operatorView({ status: 'running' })]
  const waited = (waitedMs: number) => done({ intent: 'wait', ms: 5_000 }, { waitedMs })
  const cases: [
    name: string,
    request: Partial<CoordinatorRequest>,
    expected: Partial<CoordinatorAction>,
  ][] = [
    [
      'a reason of its own: the skills that fit',
      { reason: 'memory alert' },
      { intent: 'invoke_operators', skills: ['vm', 'tables'] },
    ],
    [
      'an unclear reason: all',
      { reason: 'something is odd' },
      { intent: 'invoke_operators', skills: ['vm', 'tables', 'vm_events'] },
    ],
    [
      'no reason, nothing known: all',
      {},
      { intent: 'invoke_operators', skills: ['vm', 'tables', 'vm_events'] },
    ],
    [
      'given notifications and no reason: conclude from them',
      { notifications: [stall] },
      { intent: 'produce_insight' },
    ],
    [
      'operators are looking: wait',
      { turns: asked, operators: running },
      { intent: 'wait', ms: 5_000 },
    ],
    [
      'no longer than there is time',
      { turns: asked, operators: running, budget: { iterationsLeft: 20, msLeft: 4_500 } },
      { intent: 'wait', ms: 1_500 },
    ],
    [
      'a caught culprit waits a moment for the others',
      { turns: [...asked, ...waited(1_000)], operators: running, notifications: [stall] },
      { intent: 'wait' },
    ],
    [
      'but not for long',
      { turns: [...asked, ...waited(3_500)], operators: running, notifications: [stall] },
      { intent: 'produce_insight', notificationIds: ['stall'] },
    ],
    [
      'longer for those who may know what is behind it',
      {
        turns: [...asked, ...waited(3_500)],
        operators: [operatorView({ skill: 'tables', status: 'running' })],
        notifications: [stall],
      },
      { intent: 'wait' },
    ],
    [
      'and even for these not for ever',
      {
        turns: [...asked, ...waited(8_500)],
        operators: [operatorView({ skill: 'tables', status: 'running' })],
        notifications: [stall],
      },
      { intent: 'produce_insight' },
    ],
    [
      'a symptom without a place does wait',
      { turns: [...asked, ...waited(30_000)], operators: running, notifications: [lag] },
      { intent: 'wait' },
    ],
    [
      'a supposed cause without a place waits too',
      {
        turns: [...asked, ...waited(30_000)],
        operators: running,
        notifications: [{ ...heap, hypothesis: 'A leak', confidence: 'high' }],
      },
      { intent: 'wait' },
    ],
    [
      'few turns left: done waits for all at once',
      { turns: asked, operators: running, budget: { iterationsLeft: 6, msLeft: 9e4 } },
      { intent: 'done' },
    ],
    [
      'the deadline is near: conclude with what is known',
      {
        turns: asked,
        operators: running,
        notifications: [stall],
        budget: { iterationsLeft: 20, msLeft: 2_000 },
      },
      { intent: 'produce_insight' },
    ],
    [
      'told to conclude: so too',
      {
        turns: [...asked, { type: 'event', event: { type: 'conclude', reason: 'cancelled' } }],
        operators: running,
        notifications: [stall],
      },
      { intent: 'produce_insight' },
    ],
    [
      'the last turn: done, and what was not concluded is said',
      {
        operators: ended,
        turns: asked,
        notifications: [stall],
        budget: { iterationsLeft: 1, msLeft: 9e4 },
      },
      {
        intent: 'done',
        summary:
          'Not concluded: The event loop was blocked for 1012 ms: parseRange (src/range.js:5), in moment@2.29.3.',
      },
    ],
    [
      'operators that could not be asked are not asked again',
      { turns: failed({ intent: 'invoke_operators', skills: ['vm'] }, 'no') },
      { intent: 'done', summary: 'Nothing is known: no operator completed a look.' },
    ],
  ]
  for (const [name, request, expected] of cases)
    it(name, () => {
      const action = coordinatorRules(coordinatorRequest(request))
      assert.deepEqual({ ...action, ...expected }, action)
    })
})

describe('coordinatorRules in a whole run', () => {
  it('a healthy process gets no insight but an explanation', () => {
    const run = drive([], { operators: ended })
    assert.deepEqual(run.insights, [])
    assert.equal(run.summary, 'Nothing out of the normal found by vm_events, vm.')
  })
  it('remarks alone are no reason for an insight', () => {
    const run = drive([viewOf({ severity: 'info', observation: 'A deployment took place' })], {
      operators: ended,
    })
    assert.deepEqual(run.insights, [])
    assert.match(run.summary, /Nothing out of the normal.* Also seen: A deployment took place/)
  })
  it('one cause with its consequence is one insight', () => {
    const run = drive([lag, stall], { operators: ended })
    assert.equal(run.insights.length, 1)
    assert.deepEqual(
      run.insights[0],
      insightOf({
        id: 'i0',
        severity: 'critical',
        correlationType: 'causal',
        confidence: 'high',
        hypothesisGrounded: true,
        summary:
          'The event loop was blocked for 1012 ms: parseRange (src/range.js:5), in moment@2.29.3.',
        rootCauseHypothesis:
          'A regular expression backtracks on user input: parseRange (src/range.js:5), in moment@2.29.3.',
        location: culprit,
        matchedObservations: [stall.observation, lag.observation],
        notificationIds: ['stall', 'lag'],
        evidence: [{ name: 'durationMs', value: 1012 }],
        remediation: 'Upgrade moment',
      }),
    )
  })
  it('the statement speaks of the cause alone', () => {
    const [insight] = drive([heap, stall, leak], { operators: ended }).insights
    assert.doesNotMatch(`${insight?.summary} ${insight?.rootCauseHypothesis}`, /heap|Map/)
  })
  it('several faults at once are an insight each, the worst first', () => {
    const run = drive([heap, leak, lag, stall], { operators: ended })
    assert.deepEqual(
      run.insights.map(({ notificationIds }) => notificationIds),
      [
        ['stall', 'lag'],
        ['leak', 'heap'],
      ],
    )
    assert.deepEqual(
      run.insights.map(({ causedBy }) => causedBy),
      [undefined, undefined],
    )
  })
  it('a consequence at a place of its own names its cause', () => {
    const run = drive([slow, stall], { operators: ended })
    assert.deepEqual(
      run.insights.map(({ notificationIds, causedBy }) => [notificationIds, causedBy]),
      [
        [['stall'], undefined],
        [['slow'], 'i0'],
      ],
    )
  })
  it('two operators at one place are one cause, and surer', () => {
    const seen = viewOf({
      id: 'a',
      location: leak.location ?? culprit,
      hypothesis: 'x',
      confidence: 'medium',
    })
    const run = drive([leak, seen], { operators: ended })
    assert.deepEqual(
      run.insights.map(({ confidence, correlationType }) => [confidence, correlationType]),
      [['high', 'symptomatic']],
    )
  })
  it('symptoms without any cause are told together, honestly', () => {
    const run = drive([lag, heap], { operators: ended })
    assert.equal(run.insights.length, 1)
    const [insight] = run.insights
    assert.equal(
      insight?.summary,
      'The heap grew by 80 MB; Lag is 1000 ms. The cause was not found.',
    )
    assert.deepEqual(
      [
        insight?.correlationType,
        insight?.confidence,
        insight?.hypothesisGrounded,
        insight?.rootCauseHypothesis,
      ],
      ['temporal', 'low', false, undefined],
    )
  })
  it('beside a known cause a bare symptom is only acknowledged', () => {
    const run = drive([leak, lag], { operators: ended })
    assert.deepEqual(
      run.insights.map(({ notificationIds }) => notificationIds),
      [['leak']],
    )
    assert.match(run.summary, /Also seen: Lag is 1000 ms/)
    assert.equal(run.statuses.get('lag'), 'acknowledged')
  })
  it('a critical symptom without a place is an insight all the same', () => {
    const run = drive([leak, { ...lag, severity: 'critical' }], { operators: ended })
    assert.equal(run.insights.length, 2)
  })
  it('a failed operator is named as failed, never as healthy', () => {
    const operators = [
      operatorView({ skill: 'vm' }),
      operatorView({ skill: 'tables', status: 'failed', reason: 'the model failed' }),
      operatorView({ skill: 'gc', status: 'crashed', reason: 'killed' }),
    ]
    const { summary } = drive([], { operators })
    assert.match(
      summary,
      /Operator tables failed \(the model failed\): its area is unknown, not healthy/,
    )
    assert.match(summary, /Operator gc crashed \(killed\)/)
    assert.match(summary, /Nothing out of the normal found by vm\./)
  })
  it('all operators failed: nothing is known', () => {
    const { summary } = drive([], { operators: [operatorView({ status: 'failed', reason: 'x' })] })
    assert.match(summary, /Nothing is known: no operator completed a look/)
    assert.doesNotMatch(summary, /normal/)
  })
  it('a late consequence joins the insight that exists', () => {
    const insights = [insightOf({ id: 'i0', notificationIds: ['stall'] })]
    const run = drive([{ ...stall, status: 'resolved' }, lag], { operators: ended, insights })
    assert.equal(run.insights.length, 1)
    assert.equal(run.statuses.get('lag'), 'resolved')
  })
  it('never claims to be a language model', () => {
    assert.doesNotMatch(
      JSON.stringify(drive([lag, stall, leak, slow], { operators: ended })),
      /language model|LLM|\bAI\b/,
    )
  })
  it('an insight that was sent back is produced once more, and not a third time', () => {
    const { intent: _, ...draft } = {
      ...coordinatorRules(coordinatorRequest({ notifications: [stall] })),
    }
    const sentBack = failed({ intent: 'produce_insight', ...draft } as CoordinatorAction, 'no')
    const next = (turns: CoordinatorTurn[]) =>
      coordinatorRules(coordinatorRequest({ notifications: [stall], turns })).intent
    assert.deepEqual(
      [next(sentBack), next([...sentBack, ...sentBack])],
      ['produce_insight', 'done'],
    )
  })
})

describe('coordinatorRules after a signal', () => {
  const stallSignal: CoordinatorTurn = {
    type: 'event',
    event: { type: 'signal', signal: { type: 'stall', durationMs: 900 } },
  }
  const whoIsAsked = (changes: Partial<CoordinatorRequest>) => {
    const action = coordinatorRules(
      coordinatorRequest({ reason: 'The event loop has been blocked', ...changes }),
    )
    return action.intent === 'invoke_operators' ? action.skills : action.intent
  }
  const first = [
    stallSignal,
    ...done({ intent: 'invoke_operators', skills: ['tables', 'vm_events'] }),
  ]
  const looked = ['tables', 'vm_events'].map((skill) => operatorView({ skill }))

  it('asks the skill that saw it, then those that can know why, nobody else', () =>
    assert.deepEqual(whoIsAsked({ turns: [stallSignal] }), ['vm_events', 'tables']))
  it('asks the rest when these have found no cause with a place', () =>
    assert.deepEqual(whoIsAsked({ turns: first, operators: looked, notifications: [lag] }), ['vm']))
  it('waits for the first circle before it widens it', () => {
    const operators = [...looked.slice(1), operatorView({ skill: 'tables', status: 'running' })]
    assert.equal(whoIsAsked({ turns: first, operators, notifications: [lag] }), 'wait')
  })
  it('asks nobody else when a cause has been caught', () =>
    assert.equal(
      whoIsAsked({ turns: first, operators: looked, notifications: [stall] }),
      'produce_insight',
    ))
  it('widens the circle once', () => {
    const turns = [...first, ...done({ intent: 'invoke_operators', skills: ['vm'] })]
    assert.equal(whoIsAsked({ turns, operators: looked, notifications: [lag] }), 'produce_insight')
  })
  it('asks all that fit when the skill that saw it takes no part in the run', () => {
    const signal = { type: 'symptom', skill: 'redis', key: 'slow' }
    const turns: CoordinatorTurn[] = [{ type: 'event', event: { type: 'signal', signal } }]
    assert.deepEqual(whoIsAsked({ turns }), ['vm', 'vm_events'])
  })
})

describe('coordinatorRules beside other runs', () => {
  const signal = { type: 'symptom', skill: 'vm', key: 'lag' }
  const turns: CoordinatorTurn[] = [{ type: 'event', event: { type: 'signal', signal } }]
  const { location: place, type } = stall
  const beside = (notifications: NotificationView[], changes: Partial<CoordinatorRequest>) =>
    drive(notifications, {
      operators: ['vm', 'tables', 'vm_events'].map((skill) => operatorView({ skill })),
      turns: [...turns, ...asked, ...asked],
      known: [knownCause()],
      ...changes,
    })

  it('tells no symptom that another run has explained', () => {
    const run = beside([lag], {})
    assert.deepEqual(run.insights, [])
    assert.match(run.summary, /Told by another run already: A regular expression.*r0\.i1/)
  })
  it('tells a symptom that it does not explain, and only that', () => {
    const [insight] = beside([lag, heap], {}).insights
    assert.deepEqual(insight?.notificationIds, ['heap'])
  })
  it('tells a cause of its own all the same', () =>
    assert.equal(beside([leak], {}).insights.length, 1))
  it('tells no cause that was told, at the same place', () => {
    const known = [knownCause({ types: [type], severity: 'critical', location: culprit })]
    assert.deepEqual(place, culprit)
    assert.deepEqual(beside([stall], { known }).insights, [])
  })
  it('tells it again when it is worse than it was told', () => {
    const known = [knownCause({ types: [type], severity: 'warning', location: culprit })]
    assert.equal(beside([stall], { known }).insights.length, 1)
  })
  it('answers who asks, whatever was told before', () => {
    const run = beside([lag], { turns: [...asked, ...asked] })
    assert.equal(run.insights.length, 1)
  })
})

describe('correlate', () => {
  it('cuts a circle at its weakest link', () => {
    const a = viewOf({ id: 'a', type: 'a', severity: 'critical', hypothesis: 'x', explains: ['b'] })
    const b = viewOf({ id: 'b', type: 'b', hypothesis: 'y', explains: ['a'] })
    for (const order of [
      [a, b],
      [b, a],
    ]) {
      const { causes } = correlate(order)
      assert.deepEqual(
        causes.map(({ cluster, folded }) => [cluster.lead.id, folded.map(({ lead }) => lead.id)]),
        [['a', ['b']]],
      )
    }
  })
  it('follows a chain to its root', () => {
    const root = viewOf({ id: 'r', type: 'r', hypothesis: 'x', explains: ['m'] })
    const middle = viewOf({ id: 'm', type: 'm', explains: ['e'] })
    const end = viewOf({ id: 'e', type: 'e', severity: 'critical' })
    const { causes } = correlate([end, middle, root])
    assert.deepEqual(
      causes.map(({ cluster, folded }) => [cluster.lead.id, folded.length]),
      [['r', 2]],
    )
  })
  it('loses no notification and tells none twice', () => {
    const types = fc.constantFrom('a', 'b', 'c', 'd')
    const any = fc.record({
      type: types,
      explains: fc.array(types, { maxLength: 3 }),
      severity: fc.constantFrom('info' as const, 'warning' as const, 'critical' as const),
      line: fc.integer({ min: 0, max: 3 }),
      operator: fc.constantFrom('x', 'y'),
    })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (drafts) => {
        const all = drafts.map(({ line, ...draft }, index) =>
          viewOf({
            ...draft,
            id: `n${index}`,
            ...(line === 0 ? {} : { location: { file: 'f', function: `f${line}`, line } }),
          }),
        )
        const { causes, symptoms, remarks } = correlate(all)
        const clusters = [
          ...causes.flatMap(({ cluster, folded, marked }) => [cluster, ...folded, ...marked]),
          ...symptoms,
          ...remarks,
        ]
        const ids = clusters.flatMap(({ members }) => members.map(({ id }) => id))
        assert.deepEqual(ids.toSorted(), all.map(({ id }) => id).toSorted())
      }),
    )
  })
  it('its insights pass the check and the schema, and a run always ends', () => {
    const any = fc.record({
      type: fc.constantFrom('a', 'b', 'c'),
      explains: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
      severity: fc.constantFrom('info' as const, 'warning' as const, 'critical' as const),
      observation: fc
        .string({ minLength: 1, maxLength: 1_000 })
        .filter((text) => text.trim() !== ''),
      line: fc.integer({ min: 0, max: 2 }),
    })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), (drafts) => {
        const all = drafts.map(({ line, ...draft }, index) =>
          viewOf({
            ...draft,
            id: `n${index}`,
            ...(line === 0 ? {} : { location: { file: 'f', function: `f${line}`, line } }),
          }),
        )
        drive(all, { operators: ended })
      }),
    )
  })
})

describe('fittingSkills', () => {
  const skills = coordinatorRequest().skills
  const cases: [reason: string | undefined, expected: string[]][] = [
    [undefined, ['vm', 'tables', 'vm_events']],
    ['p99 doubled', ['vm', 'vm_events']],
    ['heap leaks', ['vm', 'tables']],
    ['look at tables', ['vm', 'tables']],
    ['the weather', ['vm', 'tables', 'vm_events']],
  ]
  for (const [reason, expected] of cases)
    it(`${reason} -> ${expected.join(', ')}`, () =>
      assert.deepEqual(fittingSkills(skills, reason), expected))
})

/** Plays the coordinator's loop after its operators have ended; every action must fit the vocabulary. */
function drive(notifications: readonly NotificationView[], changes: Partial<CoordinatorRequest>) {
  const tools = toolSchemas({ agent: 'coordinator', tools: coordinatorIntents })
  let request = coordinatorRequest({ turns: asked, notifications, ...changes })
  for (let turn = 0; turn < 40; turn++) {
    const action = coordinatorRules(request)
    const parsed = parseAction(tools, JSON.stringify(action))
    assert.ok(parsed.ok, JSON.stringify(parsed))
    if (action.intent === 'done') {
      const statuses = new Map(request.notifications.map(({ id, status }) => [id, status]))
      return { insights: request.insights, summary: action.summary ?? '', statuses }
    }
    request = { ...request, ...carryOut(request, action) }
  }
  throw new Error('not done after 40 turns')
}

function carryOut(
  request: CoordinatorRequest,
  action: CoordinatorAction,
): Partial<CoordinatorRequest> {
  const turns = [...request.turns, ...done(action)]
  const marked = (ids: readonly string[], status: NotificationView['status']) =>
    request.notifications.map((one) => (ids.includes(one.id) ? { ...one, status } : one))
  if (action.intent === 'update_notification_statuses')
    return { turns, notifications: marked(action.notificationIds, action.status) }
  if (action.intent !== 'produce_insight') throw new Error(`unexpected ${action.intent}`)
  const { intent: _, ...draft } = action
  const check = checkInsight(
    draft,
    request.notifications,
    request.insights.map(({ id }) => id),
  )
  assert.ok(check.ok, JSON.stringify(check))
  assert.deepEqual(check.corrections, [])
  const { evidenceChain: _chain, ...checked } = check.insight
  const insight: Insight = {
    ...insightOf(),
    ...checked,
    notificationIds: draft.notificationIds,
    id: `i${request.insights.length}`,
  }
  return {
    turns,
    insights: [...request.insights, insight],
    notifications: marked(draft.notificationIds, 'resolved'),
  }
}
