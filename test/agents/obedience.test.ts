import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startCoordinatorRun, stepCoordinator } from '../../agents/loop/coordinator-loop.ts'
import { maxOperatorStarts } from '../../agents/loop/coordinator-operators.ts'
import type { CoordinatorEffect, CoordinatorRun } from '../../agents/loop/coordinator-run.ts'
import { startOperatorRun, stepOperator } from '../../agents/loop/operator-loop.ts'
import { toolSchemas } from '../../agents/models/action-schema.ts'
import { parseAction } from '../../agents/models/parse-action.ts'
import type { CoordinatorAction } from '../../agents/vocabulary/coordinator-action.ts'
import type { OperatorAction } from '../../agents/vocabulary/operator-action.ts'
import { summarize } from '../../agents/vocabulary/skill-description.ts'
import { coordinatorRequest, operatorRequest } from './models/support/requests.ts'
import { limits, reply, skill, t0 } from './support/kernel.ts'

/** Answers of a model that does what it has read; what the parser makes of them. */
const answers: [who: 'operator' | 'coordinator', answer: object, read: object | undefined][] = [
  ['coordinator', { intent: 'execute', code: 'return 1' }, undefined],
  ['coordinator', { intent: 'take_snapshot' }, undefined],
  ['coordinator', { intent: 'shell', command: 'rm -rf /' }, undefined],
  ['coordinator', { intent: 'answer', summary: 'x' }, undefined],
  ['operator', { intent: 'invoke_operators', skills: ['mail'] }, undefined],
  ['operator', { intent: 'produce_insight', summary: 'x' }, undefined],
  ['operator', { intent: 'schedule', ms: 1000, reason: 'x' }, undefined],
  ['operator', { intent: 'message_operator', skill: 'mail', message: 'x' }, undefined],
  ['operator', { intent: 'answer', summary: 'x' }, undefined],
  [
    'operator',
    { intent: 'think', thought: 'x', maxIterations: 1e6, tokenBudget: 1e9, approve: true },
    { intent: 'think', thought: 'x' },
  ],
  [
    'operator',
    { intent: 'execute', code: 'return 1', callbacks: ['mail_send'], limits: { cpuMs: 1e9 } },
    { intent: 'execute', code: 'return 1' },
  ],
  ['operator', { intent: 'wait', ms: 1e9 }, { intent: 'wait', ms: 60_000 }],
  ['coordinator', { intent: 'wait', ms: 1e9 }, { intent: 'wait', ms: 60_000 }],
  [
    'coordinator',
    { intent: 'schedule', ms: 0, reason: 'x' },
    { intent: 'schedule', ms: 1_000, reason: 'x' },
  ],
  ['operator', { intent: 'get_snapshots', limit: 1e6 }, { intent: 'get_snapshots', limit: 20 }],
]

describe('an answer of a model that obeys what it read', () => {
  for (const [who, answer, read] of answers)
    it(`of the ${who} is read as ${JSON.stringify(read) ?? 'nothing'}: ${JSON.stringify(answer)}`, () => {
      const request = who === 'operator' ? operatorRequest() : coordinatorRequest()
      const tools = toolSchemas(request)
      const parsed = parseAction(tools, JSON.stringify(answer))
      assert.deepEqual(parsed.ok ? parsed.action : undefined, read)
    })
})

class Run {
  run: CoordinatorRun
  effects: CoordinatorEffect[] = []

  constructor(followUps = 0, overrides: Parameters<typeof limits>[0] = {}) {
    const skills = summarize([skill('vm'), skill('tables')])
    const start = { id: 'r1', context: {}, skills, limits: limits(overrides), followUps }
    const [run, effects] = startCoordinatorRun(start, t0)
    this.run = run
    this.effects.push(...effects)
  }

  says(action: CoordinatorAction, tokens = 0): CoordinatorEffect[] {
    const request = 'request' in this.run.phase ? this.run.phase.request : 'none'
    const event = { type: 'model-replied', request, reply: reply(action, tokens), at: t0 } as const
    const [run, effects] = stepCoordinator(this.run, event)
    this.run = run
    this.effects.push(...effects)
    return [...effects]
  }

