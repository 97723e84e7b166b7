import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { maxNotifications } from '../../agents/loop/coordinator-operators.ts'
import { maxConcludingTurns } from '../../agents/loop/run-limits.ts'
import { coordinatorResultSchema } from '../../agents/schemas.ts'
import type { KnownCause } from '../../agents/vocabulary/insight.ts'
import type { OperatorEnding } from '../../agents/vocabulary/model-request.ts'
import { Bench, insightOn, notification, ofType } from './support/bench.ts'
import { failure, reply, t0 } from './support/kernel.ts'

const vm = 'r1.vm.1'
const tables = 'r1.tables.1'

describe('a cause that another run has told', () => {
  const cause: KnownCause = {
    insightId: 'r0.i1',
    summary: 'a loop',
    severity: 'warning',
    toldAt: t0,
    location: { file: 'src/a.js', function: 'parse', line: 3 },
    types: ['stall'],
    explains: ['slow'],
  }

  it('is known at the next question, and ends no wait', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.says({ intent: 'wait', ms: 1_000 })
    assert.deepEqual(bench.on({ type: 'cause-known', cause }), [])
    assert.equal(bench.phase, 'waiting')
    const [asked] = ofType(bench.notifies('r1.vm.1'), 'ask-model')
    assert.deepEqual(asked?.body.known, [cause])
  })
})

describe('a coordinator run', () => {
  it('goes from operators to notifications to an insight to done', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.says({ intent: 'wait', ms: 10_000 })
    bench.notifies(vm)
    const [published] = ofType(bench.says(insightOn(`${vm}.n1`)), 'insight')
    assert.equal(published?.insight.id, 'r1.i1')
    assert.deepEqual(published?.insight.location, {
      file: '/app/report.js',
      function: 'buildReport',
      line: 12,
    })
    bench.completes(vm)
    bench.says({ intent: 'done', summary: 'found it' })
    bench.says({ intent: 'done', summary: 'found it' })
    assert.equal(bench.result.outcome, 'done')
    assert.equal(bench.result.partial, false)
    assert.equal(bench.result.insights.length, 1)
    assert.equal(bench.result.notifications[0]?.status, 'resolved')
    assert.equal(bench.result.operatorResults[0]?.status, 'completed')
  })

  it('starts each skill once while it runs, and names unknown ones', () => {
    const bench = new Bench()
    bench.invoke('vm')
    const effects = bench.says({ intent: 'invoke_operators', skills: ['vm', 'tables', 'redis'] })
    assert.deepEqual(
      ofType(effects, 'start-operator').map((effect) => effect.skill),
      ['tables'],
    )
    assert.deepEqual(bench.run.turns.at(-1), {
      type: 'result',
      intent: 'invoke_operators',
      ok: true,
      value: { started: ['tables'], alreadyRunning: ['vm'], unknown: ['redis'] },
    })
    bench.says({ intent: 'invoke_operators', skills: ['redis'] })
    const last = bench.run.turns.at(-1)
    assert.match(JSON.stringify(last), /known: vm, tables, vm_events/)
  })

  it('may start a skill again after it ended, under a new id', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.completes(vm)
    const effects = bench.says({ intent: 'invoke_operators', skills: ['vm'] })
    assert.deepEqual(
      ofType(effects, 'start-operator').map((effect) => effect.operator),
      ['r1.vm.2'],
    )
  })

  it('gives operators a deadline that leaves the conclusion its time', () => {
    const bench = new Bench()
    const [start] = ofType(
      bench.says({ intent: 'invoke_operators', skills: ['vm'] }),
      'start-operator',
    )
    assert.equal(start?.limits.deadlineAt, t0 + 58_000)
  })

  it('stops starting operators at its bound and tells it', () => {
    const bench = new Bench({ maxIterations: 100 })
    for (let round = 0; round < 40; round++) {
      const effects = bench.says({ intent: 'invoke_operators', skills: ['vm'] })
      for (const { operator } of ofType(effects, 'start-operator')) bench.completes(operator)
    }
    assert.equal(bench.run.operators.length, 32)
    assert.ok(ofType(bench.effects, 'tell').some(({ event }) => event === 'bound-hit'))
  })
})

