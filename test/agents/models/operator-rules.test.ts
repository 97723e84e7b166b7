import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { parseAction } from '../../../agents/models/parse-action.ts'
import { operatorRules } from '../../../agents/models/rules/operator-rules.ts'
import type { OperatorRequest, OperatorTurn } from '../../../agents/vocabulary/model-request.ts'
import type { Notification } from '../../../agents/vocabulary/notification.ts'
import type { OperatorAction, OperatorHealth } from '../../../agents/vocabulary/operator-action.ts'
import { operatorIntents } from '../../../agents/vocabulary/operator-action.ts'
import type { DrillStep, SkillDescription } from '../../../agents/vocabulary/skill-description.ts'
import { done, failed, operatorRequest, skillOf, snapshotOf } from './support/requests.ts'

const stalls: DrillStep = {
  id: 'stalls',
  when: [{ field: 'lagMs', above: 50 }],
  code: 'return vm_events_stalls({ limit = 5 })',
  rows: [{ field: 'durationMs', above: 100 }],
  limit: 2,
  notify: {
    type: 'event_loop_stall',
    severity: '{severity}',
    context: 'Stall of {durationMs} ms while lag was {snapshot.lagMs} ms',
    observation: 'Event loop blocked {durationMs} ms in {culprit.function}',
    hypothesis: '{why}',
    remediation: 'Move it to a worker',
    location: 'culprit',
    confidence: 'high',
    evidence: ['durationMs', 'stack', 'snapshot.lagMs', 'nothing'],
    explains: ['vm_lagMs'],
  },
}
const row = {
  severity: 'critical',
  durationMs: 812.345,
  why: 'a synchronous loop',
  stack: ['f', 'g'],
  culprit: { file: 'src/a.js', function: 'f', line: 12, package: null },
}
const watched: SkillDescription = skillOf({
  watch: [
    {
      metric: 'lagMs',
      above: 50,
      severity: 'warning',
      observation: 'Lag is {value} ms, heap {heap.usedMb} MB',
    },
    {
      metric: 'lagMs',
      above: 500,
      severity: 'critical',
      observation: 'Lag is {value} ms, far too much',
    },
    {
      metric: 'heap.usedMb',
      above: 400,
      severity: 'warning',
      type: 'heap_high',
      observation: 'Heap {value} MB',
      hypothesis: 'A leak',
    },
  ],
  drilldown: [stalls],
})

