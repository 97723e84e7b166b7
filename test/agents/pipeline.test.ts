import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CoordinatorAction, InsightDraft } from '../../agents/vocabulary/coordinator-action.ts'
import { Bench, insightOn, notification, ofType } from './support/bench.ts'
import { failure } from './support/kernel.ts'

const vm = 'r1.vm.1'
const tables = 'r1.tables.1'

function pipeline(overrides = {}): Bench {
  return new Bench(overrides, { strategy: 'pipeline' })
}

function draftOn(id: string): InsightDraft {
  const { intent: _, ...draft } = insightOn(id)
  return draft
}

const report = (...insights: InsightDraft[]): CoordinatorAction => ({
  intent: 'report',
  insights,
  summary: 'that is all',
})

const toolsOf = (bench: Bench): readonly string[] =>
  ofType(bench.effects, 'ask-model').at(-1)?.body.tools ?? []

describe('a pipeline', () => {
  it('classifies, gathers and synthesizes, with two answers of the model', () => {
    const bench = pipeline()
    assert.deepEqual(toolsOf(bench), ['invoke_operators', 'report'])
    bench.invoke('vm', 'tables')
    assert.equal(bench.phase, 'waiting')
    bench.notifies(vm)
    bench.completes(vm)
    assert.equal(bench.phase, 'waiting')
    bench.completes(tables)
    assert.deepEqual(toolsOf(bench), ['report'])
    bench.says(report(draftOn(`${vm}.n1`)))
    const { outcome, partial, insights, iterations, summary } = bench.result
    assert.deepEqual([outcome, partial, iterations, summary], ['done', false, 2, 'that is all'])
    assert.deepEqual(
      insights.map(({ id }) => id),
      ['r1.i1'],
    )
  })

  it('shows the model what the operators told before it reports', () => {
    const bench = pipeline()
    bench.invoke('vm')
    bench.notifies(vm)
    bench.completes(vm)
    const asked = ofType(bench.effects, 'ask-model').at(-1)
    assert.match(JSON.stringify(asked?.body.turns), /the loop was blocked for 4210 ms/)
  })

  it('ends at once when the model needs no operator', () => {
    const bench = pipeline()
    bench.says(report())
    assert.deepEqual([bench.result.outcome, bench.result.operatorResults.length], ['done', 0])
  })

  it('asks all when the model names no skill that exists, twice', () => {
    const bench = pipeline()
    bench.says({ intent: 'invoke_operators', skills: ['redis'] })
    const effects = bench.says({ intent: 'invoke_operators', skills: ['mysql'] })
    assert.deepEqual(
      ofType(effects, 'start-operator').map(({ skill }) => skill),
      ['vm', 'tables', 'vm_events'],
    )
  })

  it('gives operators three fifths of its time, then goes on without those that still work', () => {
    const bench = pipeline()
    bench.says({ intent: 'invoke_operators', skills: ['vm', 'tables'] })
    const [start] = ofType(bench.effects, 'start-operator')
    assert.equal(start?.limits.deadlineAt, bench.at + Math.floor((58_000 - 1) * 0.6))
    bench.notifies(vm)
    bench.completes(vm)
    const wait = ofType(bench.effects, 'arm-timer').findLast(({ timer }) =>
      timer.startsWith('wait'),
    )
    bench.at += wait?.ms ?? 0
    const effects = bench.on({ type: 'timer', timer: wait?.timer ?? '' })
    assert.deepEqual(
      ofType(effects, 'stop-operator').map(({ operator }) => operator),
      [tables],
    )
    bench.says(report(draftOn(`${vm}.n1`)))
    const { outcome, partial, operatorResults } = bench.result
    assert.deepEqual([outcome, partial], ['done', true])
    assert.equal(operatorResults[1]?.status, 'cancelled')
  })

  it('reports a crash of its last operator instead of waiting for it', () => {
    const bench = pipeline()
    bench.invoke('vm')
    bench.on({ type: 'operator-down', operator: vm, reason: 'killed' })
    bench.says(report())
    assert.equal(bench.result.operatorResults[0]?.status, 'crashed')
    assert.equal(bench.result.partial, true)
  })

  it('has its report by the deadline, in one answer', () => {
    const bench = pipeline()
    bench.invoke('vm')
    bench.notifies(vm)
    bench.on({ type: 'timer', timer: 'conclude' })
    bench.completes(vm)
    assert.deepEqual(toolsOf(bench), ['report'])
    bench.says(report(draftOn(`${vm}.n1`)))
    assert.equal(bench.result.outcome, 'deadline_exceeded')
    assert.equal(bench.result.insights.length, 1)
  })

  it('asks again when the model failed, for the same step', () => {
    const bench = pipeline()
    bench.on({ type: 'model-failed', request: bench.request, failure: failure() })
    bench.on({ type: 'timer', timer: 'retry-1' })
    assert.deepEqual(toolsOf(bench), ['invoke_operators', 'report'])
  })
})

