import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { startCoordinatorRun, stepCoordinator } from '../../agents/loop/coordinator-loop.ts'
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorResult,
  CoordinatorRun,
} from '../../agents/loop/coordinator-run.ts'
import { coordinatorResultSchema } from '../../agents/schemas.ts'
import { SharedCauses } from '../../agents/servers/shared-causes.ts'
import type { CoordinatorAction } from '../../agents/vocabulary/coordinator-action.ts'
import type { Severity } from '../../agents/vocabulary/fields.ts'
import type { Insight, KnownCause } from '../../agents/vocabulary/insight.ts'
import { summarize } from '../../agents/vocabulary/skill-description.ts'
import { failure, limits, reply, skill, t0 } from './support/kernel.ts'

const vm = 'r1.vm.1'
const place = { file: '/app/report.js', function: 'buildReport', line: 12 }
const quote = 'the loop was blocked for 4210 ms'

/** A run with one operator that has notified twice of the same place. */
class Run {
  run: CoordinatorRun
  effects: CoordinatorEffect[] = []

  constructor({ known = [], isSelfStarted = false }: RunChanges = {}) {
    const [run] = startCoordinatorRun(
      {
        id: 'r1',
        reason: 'slow',
        context: {},
        skills: summarize([skill('vm')]),
        limits: limits(),
        followUps: 0,
        known,
        ...(isSelfStarted ? { signal: { type: 'stall' } } : {}),
      },
      t0,
    )
    this.run = run
    this.says({ intent: 'invoke_operators', skills: ['vm'] })
    this.hear({ type: 'operator-started', operator: vm, pid: '<1>', at: t0 })
    for (const id of [`${vm}.n1`, `${vm}.n2`]) this.notifies(id, 'warning')
  }

  notifies(id: string, severity: Severity): void {
    const notification = {
      id,
      runId: 'r1',
      operator: 'vm',
      type: 'stall',
      severity,
      context: 'since the start',
      observation: quote,
      snapshotIds: ['s1'],
      snapshots: [{ id: 's1', capturedAt: new Date(t0).toISOString(), data: { ms: 4210 } }],
      detectedAt: new Date(t0).toISOString(),
      node: 'host:1',
      location: place,
      evidence: [{ name: 'ms', value: 4210 }],
    }
    this.hear({ type: 'operator-notified', operator: vm, notification, at: t0 })
  }

  hear(event: CoordinatorEvent): CoordinatorEffect[] {
    const [run, effects] = stepCoordinator(this.run, event)
    this.run = run
    this.effects.push(...effects)
    return [...effects]
  }

  says(action: CoordinatorAction): CoordinatorEffect[] {
    return this.hear({
      type: 'model-replied',
      request: this.request,
      reply: reply(action),
      at: t0 + 1,
    })
  }

  get request(): string {
    return 'request' in this.run.phase ? this.run.phase.request : 'none'
  }

  /** What the model is told of its last action. */
  get told(): string {
    return JSON.stringify(this.run.turns.findLast(({ type }) => type === 'result'))
  }

  get published(): Insight[] {
    return this.effects.flatMap((effect) => (effect.type === 'insight' ? [effect.insight] : []))
  }

  end(): CoordinatorResult {
    this.hear({ type: 'stop', reason: 'over', at: t0 + 2 })
    const { phase } = this.run
    assert.ok(phase.type === 'ended')
    v.parse(coordinatorResultSchema, JSON.parse(JSON.stringify(phase.result)))
    return phase.result
  }
}

interface RunChanges {
  readonly known?: readonly KnownCause[]
  readonly isSelfStarted?: boolean
}

type ProduceInsight = Extract<CoordinatorAction, { intent: 'produce_insight' }>

function insight(changes: Partial<ProduceInsight> = {}): ProduceInsight {
  return {
    intent: 'produce_insight',
    notificationIds: [`${vm}.n1`],
    correlationType: 'causal',
    summary: 'buildReport blocks the loop',
    matchedObservations: [quote],
    hypothesisGrounded: true,
    rootCauseHypothesis: 'a synchronous loop in buildReport',
    confidence: 'high',
    severity: 'warning',
    location: place,
    ...changes,
  }
}

const wrong = insight({ summary: 'buildReport blocks the loop for 9000 ms' })