describe('operatorRules takes the steps in order', () => {
  const healthy = snapshotOf({ lagMs: 3, heap: { usedMb: 20 } })
  const placed = {
    ...notice('critical'),
    location: { file: 'src/a.js', function: 'f', line: 12 },
  }
  const laggy = snapshotOf({ lagMs: 90, heap: { usedMb: 20 } })
  const snap = done({ intent: 'take_snapshot' })
  const ran = done(
    { intent: 'execute', code: stalls.code },
    { value: [row, { ...row, durationMs: 20 }] },
  )
  const sent = (observation: string, type = 'event_loop_stall'): OperatorTurn[] =>
    done({
      intent: 'send_notification',
      type,
      severity: 'critical',
      context: 'c',
      observation,
      snapshotIds: ['s1'],
    })
  const stall = 'Event loop blocked 812.35 ms in f'
  const cases: [
    name: string,
    request: Partial<OperatorRequest>,
    expected: Partial<OperatorAction>,
  ][] = [
    ['first a snapshot', {}, { intent: 'take_snapshot' }],
    [
      'all within bounds: done',
      { turns: snap, snapshots: [healthy] },
      {
        intent: 'done',
        summary:
          'Virtual machine: 1 snapshot, 0 closer looks. All within its bounds. Looked for and not seen: event_loop_stall.',
      },
    ],
    [
      'a step that is due is executed',
      { turns: snap, snapshots: [laggy] },
      { intent: 'execute', code: stalls.code },
    ],
    [
      'the row that counts is told',
      { turns: [...snap, ...ran], snapshots: [laggy] },
      { intent: 'send_notification', observation: stall },
    ],
    [
      'then the watch rule',
      {
        turns: [...snap, ...ran, ...sent(stall)],
        snapshots: [laggy],
        notifications: [placed],
      },
      { intent: 'send_notification', type: 'vm_lagMs', observation: 'Lag is 90 ms, heap 20 MB' },
    ],
    [
      'then the state',
      {
        turns: [...snap, ...ran, ...sent(stall), ...sent('Lag is 90 ms, heap 20 MB', 'vm_lagMs')],
        snapshots: [laggy],
        notifications: [notice('critical')],
      },
      { intent: 'set_state', state: 'critical' },
    ],
    [
      'a snapshot that failed is tried again',
      { turns: failed({ intent: 'take_snapshot' }, 'main is blocked') },
      { intent: 'take_snapshot' },
    ],
    [
      'but not for ever, and never passes for health',
      {
        turns: [
          ...failed({ intent: 'take_snapshot' }, 'x'),
          ...failed({ intent: 'take_snapshot' }, 'blocked'),
        ],
      },
      {
        intent: 'set_state',
        state: 'observing',
        reason: 'not all could be read: no snapshot could be taken (blocked)',
      },
    ],
    [
      'a refused notification is not sent again',
      {
        turns: [
          ...snap,
          ...ran,
          ...failed(
            {
              intent: 'send_notification',
              type: 'event_loop_stall',
              severity: 'critical',
              context: 'c',
              observation: stall,
              snapshotIds: ['s1'],
            },
            'no',
          ),
        ],
        snapshots: [laggy],
        notifications: [placed],
      },
      { intent: 'send_notification', type: 'vm_lagMs' },
    ],
    [
      'time is short: no closer look, tell what is known',
      { turns: snap, snapshots: [laggy], budget: { iterationsLeft: 20, msLeft: 1_000 } },
      { intent: 'send_notification', type: 'vm_lagMs' },
    ],
    [
      'two turns left: the state',
      {
        turns: snap,
        snapshots: [laggy],
        notifications: [notice('warning')],
        budget: { iterationsLeft: 2, msLeft: 9e4 },
      },
      { intent: 'set_state', state: 'warning' },
    ],
    [
      'the last turn: done',
      { turns: snap, snapshots: [laggy], budget: { iterationsLeft: 1, msLeft: 9e4 } },
      { intent: 'done' },
    ],
    [
      'told to conclude: no snapshot is begun',
      { turns: [{ type: 'event', event: { type: 'conclude', reason: 'deadline' } }] },
      { intent: 'set_state', state: 'observing' },
    ],
  ]
  for (const [name, request, expected] of cases)
    it(name, () => {
      const action = operatorRules(operatorRequest({ skill: watched, ...request }))
      assert.deepEqual({ ...action, ...expected }, action)
    })
})

describe('operatorRules fills a notification from a row', () => {
  const request = operatorRequest({
    skill: watched,
    snapshots: [snapshotOf({ lagMs: 90 })],
    turns: done({ intent: 'execute', code: stalls.code }, { value: row, logs: [] }),
  })
  it('with everything the skill declares', () => {
    assert.deepEqual(operatorRules(request), {
      intent: 'send_notification',
      type: 'event_loop_stall',
      severity: 'critical',
      context: 'Stall of 812.35 ms while lag was 90 ms',
      observation: 'Event loop blocked 812.35 ms in f',
      hypothesis: 'a synchronous loop',
      remediation: 'Move it to a worker',
      snapshotIds: ['s1'],
      location: { file: 'src/a.js', function: 'f', line: 12 },
      confidence: 'high',
      evidence: [
        { name: 'durationMs', value: 812.345 },
        { name: 'stack', value: '["f","g"]' },
        { name: 'snapshot.lagMs', value: 90 },
      ],
      explains: ['vm_lagMs'],
    })
  })
  it('of two bounds on one metric only the worse is told', () => {
    const run = drive(skillOf({ watch: watched.watch }), { lagMs: 900, heap: { usedMb: 1 } }, {})
    assert.deepEqual(
      run.notifications.map(({ observation }) => observation),
      ['Lag is 900 ms, far too much'],
    )
    assert.equal(run.state, 'critical')
  })
  it('a sentence that the row does not have is left out', () => {
    const { why: _, ...rest } = row
    const bad = operatorRequest({
      ...request,
      turns: done({ intent: 'execute', code: stalls.code }, [rest]),
    })
    assert.ok(!('hypothesis' in operatorRules(bad)))
  })
  it('a row without a usable place has none', () => {
    const bad = operatorRequest({
      ...request,
      turns: done({ intent: 'execute', code: stalls.code }, [
        { ...row, culprit: { function: 'f' } },
      ]),
    })
    assert.ok(!('location' in operatorRules(bad)))
  })
})