describe('reports of operators', () => {
  it('wake a waiting model and stand in its conversation, so that it need not poll', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.says({ intent: 'wait', ms: 60_000 })
    assert.equal(bench.phase, 'waiting')
    const [asked] = ofType(bench.notifies(vm), 'ask-model')
    assert.deepEqual(asked?.body.turns.at(-1), {
      type: 'event',
      event: { type: 'operator_notification', skill: 'vm', notificationId: `${vm}.n1` },
    })
  })

  it('that came while the model was thinking are seen at the next turn, after its action', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    const [asked] = ofType(bench.says({ intent: 'think', thought: 'hm' }), 'ask-model')
    assert.deepEqual(
      asked?.body.turns.slice(-3).map(({ type }) => type),
      ['action', 'result', 'event'],
    )
  })

  it('end a wait that was chosen without knowing them', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    bench.says({ intent: 'wait', ms: 60_000 })
    assert.equal(bench.phase, 'thinking')
  })

  it('let no done pass that was said without knowing them', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    bench.completes(vm)
    bench.says({ intent: 'done' })
    assert.equal(bench.phase, 'thinking')
    bench.says({ intent: 'done' })
    assert.equal(bench.result.outcome, 'done')
  })

  it('are kept once, and their statuses survive the completion', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    bench.notifies(vm)
    bench.says({
      intent: 'update_notification_statuses',
      notificationIds: [`${vm}.n1`],
      status: 'resolved',
    })
    bench.completes(vm, {
      notifications: [notification(vm, `${vm}.n1`), notification(vm, `${vm}.n2`)],
    })
    assert.deepEqual(
      bench.run.notifications.map(({ id, status }) => [id, status]),
      [
        [`${vm}.n1`, 'resolved'],
        [`${vm}.n2`, 'unread'],
      ],
    )
  })

  it('from an unknown operator are told, not kept', () => {
    const bench = new Bench()
    const effects = bench.notifies('r0.vm.9')
    assert.equal(bench.run.notifications.length, 0)
    assert.equal(ofType(effects, 'tell')[0]?.event, 'notification-ignored')
  })

  it('over the bound are told, not kept', () => {
    const bench = new Bench()
    bench.invoke('vm')
    for (let count = 0; count <= maxNotifications; count++) bench.notifies(vm, `${vm}.n${count}`)
    assert.equal(bench.run.notifications.length, maxNotifications)
    assert.equal(
      ofType(bench.effects, 'tell').filter(({ event }) => event === 'notification-ignored').length,
      1,
    )
  })

  it('come late, after the end, and are told', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.on({ type: 'stop', reason: 'test' })
    assert.equal(ofType(bench.notifies(vm), 'tell')[0]?.event, 'notification-ignored')
  })
})