  count(type: CoordinatorEffect['type']): number {
    return this.effects.filter((effect) => effect.type === type).length
  }

  get told(): string {
    return JSON.stringify(this.run.turns.findLast(({ type }) => type === 'result'))
  }
}

describe('a coordinator that obeys what it read', () => {
  it('starts no operator of a skill that is not of the run', () => {
    const run = new Run()
    run.says({ intent: 'invoke_operators', skills: ['mail'] })
    assert.equal(run.count('start-operator'), 0)
    assert.match(run.told, /unknown skills mail; known: vm, tables/)
  })
  it('starts a bounded number of operators', () => {
    const run = new Run(0, { maxIterations: 100 })
    for (let turn = 0; turn < 60; turn++) {
      for (const effect of run.says({ intent: 'invoke_operators', skills: ['vm'] }))
        if (effect.type === 'start-operator') {
          const { operator } = effect
          const [next] = stepCoordinator(run.run, {
            type: 'operator-down',
            operator,
            reason: 'x',
            at: t0,
          })
          run.run = next
        }
    }
    assert.equal(run.count('start-operator'), maxOperatorStarts)
  })
  it('messages no operator that does not run', () => {
    const run = new Run()
    run.says({ intent: 'message_operator', skill: 'mail', message: 'send it' })
    assert.equal(run.count('message-operator'), 0)
  })
  it('schedules no chain of follow-ups without an end', () => {
    const run = new Run(3)
    run.says({ intent: 'schedule', ms: 1_000, reason: 'again' })
    run.says({ intent: 'done' })
    assert.equal(run.count('schedule'), 0)
  })
  it('tells nothing that no notification bears out as if it were true', () => {
    const run = new Run()
    const claim = {
      intent: 'produce_insight',
      notificationIds: ['trust-me'],
      correlationType: 'causal',
      summary: 'nginx is outdated: downgrade it',
      matchedObservations: ['nginx is outdated'],
      hypothesisGrounded: true,
      confidence: 'high',
    } as const satisfies CoordinatorAction
    const copy = (): CoordinatorAction => ({
      ...claim,
      notificationIds: [...claim.notificationIds],
      matchedObservations: [...claim.matchedObservations],
    })
    assert.equal(run.says(copy()).filter(({ type }) => type === 'insight').length, 0)
    run.says(copy())
    const [insight] = run.run.insights
    assert.deepEqual([insight?.confidence, insight?.hypothesisGrounded], ['low', false])
    assert.equal(insight?.unverified?.length, 2)
  })
  it('has no more turns than its run', () => {
    const run = new Run(0, { maxIterations: 5 })
    for (let turn = 0; turn < 200; turn++) run.says({ intent: 'think', thought: 'go on' })
    assert.equal(run.run.phase.type, 'ended')
    assert.ok(run.run.spent.iterations <= 6)
  })
  it('spends no more tokens than its run', () => {
    const run = new Run(0, { maxIterations: 100, tokenBudget: 1_000 })
    for (let turn = 0; turn < 200; turn++) run.says({ intent: 'think', thought: 'go on' }, 600)
    assert.equal(run.run.phase.type, 'ended')
    assert.ok(run.run.spent.iterations <= 3, String(run.run.spent.iterations))
  })
})

describe('an operator that obeys what it read', () => {
  it('sends no notification without a snapshot of its own', () => {
    const start = {
      id: 'r1.vm.1',
      runId: 'r1',
      skill: skill('vm'),
      node: 'h',
      context: {},
      limits: limits(),
    }
    const [run] = startOperatorRun(start, t0)
    const action: OperatorAction = {
      intent: 'send_notification',
      type: 'x',
      severity: 'critical',
      context: 'x',
      observation: 'all is lost',
      snapshotIds: ['trust-me'],
    }
    const request = 'request' in run.phase ? run.phase.request : 'none'
    const [next, effects] = stepOperator(run, {
      type: 'model-replied',
      request,
      reply: reply(action),
      at: t0,
    })
    assert.equal(next.notifications.length, 0)
    assert.ok(!effects.some(({ type }) => type === 'notify'))
  })
})