describe('operatorRules in a whole run', () => {
  it('a fault ends with its notifications, the state and a summary', () => {
    const run = drive(watched, { lagMs: 90, heap: { usedMb: 500 } }, { [stalls.code]: [row] })
    assert.deepEqual(run.intents, [
      'take_snapshot',
      'execute',
      'send_notification',
      'send_notification',
      'send_notification',
      'set_state',
      'done',
    ])
    assert.deepEqual(
      run.notifications.map(({ type }) => type),
      ['event_loop_stall', 'vm_lagMs', 'heap_high'],
    )
    assert.equal(
      run.summary,
      'Virtual machine: 1 snapshot, 1 closer look. Found critical event_loop_stall, warning vm_lagMs, warning heap_high.',
    )
  })
  it('a healthy process ends in two turns without a notification', () => {
    const run = drive(watched, { lagMs: 1, heap: { usedMb: 5 } }, {})
    assert.deepEqual(run.intents, ['take_snapshot', 'done'])
    assert.equal(run.state, 'healthy')
  })
  it('a closer look that fails leaves the operator observing, and says so', () => {
    const run = drive(skillOf({ drilldown: [{ ...stalls, when: [] }] }), { lagMs: 1 }, {})
    assert.equal(run.state, 'observing')
    assert.match(run.summary, /Not known: stalls failed \(no such callback\)/)
  })
  it('an answer to the coordinator says what is known', () => {
    const action = operatorRules(
      operatorRequest({
        tools: ['answer'],
        notifications: [notice('warning')],
        snapshots: [snapshotOf({})],
      }),
    )
    assert.ok(action.intent === 'answer')
    assert.deepEqual(action.findings, ['seen'])
  })

  const questions: [question: string, first: RegExp][] = [
    ['Which Map grows fastest?', /orderMap/],
    ['How full is the heap?', /heap\.usedMb is 512/],
    ['Why is the event loop late?', /Event loop blocked 812 ms/],
  ]
  for (const [text, first] of questions) {
    it(`an answer goes to the question: ${text}`, () => {
      const action = operatorRules(
        operatorRequest({
          tools: ['answer'],
          question: { from: 'user', text },
          notifications: [{ ...notice('warning'), observation: 'Event loop blocked 812 ms' }],
          snapshots: [snapshotOf({ lagMs: 3, heap: { usedMb: 512 } })],
          turns: done({ intent: 'execute', code: 'x' }, [
            { name: 'orderMap', kind: 'Map', growsPerMinute: 900 },
            { name: 'list', kind: 'Array', growsPerMinute: 1 },
          ]),
        }),
      )
      assert.ok(action.intent === 'answer')
      assert.match(action.findings?.[0] ?? '', first)
      assert.match(action.summary, first)
    })
  }

  it('an answer says so when nothing that was seen speaks of the question', () => {
    const question = { from: 'user', text: 'What of the certificates?' }
    const action = operatorRules(
      operatorRequest({ tools: ['answer'], question, snapshots: [snapshotOf({ lagMs: 3 })] }),
    )
    assert.ok(action.intent === 'answer')
    assert.match(action.summary, /Nothing that this run has looked at speaks of "What of the cert/)
  })
})

describe('operatorRules of a continuous operator', () => {
  const told = (severity: 'warning' | 'critical') => ({
    id: 'w1.n1',
    type: 'vm_lagMs',
    severity,
    observation: 'Lag is 80 ms',
  })
  const watch = { since: '2026-11-24T00:00:00.000Z', state: 'warning', opened: 'Lag.' } as const
  const at = (lagMs: number, changes: Partial<OperatorRequest> = {}): OperatorRequest =>
    operatorRequest({
      skill: { ...watched, drilldown: [] },
      snapshots: [snapshotOf({ lagMs, heap: { usedMb: 10 } })],
      state: 'warning',
      ...changes,
    })

  it('does not tell again what it told before and is no worse', () => {
    const action = operatorRules(at(90, { watch: { ...watch, told: [told('warning')] } }))
    assert.deepEqual([action.intent, 'ms' in action && action.ms], ['wait', 60_000])
  })
  it('tells what has become worse', () => {
    const tools = ['send_notification', 'done'] as const
    const action = operatorRules(at(900, { tools, watch: { ...watch, told: [told('warning')] } }))
    assert.equal(action.intent === 'send_notification' && action.severity, 'critical')
  })
  it('calls the skill healthy when it is over, and leaves the watch to the gate', () => {
    const request = at(3, { watch: { ...watch, told: [told('warning')] } })
    const action = operatorRules(request)
    assert.equal(action.intent === 'set_state' && action.state, 'healthy')
    const turns = done({ intent: 'set_state', state: 'healthy', reason: 'over' } as const)
    assert.equal(operatorRules({ ...request, state: 'healthy', turns }).intent, 'done')
  })
})

describe('operatorRules always speaks the vocabulary', () => {
  const tools = toolSchemas({ agent: 'operator', tools: operatorIntents })
  const json = fc.jsonValue({ maxDepth: 3 })
  it('whatever rows and snapshots hold', () => {
    fc.assert(
      fc.property(json, json, fc.string({ maxLength: 3_000 }), (data, rows, text) => {
        const skill = skillOf({
          watch: [{ metric: 'a', above: 0, severity: 'warning', observation: `${text}x` }],
          drilldown: [
            {
              ...stalls,
              when: [],
              rows: [],
              notify: { ...stalls.notify, context: text, observation: text, hypothesis: text },
            },
          ],
        })
        const turns = done(
          { intent: 'execute', code: stalls.code },
          JSON.parse(JSON.stringify(rows)),
        )
        const action = operatorRules(
          operatorRequest({
            skill,
            turns,
            snapshots: [snapshotOf(JSON.parse(JSON.stringify(data)))],
          }),
        )
        const parsed = parseAction(tools, JSON.stringify(action))
        assert.ok(parsed.ok, JSON.stringify(parsed))
      }),
    )
  })
})

function notice(severity: Notification['severity']): Notification {
  return {
    id: 'n1',
    runId: 'r1',
    operator: 'vm',
    type: 't',
    severity,
    context: 'c',
    observation: 'seen',
    snapshotIds: ['s1'],
    snapshots: [],
    detectedAt: '2026-11-24T10:00:00.000Z',
    node: 'n',
  }
}

/** Plays the operator's loop: carries out what rules choose until done. */
function drive(skill: SkillDescription, data: object, results: Record<string, object>) {
  let request = operatorRequest({ skill })
  const intents: string[] = []
  for (let turn = 0; turn < 25; turn++) {
    const action = operatorRules(request)
    intents.push(action.intent)
    if (action.intent === 'done')
      return {
        intents,
        notifications: request.notifications,
        state: request.state,
        summary: action.summary ?? '',
      }
    request = { ...request, ...carryOut(request, action, data, results) }
  }
  throw new Error(`not done after 25 turns: ${intents.join(', ')}`)
}

function carryOut(
  request: OperatorRequest,
  action: OperatorAction,
  data: object,
  results: Record<string, object>,
): Partial<OperatorRequest> {
  const turns = (more: OperatorTurn[]) => [...request.turns, ...more]
  if (action.intent === 'take_snapshot')
    return { snapshots: [snapshotOf(JSON.parse(JSON.stringify(data)))], turns: turns(done(action)) }
  if (action.intent === 'set_state') {
    const state: OperatorHealth = action.state
    return { state, turns: turns(done(action)) }
  }
  if (action.intent === 'send_notification') {
    const { intent: _, ...draft } = action
    const notification = { ...notice('info'), ...draft, id: `n${request.notifications.length}` }
    return { notifications: [...request.notifications, notification], turns: turns(done(action)) }
  }
  if (action.intent === 'execute') {
    const value = results[action.code]
    return {
      turns: turns(
        value === undefined
          ? failed(action, 'no such callback')
          : done(action, { value: JSON.parse(JSON.stringify(value)) }),
      ),
    }
  }
  throw new Error(`unexpected ${action.intent}`)
}