describe('an operator that does not complete', () => {
  const endings: [string, (bench: Bench) => void, OperatorEnding['type']][] = [
    [
      'fails',
      (bench) =>
        bench.completes(vm, { ending: { type: 'failed', reason: 'model gone' }, partial: true }),
      'failed',
    ],
    [
      'crashes',
      (bench) => bench.on({ type: 'operator-down', operator: vm, reason: 'killed' }),
      'crashed',
    ],
    [
      'is cancelled',
      (bench) =>
        bench.completes(vm, { ending: { type: 'cancelled', reason: 'deadline' }, partial: true }),
      'cancelled',
    ],
  ]
  for (const [what, happen, status] of endings) {
    it(`${what}: it is reported as ${status}, the model is told, the result is partial`, () => {
      const bench = new Bench()
      bench.invoke('vm')
      bench.notifies(vm)
      bench.says({ intent: 'wait', ms: 60_000 })
      happen(bench)
      bench.says(insightOn(`${vm}.n1`))
      bench.says({ intent: 'done' })
      assert.equal(bench.result.operatorResults[0]?.status, status)
      assert.equal(bench.result.partial, true)
      assert.equal(bench.result.insights[0]?.partial, true)
      const told = bench.run.turns.some(
        (turn) =>
          turn.type === 'event' &&
          turn.event.type === 'operator_complete' &&
          turn.event.ending.type === status,
      )
      assert.ok(told)
    })
  }

  it('could not be started: it counts as failed', () => {
    const bench = new Bench()
    bench.says({ intent: 'invoke_operators', skills: ['vm'] })
    bench.on({ type: 'operator-refused', operator: vm, reason: 'no thread' })
    bench.says({ intent: 'done' })
    bench.says({ intent: 'done' })
    assert.equal(bench.result.operatorResults[0]?.status, 'failed')
  })

  it('crashes as the last one after the turns are spent: the run still ends', () => {
    const bench = new Bench({ maxIterations: 1 })
    bench.invoke('vm')
    assert.equal(bench.phase, 'gathering')
    bench.on({ type: 'operator-down', operator: vm, reason: 'killed' })
    assert.equal(bench.phase, 'concluding')
    bench.says({ intent: 'done' })
    assert.equal(bench.result.outcome, 'iterations_spent')
  })
})

describe('an operator whose turn to work had not come', () => {
  it('when the run concludes counts as cancelled, with the reason', () => {
    const bench = new Bench()
    bench.says({ intent: 'invoke_operators', skills: ['vm'] })
    bench.on({ type: 'cancel' })
    bench.on({ type: 'operator-refused', operator: vm, reason: 'too late', isGivenUp: true })
    assert.equal(bench.phase, 'concluding')
    bench.says({ intent: 'done' })
    const [report] = bench.result.operatorResults
    assert.deepEqual([report?.status, report?.reason], ['cancelled', 'too late'])
  })
})

describe('done while operators run', () => {
  it('is deferred until the last one has ended, at the cost of no turn', () => {
    const bench = new Bench()
    bench.invoke('vm', 'tables')
    bench.says({ intent: 'done' })
    assert.equal(bench.phase, 'deferring')
    bench.notifies(vm)
    bench.completes(vm)
    assert.equal(bench.phase, 'deferring')
    bench.completes(tables)
    assert.equal(bench.phase, 'thinking')
    assert.equal(bench.run.spent.iterations, 2)
  })
})

describe('a failing model of the coordinator', () => {
  it('is asked again, and the third failure ends the run with what is known', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    const delays: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      const effects = bench.on({ type: 'model-failed', request: bench.request, failure: failure() })
      for (const { timer, ms } of ofType(effects, 'arm-timer').filter(({ timer: name }) =>
        name.startsWith('retry'),
      )) {
        delays.push(ms)
        bench.on({ type: 'timer', timer })
      }
    }
    assert.deepEqual(delays, [1_000, 2_000])
    assert.equal(bench.phase, 'gathering')
    bench.completes(vm)
    assert.equal(bench.result.outcome, 'failed')
    assert.equal(bench.result.failure?.kind, 'overloaded')
    assert.equal(bench.result.notifications.length, 1)
  })

  it('waits as long as the provider asks, but 10 s at most', () => {
    const bench = new Bench()
    const effects = bench.on({
      type: 'model-failed',
      request: bench.request,
      failure: failure({ retryAfterMs: 600_000 }),
    })
    assert.equal(ofType(effects, 'arm-timer')[0]?.ms, 10_000)
  })

  it('without hope of a retry ends the run at once', () => {
    const bench = new Bench()
    bench.on({
      type: 'model-failed',
      request: bench.request,
      failure: failure({ kind: 'auth', retryable: false }),
    })
    assert.equal(bench.result.outcome, 'failed')
  })
})