describe('an insight that does not hold', () => {
  it('is sent back with what is wrong, and nothing is published', () => {
    const run = new Run()
    run.says(wrong)
    assert.equal(run.published.length, 0)
    assert.match(run.told, /"ok":false.*9000 ms stands in no cited notification.*send it again/)
  })
  it('is published without a mark when it was set right', () => {
    const run = new Run()
    run.says(wrong)
    run.says(insight())
    assert.deepEqual([run.published.length, run.published[0]?.unverified], [1, undefined])
  })
  it('is published with a mark when it was not, and the model is told', () => {
    const run = new Run()
    run.says(wrong)
    run.says(wrong)
    assert.match(run.published[0]?.unverified?.join() ?? '', /9000 ms stands in no cited/)
    assert.equal(run.published[0]?.confidence, 'medium')
    assert.match(run.told, /"ok":true.*unverified/)
  })
  it('does not take the chance of the next one', () => {
    const run = new Run()
    for (const action of [wrong, insight(), wrong]) run.says(action)
    assert.match(run.told, /"ok":false/)
  })
  it('is not lost when the run ends before the model can answer', () => {
    const run = new Run()
    run.says(wrong)
    assert.equal(run.end().insights[0]?.unverified?.length, 1)
    assert.equal(run.published.length, 1)
  })
  it('is not lost when the model fails for good', () => {
    const run = new Run()
    run.says(wrong)
    const failed = failure({ kind: 'auth', retryable: false })
    run.hear({ type: 'model-failed', request: run.request, failure: failed, at: t0 + 2 })
    assert.equal(run.end().insights.length, 1)
  })
  it('is withdrawn by a model that says done', () => {
    const run = new Run()
    run.says(wrong)
    run.says({ intent: 'done' })
    assert.deepEqual(run.end().insights, [])
  })
  it('stays held while the model looks again', () => {
    const run = new Run()
    run.says(wrong)
    run.says({ intent: 'get_notifications' })
    run.says(wrong)
    assert.equal(run.published.length, 1)
  })
})

describe('the same incident', () => {
  const cause: KnownCause = {
    insightId: 'r0.i1',
    summary: 'buildReport blocks',
    severity: 'warning',
    toldAt: t0,
    location: { ...place, line: 14 },
    types: ['stall'],
    explains: [],
  }
  it('within one run is one insight', () => {
    const run = new Run()
    run.says(insight())
    run.says(insight({ notificationIds: [`${vm}.n2`] }))
    assert.equal(run.published.length, 1)
    assert.match(run.told, /"sameAs":"r1.i1"/)
    assert.deepEqual(
      new Set(run.end().notifications.map(({ status }) => status)),
      new Set(['resolved']),
    )
  })
  it('within one run that has become worse is told', () => {
    const run = new Run()
    run.says(insight())
    run.says(insight({ notificationIds: [`${vm}.n2`], severity: 'critical' }))
    assert.equal(run.published.length, 2)
  })
  it('that another run has told is counted by a run that started by itself', () => {
    const run = new Run({ known: [{ ...cause, occurrences: 4 }], isSelfStarted: true })
    run.says(insight())
    assert.equal(run.published.length, 0)
    assert.match(run.told, /"sameAs":"r0.i1","occurrences":5/)
    assert.deepEqual(run.end().repeats, [
      { insightId: 'r0.i1', summary: 'buildReport blocks', occurrences: 5 },
    ])
  })
  it('is told again by it when it is worse, and refers to the first', () => {
    const run = new Run({ known: [cause], isSelfStarted: true })
    run.says(insight({ severity: 'critical' }))
    const [told] = run.published
    assert.deepEqual([told?.repeatOf, told?.occurrences], ['r0.i1', 2])
  })
  it('is told to who asked, and refers to the first', () => {
    const run = new Run({ known: [cause] })
    run.says(insight())
    const [told] = run.published
    assert.deepEqual([told?.repeatOf, told?.occurrences], ['r0.i1', 2])
  })
  it('that nobody tells again, because it is known, is counted too', () => {
    const run = new Run({ known: [cause], isSelfStarted: true })
    assert.equal(run.end().repeats?.[0]?.occurrences, 2)
  })
  it('at another place, of another kind or of long ago is another one', () => {
    const others: KnownCause[] = [
      { ...cause, location: { ...place, function: 'other' } },
      { ...cause, types: ['leak'] },
      { ...cause, toldAt: t0 - 10 * 60_000 },
    ]
    for (const other of others) {
      const run = new Run({ known: [other], isSelfStarted: true })
      run.says(insight())
      assert.deepEqual([run.published.length, run.published[0]?.repeatOf], [1, undefined])
    }
  })
  it('without a name is the same only at the same line', () => {
    const location = { ...place, function: '(anonymous)' }
    const known = [{ ...cause, location: { ...location, line: 99 } }]
    const run = new Run({ known, isSelfStarted: true })
    run.says(insight({ location }))
    assert.equal(run.published.length, 1)
  })
})

describe('what the coordinator remembers between runs', () => {
  const first = (): { causes: SharedCauses; run: Run } => {
    const run = new Run({ isSelfStarted: true })
    run.says(insight())
    const causes = new SharedCauses()
    for (const one of run.published) causes.told(one, run.run)
    return { causes, run }
  }
  it('counts each run that met the same and did not tell it', () => {
    const { causes } = first()
    for (const occurrences of [2, 3, 4]) {
      const again = new Run({ known: causes.fresh(t0 + 5), isSelfStarted: true })
      again.says(insight())
      const result = again.end()
      assert.equal(result.repeats?.[0]?.occurrences, occurrences)
      causes.counted(result)
    }
    assert.equal(causes.fresh(t0 + 5).length, 1)
  })
  it('an insight that tells it again counts once, and the first stays the first', () => {
    const { causes } = first()
    const asked = new Run({ known: causes.fresh(t0 + 5) })
    asked.says(insight())
    for (const one of asked.published) causes.told(one, asked.run)
    causes.counted(asked.end())
    assert.deepEqual(
      causes.fresh(t0 + 5).map(({ insightId, occurrences }) => [insightId, occurrences]),
      [['r1.i1', 2]],
    )
  })
})