describe('a report', () => {
  const other = { file: '/app/other.js', function: 'slow', line: 3 }

  function gathered(): Bench {
    const bench = pipeline()
    bench.invoke('vm')
    bench.notifies(vm, 'n1')
    const elsewhere = { ...notification(vm, 'n2'), location: other }
    bench.on({ type: 'operator-notified', operator: vm, notification: elsewhere })
    bench.completes(vm)
    return bench
  }

  it('publishes what holds, and sends the rest back once', () => {
    const bench = gathered()
    bench.says(report(draftOn('n1'), draftOn('invented')))
    assert.equal(bench.run.insights.length, 1)
    assert.match(JSON.stringify(bench.run.turns), /insight #2: /)
    bench.says(report({ ...draftOn('n2'), location: other }))
    assert.equal(bench.result.insights.length, 2)
  })

  it('ends the run though the model does not set right what was sent back', () => {
    const bench = gathered()
    bench.says(report(draftOn('invented')))
    bench.says(report(draftOn('invented')))
    assert.equal(bench.result.outcome, 'done')
  })

  it('names one of its own insights as the cause of another', () => {
    const bench = gathered()
    const second = { ...draftOn('n2'), location: other }
    bench.says(report(draftOn('n1'), { ...second, causedBy: '#1' }))
    assert.equal(bench.result.insights[1]?.causedBy, 'r1.i1')
  })
})

const anyEvent = fc.constantFrom<(bench: Bench) => void>(
  (bench) => bench.says({ intent: 'invoke_operators', skills: ['vm', 'tables'] }),
  (bench) => bench.says({ intent: 'invoke_operators', skills: ['redis'] }),
  (bench) => bench.says(report(draftOn(`${vm}.n1`))),
  (bench) => bench.says(report(draftOn('invented'))),
  (bench) => bench.on({ type: 'operator-started', operator: vm, pid: '<vm>' }),
  (bench) => bench.notifies(vm),
  (bench) => bench.completes(vm, { notifications: [notification(vm, `${vm}.n1`)] }),
  (bench) => bench.completes(tables),
  (bench) => bench.on({ type: 'operator-down', operator: vm, reason: 'killed' }),
  (bench) =>
    bench.on({ type: 'timer', timer: 'timer' in bench.run.phase ? bench.run.phase.timer : 'x' }),
  (bench) => bench.on({ type: 'model-failed', request: bench.request, failure: failure() }),
  (bench) => bench.on({ type: 'resumed' }),
  (bench) => bench.on({ type: 'cancel' }),
)

describe('whatever happens to a pipeline', () => {
  it('ends by its deadline, with no operator running, and is the same when folded again', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const bench = pipeline({ maxIterations: 8 })
        for (const happen of events) happen(bench)
        bench.on({ type: 'timer', timer: 'deadline' })
        assert.ok(bench.result.operatorResults.every(({ status }) => status !== 'running'))
        assert.deepEqual(
          JSON.parse(JSON.stringify(bench.folded)),
          JSON.parse(JSON.stringify(bench.run)),
        )
      }),
      { numRuns: 300 },
    )
  })
})
