import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { startOperatorRun, stepOperator } from '../../agents/loop/operator-loop.ts'
import type {
  OperatorEffect,
  OperatorEvent,
  OperatorResult,
  OperatorRun,
} from '../../agents/loop/operator-run.ts'
import { maxConcludingTurns } from '../../agents/loop/run-limits.ts'
import { operatorResultSchema } from '../../agents/schemas.ts'
import type { WatchFrame } from '../../agents/vocabulary/model-request.ts'
import type { OperatorAction } from '../../agents/vocabulary/operator-action.ts'
import { failure, limits, reply, skill, t0 } from './support/kernel.ts'

type Timeless = OperatorEvent extends infer Event
  ? Event extends OperatorEvent
    ? Omit<Event, 'at'>
    : never
  : never

/** Feeds events to the kernel and keeps all it wanted. */
class Bench {
  run: OperatorRun
  effects: OperatorEffect[]
  at = t0

  constructor(overrides: Parameters<typeof limits>[0] = {}, watch?: WatchFrame) {
    const [run, effects] = startOperatorRun(
      {
        id: 'r1.vm.1',
        runId: 'r1',
        skill: skill('vm'),
        node: 'host:1',
        context: {},
        limits: limits(overrides),
        ...(watch === undefined ? {} : { watch }),
      },
      t0,
    )
    this.run = run
    this.effects = [...effects]
  }

  /** Returns only what this event brought about. */
  on(event: Timeless): OperatorEffect[] {
    this.at += 1
    const [run, effects] = stepOperator(this.run, { ...event, at: this.at } as OperatorEvent)
    this.run = run
    this.effects.push(...effects)
    return [...effects]
  }

  get request(): string {
    return 'request' in this.run.phase ? this.run.phase.request : 'none'
  }

  says(action: OperatorAction, tokens = 0): OperatorEffect[] {
    return this.on({ type: 'model-replied', request: this.request, reply: reply(action, tokens) })
  }

  snapshot(data = { loopDelayMs: 3 }): OperatorEffect[] {
    this.says({ intent: 'take_snapshot' })
    const capturedAt = new Date(this.at).toISOString()
    return this.on({ type: 'snapshot-taken', request: this.request, capturedAt, data })
  }

  get result(): OperatorResult {
    assert.equal(this.run.phase.type, 'ended')
    return this.run.phase.type === 'ended' ? this.run.phase.result : assert.fail()
  }
}

const notify = (snapshotIds: string[]): OperatorAction => ({
  intent: 'send_notification',
  type: 'event_loop_stall',
  severity: 'warning',
  context: 'since the start',
  observation: 'the loop was blocked for 4210 ms',
  snapshotIds,
})

function ofType<Type extends OperatorEffect['type']>(effects: OperatorEffect[], type: Type) {
  return effects.filter(
    (effect): effect is Extract<OperatorEffect, { type: Type }> => effect.type === type,
  )
}