describe('deadline and cancel', () => {
  const inPhases: Record<string, (bench: Bench) => void> = {
    thinking: () => undefined,
    waiting: (bench) => bench.says({ intent: 'wait', ms: 60_000 }),
    deferring: (bench) => bench.says({ intent: 'done' }),
    retrying: (bench) =>
      bench.on({ type: 'model-failed', request: bench.request, failure: failure() }),
  }
  const causes = {
    deadline: { event: { type: 'timer', timer: 'conclude' }, outcome: 'deadline_exceeded' },
    cancel: { event: { type: 'cancel' }, outcome: 'cancelled' },
  } as const
  for (const [phase, enter] of Object.entries(inPhases)) {
    for (const [cause, { event, outcome }] of Object.entries(causes)) {
      it(`${cause} while ${phase}: operators conclude, the model has a last word, what is known comes back`, () => {
        const bench = new Bench()
        bench.invoke('vm')
        bench.notifies(vm)
        bench.says({ intent: 'think', thought: 'hm' })
        enter(bench)
        assert.equal(bench.phase, phase)
        const effects = bench.on(event)
        assert.equal(ofType(effects, 'conclude-operator').length, 1)
        assert.equal(bench.phase, 'gathering')
        bench.completes(vm, { partial: true, notifications: [notification(vm, `${vm}.n2`)] })
        assert.equal(bench.phase, 'concluding')
        bench.says(insightOn(`${vm}.n2`))
        bench.says({ intent: 'done', summary: 'as far as we got' })
        assert.equal(bench.result.outcome, outcome)
        assert.equal(bench.result.partial, true)
        assert.equal(bench.result.insights[0]?.partial, true)
        assert.equal(bench.result.notifications.length, 2)
      })
    }
  }

  it('has the notifications in its conversation, though no turn is left to ask for them', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    bench.on({ type: 'cancel' })
    const [asked] = ofType(bench.completes(vm), 'ask-model')
    assert.match(JSON.stringify(asked?.body.turns), /the loop was blocked for 4210 ms/)
  })

  it('an operator that does not conclude in time is stopped and counted as cancelled', () => {
    const bench = new Bench()
    bench.invoke('vm')
    const effects = bench.on({ type: 'cancel' })
    const [gather] = ofType(effects, 'arm-timer')
    assert.equal(gather?.ms, 1_000)
    const late = bench.on({ type: 'timer', timer: gather?.timer ?? '' })
    assert.equal(ofType(late, 'stop-operator').length, 1)
    assert.equal(bench.phase, 'concluding')
    bench.says({ intent: 'done' })
    assert.equal(bench.result.operatorResults[0]?.status, 'cancelled')
  })

  it('a model that says nothing any more does not hold the end up', () => {
    const bench = new Bench()
    const [last] = ofType(bench.on({ type: 'cancel' }), 'arm-timer')
    bench.on({ type: 'timer', timer: last?.timer ?? '' })
    assert.equal(bench.result.outcome, 'cancelled')
  })

  it('the deadline itself ends any phase at once', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    const effects = bench.on({ type: 'timer', timer: 'deadline' })
    assert.equal(bench.result.outcome, 'deadline_exceeded')
    assert.equal(bench.result.notifications.length, 1)
    assert.equal(ofType(effects, 'stop-operator').length, 1)
  })

  it('timers of an earlier step are stale', () => {
    const bench = new Bench()
    bench.says({ intent: 'wait', ms: 10 })
    bench.on({ type: 'timer', timer: 'wait-2' })
    const before = bench.run
    bench.on({ type: 'timer', timer: 'wait-2' })
    bench.on({ type: 'timer', timer: 'retry-1' })
    assert.equal(bench.run, before)
  })
})

