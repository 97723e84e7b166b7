import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { startOperatorRun, stepOperator } from '../../agents/loop/operator-loop.ts'
import type { OperatorEffect, OperatorEvent, OperatorRun } from '../../agents/loop/operator-run.ts'
import { operatorResultSchema } from '../../agents/schemas.ts'
import type { OperatorAction } from '../../agents/vocabulary/operator-action.ts'
import { limits, reply, skill, t0 } from './support/kernel.ts'

/** An operator that has taken a snapshot. */
class Run {
  run: OperatorRun
  effects: OperatorEffect[] = []
  readonly #model: string

  constructor(model = 'google-ai/x') {
    const start = {
      id: 'r1.vm.1',
      runId: 'r1',
      skill: skill('vm'),
      node: 'h:1',
      context: {},
      limits: limits(),
    }
    this.run = startOperatorRun(start, t0)[0]
    this.#model = model
    this.says({ intent: 'take_snapshot' })
    const capturedAt = new Date(t0).toISOString()
    this.hear({
      type: 'snapshot-taken',
      request: this.request,
      capturedAt,
      data: { ms: 4210 },
      at: t0,
    })
  }

  get request(): string {
    return 'request' in this.run.phase ? this.run.phase.request : 'none'
  }

  hear(event: OperatorEvent): void {
    const [run, effects] = stepOperator(this.run, event)
    this.run = run
    this.effects.push(...effects)
  }

  says(action: OperatorAction): void {
    const answer = { ...reply(action), model: this.#model }
    this.hear({ type: 'model-replied', request: this.request, reply: answer, at: t0 })
  }

  get told(): string {
    return JSON.stringify(this.run.turns.findLast(({ type }) => type === 'result'))
  }

  /** Sent notifications: what is unverified of each. */
  get sent(): (readonly string[] | undefined)[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'notify' ? [effect.notification.unverified] : [],
    )
  }
}

const saying = (observation: string): OperatorAction => ({
  intent: 'send_notification',
  type: 'stall',
  severity: 'warning',
  context: 'x',
  observation,
  snapshotIds: ['r1.vm.1.s1'],
})
const wrong = saying('blocked for 9000 ms')
const unverified = ['observation: 9000 ms stands in no snapshot and no result of this run']

describe('a notification that says what was never measured', () => {
  it('is sent with a mark, and the model is told', () => {
    const run = new Run()
    run.says(wrong)
    assert.deepEqual(run.sent, [unverified])
    assert.match(run.told, /unverified: observation: 9000 ms/)
    run.hear({ type: 'stop', reason: 'over', at: t0 })
    const { phase } = run.run
    assert.ok(phase.type === 'ended')
    v.parse(operatorResultSchema, JSON.parse(JSON.stringify(phase.result)))
  })
  it('bears no mark when the number was measured, in whatever unit', () => {
    const run = new Run()
    run.says(saying('blocked for 4.2 s'))
    assert.deepEqual(run.sent, [undefined])
  })
  it('of rules is filled from data and constants: it bears no mark', () => {
    const run = new Run('rules')
    run.says(wrong)
    assert.deepEqual(run.sent, [undefined])
  })
})