describe('an operator run', () => {
  it('begins with both timers and the first question', () => {
    const bench = new Bench()
    assert.deepEqual(
      bench.effects.map((effect) =>
        effect.type === 'arm-timer' ? [effect.timer, effect.ms] : effect.type,
      ),
      [['conclude', 58_000], ['deadline', 60_000], 'progress', 'ask-model'],
    )
  })

  it('beamlens defect 14: looks before its model is asked, which saves a turn', () => {
    const start = {
      id: 'r1.vm.1',
      runId: 'r1',
      skill: skill('vm'),
      node: 'host:1',
      context: {},
      limits: limits(),
      looksFirst: true,
    }
    const [run, effects] = startOperatorRun(start, t0)
    assert.deepEqual(
      effects.map(({ type }) => type),
      ['arm-timer', 'arm-timer', 'take-snapshot'],
    )
    const request = run.phase.type === 'snapshotting' ? run.phase.request : ''
    const capturedAt = new Date(t0).toISOString()
    const event = {
      type: 'snapshot-taken',
      request,
      capturedAt,
      data: { lagMs: 3 },
      at: t0,
    } as const
    const [, after] = stepOperator(run, event)
    const [asked] = ofType([...after], 'ask-model')
    assert.equal(asked?.body.snapshots[0]?.id, 'r1.vm.1.s1')
    assert.equal(asked?.body.turns.length, 2)
  })

  it('goes from snapshot to notification to done', () => {
    const bench = new Bench()
    bench.snapshot()
    const [notified] = ofType(bench.says(notify(['r1.vm.1.s1'])), 'notify')
    assert.equal(notified?.notification.id, 'r1.vm.1.n1')
    assert.deepEqual(notified?.notification.snapshots[0]?.data, { loopDelayMs: 3 })
    bench.says({ intent: 'set_state', state: 'warning', reason: 'blocked' })
    bench.says({ intent: 'done', summary: 'one stall' })
    assert.deepEqual(bench.result.ending, {
      type: 'completed',
      state: 'warning',
      summary: 'one stall',
    })
    assert.equal(bench.result.partial, false)
    assert.equal(bench.result.notifications.length, 1)
  })

  it('attests its state with done, without a turn of its own', () => {
    const bench = new Bench()
    const effects = bench.says({ intent: 'done', state: 'observing', summary: 'odd' })
    assert.deepEqual(bench.result.ending, {
      type: 'completed',
      state: 'observing',
      summary: 'odd',
    })
    assert.equal(ofType(effects, 'tell').at(-1)?.event, 'state-changed')
  })

  it('refuses a notification without known snapshots and tells the model which there are', () => {
    const bench = new Bench()
    bench.snapshot()
    const effects = bench.says(notify(['r1.vm.1.s9']))
    assert.equal(ofType(effects, 'notify').length, 0)
    const last = bench.run.turns.at(-1)
    assert.equal(last?.type, 'result')
    assert.match(
      last?.type === 'result' && !last.ok ? last.error : '',
      /r1\.vm\.1\.s9.*known are r1\.vm\.1\.s1/,
    )
  })

  it('shows the model why a snapshot failed and goes on', () => {
    const bench = new Bench()
    bench.says({ intent: 'take_snapshot' })
    bench.on({ type: 'snapshot-failed', request: bench.request, message: 'skill threw' })
    assert.equal(bench.run.phase.type, 'thinking')
    assert.deepEqual(bench.run.turns.at(-1), {
      type: 'result',
      intent: 'take_snapshot',
      ok: false,
      error: 'skill threw',
    })
  })

  it('shows the model the code of a failed script and goes on', () => {
    const bench = new Bench()
    bench.says({ intent: 'execute', code: 'while true do end' })
    bench.on({
      type: 'executed',
      request: bench.request,
      outcome: { ok: false, code: 'timeout', message: 'stopped after 2000 ms', logs: [] },
    })
    assert.equal(bench.run.phase.type, 'thinking')
    assert.deepEqual(bench.run.turns.at(-1), {
      type: 'result',
      intent: 'execute',
      ok: false,
      error: 'stopped after 2000 ms',
      code: 'timeout',
    })
  })

  it('cuts a result that is too large for the conversation and says so', () => {
    const bench = new Bench()
    bench.says({ intent: 'execute', code: 'return big' })
    bench.on({
      type: 'executed',
      request: bench.request,
      outcome: { ok: true, value: 'x'.repeat(100_000), logs: [] },
    })
    const last = bench.run.turns.at(-1)
    const text = JSON.stringify(last)
    assert.ok(text.length < 40_000)
    assert.match(text, /"truncated":true/)
  })

  it('beamlens defect 18: lists snapshots and notifications newest first', () => {
    const bench = new Bench()
    for (const lag of [1, 2, 3]) bench.snapshot({ loopDelayMs: lag })
    for (const index of [1, 2]) bench.says(notify([`r1.vm.1.s${index}`]))
    bench.says({ intent: 'get_snapshots', limit: 2 })
    const snapshots = JSON.stringify(bench.run.turns.at(-1))
    bench.says({ intent: 'get_notifications' })
    const notifications = JSON.stringify(bench.run.turns.at(-1))
    assert.deepEqual(snapshots.match(/r1\.vm\.1\.s\d/g), ['r1.vm.1.s3', 'r1.vm.1.s2'])
    assert.deepEqual(notifications.match(/r1\.vm\.1\.n\d/g), ['r1.vm.1.n2', 'r1.vm.1.n1'])
  })

  it('beamlens defect 9: the timer of a wait that is over starts no second loop', () => {
    const bench = new Bench()
    const [armed] = ofType(bench.says({ intent: 'wait', ms: 500 }), 'arm-timer')
    bench.on({ type: 'message', id: 'm', from: 'coordinator', text: 'look at gc' })
    const late = bench.on({ type: 'timer', timer: armed?.timer ?? '' })
    assert.deepEqual(late, [])
  })

  it('keeps its conversation through a wait', () => {
    const bench = new Bench()
    bench.snapshot()
    const [armed] = ofType(bench.says({ intent: 'wait', ms: 500 }), 'arm-timer')
    assert.equal(armed?.ms, 500)
    bench.on({ type: 'timer', timer: armed?.timer ?? '' })
    assert.equal(bench.run.phase.type, 'thinking')
    assert.equal(bench.run.turns.length, 4)
  })
})