describe('budgets', () => {
  it('of tokens count the operators too and end the run by a conclusion', () => {
    const bench = new Bench({ tokenBudget: 1_000 })
    bench.invoke('vm')
    bench.says({ intent: 'wait', ms: 60_000 }, 300)
    bench.completes(vm, { tokens: 900 })
    assert.equal(bench.phase, 'concluding')
    bench.says({ intent: 'done' })
    assert.equal(bench.result.outcome, 'tokens_spent')
    assert.equal(bench.result.tokens, 1_200)
  })

  it('of turns let running operators finish first', () => {
    const bench = new Bench({ maxIterations: 1 })
    bench.invoke('vm')
    assert.equal(ofType(bench.effects, 'conclude-operator').length, 0)
    bench.notifies(vm)
    bench.completes(vm)
    bench.says(insightOn(`${vm}.n1`))
    bench.says({ intent: 'done' })
    assert.equal(bench.result.insights.length, 1)
  })
})

describe('a message to an operator', () => {
  it('does not hold the coordinator up; its answer arrives as a message', () => {
    const bench = new Bench()
    bench.invoke('vm')
    const effects = bench.says({
      intent: 'message_operator',
      skill: 'vm',
      message: 'and the heap?',
    })
    assert.equal(ofType(effects, 'message-operator').length, 1)
    assert.equal(bench.phase, 'thinking')
    bench.says({ intent: 'wait', ms: 60_000 })
    const answer = {
      skill: 'vm',
      state: 'healthy',
      iteration: 2,
      response: { summary: 'fine' },
    } as const
    const [asked] = ofType(
      bench.on({ type: 'operator-answered', skill: 'vm', outcome: { ok: true, answer } }),
      'ask-model',
    )
    assert.match(JSON.stringify(asked?.body.turns.at(-1)), /"type":"message","from":"vm"/)
  })

  it('to one that does not run is refused with the running ones', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.says({ intent: 'message_operator', skill: 'tables', message: 'hello' })
    assert.match(JSON.stringify(bench.run.turns.at(-1)), /running: vm/)
  })
})

describe('an insight', () => {
  it('on notifications that do not exist is refused', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    const effects = bench.says(insightOn('invented'))
    assert.equal(ofType(effects, 'insight').length, 0)
    assert.equal(bench.run.insights.length, 0)
  })
})

describe('schedule', () => {
  it('arms the follow-up when the run ends, once', () => {
    const bench = new Bench()
    bench.says({ intent: 'schedule', ms: 60_000, reason: 'look again' })
    const effects = bench.says({ intent: 'done' })
    assert.deepEqual(ofType(effects, 'schedule'), [
      {
        type: 'schedule',
        followUp: { runId: 'r1-f1', ms: 60_000, reason: 'look again' },
        followUps: 1,
      },
    ])
  })

  it('is refused after three follow-ups', () => {
    const bench = new Bench({}, { followUps: 3 })
    bench.says({ intent: 'schedule', ms: 60_000, reason: 'look again' })
    assert.equal(ofType(bench.says({ intent: 'done' }), 'schedule').length, 0)
  })

  it('is dropped when the run is cancelled', () => {
    const bench = new Bench()
    bench.says({ intent: 'schedule', ms: 60_000, reason: 'look again' })
    bench.on({ type: 'cancel' })
    bench.says({ intent: 'done' })
    assert.equal(ofType(bench.effects, 'schedule').length, 0)
  })
})