describe('a failing model', () => {
  it('is asked again after 1 s and 2 s, and the third failure ends the run as failed', () => {
    const bench = new Bench()
    const delays: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      const effects = bench.on({ type: 'model-failed', request: bench.request, failure: failure() })
      for (const { timer, ms } of ofType(effects, 'arm-timer')) {
        delays.push(ms)
        bench.on({ type: 'timer', timer })
      }
    }
    assert.deepEqual(delays, [1_000, 2_000])
    const { ending } = bench.result
    assert.equal(ending.type === 'failed' ? ending.kind : undefined, 'overloaded')
    assert.equal(bench.result.partial, true)
  })

  it('ends the run at once when asking again is of no use', () => {
    const bench = new Bench()
    bench.on({
      type: 'model-failed',
      request: bench.request,
      failure: failure({ kind: 'auth', retryable: false }),
    })
    assert.equal(bench.result.ending.type, 'failed')
  })

  it('is told what was wrong with its answer', () => {
    const bench = new Bench()
    const invalid = failure({
      kind: 'invalid_output',
      retryable: false,
      issues: ['intent: unknown "resolve"'],
    })
    const [armed] = ofType(
      bench.on({ type: 'model-failed', request: bench.request, failure: invalid }),
      'arm-timer',
    )
    const [asked] = ofType(bench.on({ type: 'timer', timer: armed?.timer ?? '' }), 'ask-model')
    assert.deepEqual(asked?.body.turns.at(-1), {
      type: 'event',
      event: { type: 'invalid_action', issues: ['intent: unknown "resolve"'] },
    })
  })

  it('counts failures in a row only', () => {
    const bench = new Bench()
    for (let round = 0; round < 4; round++) {
      const effects = bench.on({ type: 'model-failed', request: bench.request, failure: failure() })
      for (const { timer } of ofType(effects, 'arm-timer')) bench.on({ type: 'timer', timer })
      bench.says({ intent: 'think', thought: 'hm' })
    }
    assert.equal(bench.run.phase.type, 'thinking')
  })
})

describe('the end of a run', () => {
  const inPhases: Record<string, (bench: Bench) => void> = {
    thinking: () => undefined,
    snapshotting: (bench) => bench.says({ intent: 'take_snapshot' }),
    executing: (bench) => bench.says({ intent: 'execute', code: 'return 1' }),
    resting: (bench) => bench.says({ intent: 'wait', ms: 10_000 }),
    retrying: (bench) =>
      bench.on({ type: 'model-failed', request: bench.request, failure: failure() }),
  }
  for (const [phase, enter] of Object.entries(inPhases)) {
    it(`is asked for while ${phase}: the work is given up and the model has a last word`, () => {
      const bench = new Bench()
      bench.snapshot()
      enter(bench)
      assert.equal(bench.run.phase.type, phase)
      const effects = bench.on({ type: 'conclude', cause: 'deadline' })
      assert.equal(
        ofType(effects, 'abort').length,
        phase === 'resting' || phase === 'retrying' ? 0 : 1,
      )
      const [asked] = ofType(effects, 'ask-model')
      assert.deepEqual(asked?.body.tools, ['send_notification', 'set_state', 'done'])
      bench.says(notify(['r1.vm.1.s1']))
      bench.says({ intent: 'done' })
      assert.equal(bench.result.notifications.length, 1)
      assert.equal(bench.result.partial, true)
      assert.equal(bench.result.ending.type, 'completed')
    })

    it(`comes at the deadline while ${phase} with what is known`, () => {
      const bench = new Bench()
      bench.snapshot()
      bench.says(notify(['r1.vm.1.s1']))
      enter(bench)
      bench.on({ type: 'timer', timer: 'deadline' })
      assert.deepEqual(bench.result.ending, {
        type: 'cancelled',
        reason: 'the deadline was exceeded',
      })
      assert.equal(bench.result.notifications.length, 1)
    })
  }

  it('is a cancellation, not health, after a cancel', () => {
    const bench = new Bench()
    bench.on({ type: 'conclude', cause: 'cancelled' })
    bench.says({ intent: 'done' })
    assert.equal(bench.result.ending.type, 'cancelled')
  })

  it('comes when a model that was asked to conclude fails', () => {
    const bench = new Bench()
    bench.on({ type: 'conclude', cause: 'deadline' })
    bench.on({ type: 'model-failed', request: bench.request, failure: failure() })
    assert.equal(bench.result.ending.type, 'failed')
  })

  it('comes after the iteration budget and a bounded conclusion', () => {
    const bench = new Bench({ maxIterations: 3 })
    for (let turn = 0; turn < 3; turn++) bench.says({ intent: 'think', thought: 'on' })
    assert.equal(bench.run.phase.type, 'concluding')
    for (let turn = 0; turn < maxConcludingTurns; turn++) {
      bench.says({ intent: 'set_state', state: 'observing', reason: 'still' })
    }
    assert.equal(bench.result.iterations, 3 + maxConcludingTurns)
    assert.equal(bench.result.partial, true)
  })

  it('comes after the token budget', () => {
    const bench = new Bench({ tokenBudget: 1_000 })
    bench.says({ intent: 'think', thought: 'on' }, 1_200)
    assert.equal(bench.run.phase.type, 'concluding')
    bench.says({ intent: 'done' })
    assert.equal(bench.result.tokens, 1_200)
  })
})

describe('a message', () => {
  it('is answered beside the run, which is not held up', () => {
    const bench = new Bench()
    bench.says({ intent: 'execute', code: 'return 1' })
    const effects = bench.on({
      type: 'message',
      id: 'm',
      from: 'coordinator',
      text: 'and the heap?',
    })
    const [asked] = ofType(effects, 'ask-model')
    assert.deepEqual(asked?.body.tools, ['answer'])
    assert.deepEqual(asked?.body.question, { from: 'coordinator', text: 'and the heap?' })
    assert.equal(bench.run.phase.type, 'executing')
    const answered = bench.on({
      type: 'model-replied',
      request: asked?.request ?? '',
      reply: reply({ intent: 'answer', summary: 'the heap is fine' }),
    })
    assert.deepEqual(ofType(answered, 'answer')[0]?.outcome, {
      ok: true,
      answer: {
        skill: 'vm',
        state: 'healthy',
        iteration: 1,
        response: { summary: 'the heap is fine' },
      },
    })
    assert.equal(bench.run.phase.type, 'executing')
  })

  it('is in the conversation at the next turn and ends a wait', () => {
    const bench = new Bench()
    bench.says({ intent: 'wait', ms: 60_000 })
    const effects = bench.on({ type: 'message', id: 'm', from: 'coordinator', text: 'look at gc' })
    const asked = ofType(effects, 'ask-model').at(-1)
    assert.deepEqual(asked?.body.turns.at(-1), {
      type: 'event',
      event: { type: 'message', from: 'coordinator', text: 'look at gc' },
    })
    assert.equal(bench.run.phase.type, 'thinking')
  })

  it('always gets an answer, even when the run ends first', () => {
    const bench = new Bench()
    bench.on({ type: 'message', id: 'm', from: 'x', text: 'hello' })
    const effects = bench.on({ type: 'stop', reason: 'test' })
    assert.equal(ofType(effects, 'answer')[0]?.outcome.ok, false)
    const late = bench.on({ type: 'message', id: 'm2', from: 'x', text: 'hello' })
    assert.equal(ofType(late, 'answer')[0]?.outcome.ok, false)
  })

  it('is refused when eight are being answered', () => {
    const bench = new Bench()
    for (let count = 0; count < 8; count++) {
      bench.on({ type: 'message', id: `m${count}`, from: 'x', text: 'hello' })
    }
    const effects = bench.on({ type: 'message', id: 'm8', from: 'x', text: 'hello' })
    assert.equal(ofType(effects, 'answer')[0]?.outcome.ok, false)
  })
})