const anyEvent = fc.constantFrom<(bench: Bench) => void>(
  (bench) => bench.says({ intent: 'invoke_operators', skills: ['vm', 'tables'] }),
  (bench) => bench.says({ intent: 'think', thought: 'x' }),
  (bench) => bench.says({ intent: 'wait', ms: 10 }),
  (bench) => bench.says({ intent: 'done' }),
  (bench) => bench.says(insightOn(`${vm}.n1`)),
  (bench) => bench.on({ type: 'operator-started', operator: vm, pid: '<vm>' }),
  (bench) => bench.notifies(vm),
  (bench) => bench.notifies(tables),
  (bench) => bench.completes(vm, { notifications: [notification(vm, `${vm}.n1`)] }),
  (bench) => bench.completes(tables),
  (bench) => bench.on({ type: 'operator-down', operator: vm, reason: 'killed' }),
  (bench) =>
    bench.on({ type: 'timer', timer: 'timer' in bench.run.phase ? bench.run.phase.timer : 'x' }),
  (bench) => bench.on({ type: 'model-failed', request: bench.request, failure: failure() }),
  (bench) => bench.on({ type: 'model-replied', request: 'q1', reply: reply({ intent: 'done' }) }),
  (bench) => bench.on({ type: 'resumed' }),
  (bench) => bench.on({ type: 'cancel' }),
)

describe('whatever happens to a coordinator run', () => {
  it('ends exactly once, within its turns, with every notification once and no operator running', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 80 }), (events) => {
        const bench = new Bench({ maxIterations: 10 })
        for (const happen of events) happen(bench)
        const ended = bench.phase === 'ended'
        bench.on({ type: 'timer', timer: 'deadline' })
        const ends = ofType(bench.effects, 'end').length
        assert.ok(ended ? ends >= 1 : ends === 1)
        v.parse(coordinatorResultSchema, JSON.parse(JSON.stringify(bench.result)))
        assert.ok(bench.result.iterations <= 10 + maxConcludingTurns)
        const ids = bench.result.notifications.map(({ id }) => id)
        assert.equal(new Set(ids).size, ids.length)
        assert.ok(bench.result.operatorResults.every(({ status }) => status !== 'running'))
        const requests = ofType(bench.effects, 'ask-model').map(({ request }) => request)
        assert.equal(new Set(requests).size, requests.length)
      }),
      { numRuns: 500 },
    )
  })

  it('is the same when its events are folded again, as after a crash', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const bench = new Bench({ maxIterations: 10 })
        for (const happen of events) happen(bench)
        assert.deepEqual(
          JSON.parse(JSON.stringify(bench.folded)),
          JSON.parse(JSON.stringify(bench.run)),
        )
      }),
      { numRuns: 300 },
    )
  })
})

describe('a resumed run', () => {
  it('asks again what was asked and hears of its operators and timers again', () => {
    const bench = new Bench()
    bench.invoke('vm')
    const effects = bench.on({ type: 'resumed' })
    assert.deepEqual(
      effects.map((effect) => (effect.type === 'arm-timer' ? effect.timer : effect.type)),
      ['conclude', 'deadline', 'attach-operator', 'ask-model'],
    )
    bench.says({ intent: 'wait', ms: 5_000 })
    const waiting = bench.on({ type: 'resumed' })
    const wait = ofType(waiting, 'arm-timer').find(({ timer }) => timer.startsWith('wait'))
    assert.equal(wait?.ms, 4_999)
  })

  it('ends as failed when its coordinator has crashed four times under it', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    for (let crash = 0; crash < 4; crash++) bench.on({ type: 'resumed' })
    const { outcome, notifications, failure: why } = bench.result
    assert.deepEqual([outcome, notifications.length], ['failed', 1])
    assert.match(why?.message ?? '', /crashed 4 times/)
  })

  it('that had ended before its follow-up was in the journal asks for that again', () => {
    const bench = new Bench()
    bench.says({ intent: 'schedule', ms: 60_000, reason: 'look again' })
    const first = bench.says({ intent: 'done' })
    const again = bench.on({ type: 'resumed' })
    assert.deepEqual(ofType(again, 'schedule'), ofType(first, 'schedule'))
  })

  it('that had ended ends again, with the same result', () => {
    const bench = new Bench()
    bench.says({ intent: 'done' })
    const [end] = ofType(bench.on({ type: 'resumed' }), 'end')
    assert.equal(end?.result, bench.result)
  })
})