describe('one look of a continuous operator', () => {
  const watch = {
    since: '2026-11-24T00:00:00.000Z',
    state: 'warning',
    opened: 'p99 is 900 ms',
    told: [],
  } as const

  it('begins in the state of the look before, with what it knows and no old turns', () => {
    const [asked] = ofType(new Bench({}, watch).effects, 'ask-model')
    assert.deepEqual(
      [asked?.body.state, asked?.body.watch, asked?.body.turns],
      ['warning', watch, []],
    )
  })

  it('ends with a wait, which says when to look again and what to remember', () => {
    const bench = new Bench({}, watch)
    bench.says({ intent: 'wait', ms: 300_000, note: 'the pool is small' })
    const { ending, wakeAfterMs, partial } = bench.result
    assert.deepEqual(ending, { type: 'completed', state: 'warning', summary: 'the pool is small' })
    assert.deepEqual([wakeAfterMs, partial], [300_000, false])
    v.parse(operatorResultSchema, JSON.parse(JSON.stringify(bench.result)))
  })

  it('ends with done without a wish to be woken', () => {
    const bench = new Bench({}, watch)
    bench.says({ intent: 'done' })
    assert.equal(bench.result.wakeAfterMs, undefined)
  })
})

describe('whatever happens to an operator run', () => {
  const anyEvent = fc.constantFrom<(bench: Bench) => void>(
    (bench) => bench.says({ intent: 'think', thought: 'x' }),
    (bench) => bench.snapshot(),
    (bench) => bench.says({ intent: 'execute', code: 'return 1' }),
    (bench) =>
      bench.on({
        type: 'executed',
        request: bench.request,
        outcome: { ok: true, value: 1, logs: [] },
      }),
    (bench) => bench.says(notify(['r1.vm.1.s1'])),
    (bench) => bench.says({ intent: 'wait', ms: 10 }),
    (bench) =>
      bench.on({
        type: 'timer',
        timer: 'timer' in bench.run.phase ? bench.run.phase.timer : 'x',
      }),
    (bench) => bench.on({ type: 'timer', timer: 'wait-1' }),
    (bench) => bench.on({ type: 'model-failed', request: bench.request, failure: failure() }),
    (bench) => bench.on({ type: 'model-replied', request: 'q1', reply: reply({ intent: 'done' }) }),
    (bench) => bench.on({ type: 'message', id: 'm', from: 'x', text: 'hello' }),
    (bench) => bench.on({ type: 'conclude', cause: 'cancelled' }),
    (bench) => bench.on({ type: 'timer', timer: 'conclude' }),
  )

  it('ends exactly once, within its turns, every action with a result, no id twice', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const bench = new Bench({ maxIterations: 10 })
        for (const happen of events) happen(bench)
        bench.on({ type: 'timer', timer: 'deadline' })
        assert.equal(ofType(bench.effects, 'end').length, 1)
        v.parse(operatorResultSchema, JSON.parse(JSON.stringify(bench.result)))
        assert.ok(bench.result.iterations <= 10 + maxConcludingTurns)
        const actions = bench.run.turns.filter(({ type }) => type === 'action').length
        const results = bench.run.turns.filter(({ type }) => type === 'result').length
        assert.ok(actions - results <= 1, 'only done has no result')
        const requests = ofType(bench.effects, 'ask-model').map(({ request }) => request)
        assert.equal(new Set(requests).size, requests.length)
        const sent = ofType(bench.effects, 'notify').map(({ notification }) => notification.id)
        assert.deepEqual(
          sent,
          bench.result.notifications.map(({ id }) => id),
        )
      }),
      { numRuns: 500 },
    )
  })
})
