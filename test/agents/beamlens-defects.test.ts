/** The coordinator's part of what breaks in beamlens 0.4.0, each shown not to break here. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { maxNotifications } from '../../agents/loop/coordinator-operators.ts'
import type { CoordinatorResult } from '../../agents/loop/coordinator-run.ts'
import { admit, maxQueued, maxRuns } from '../../agents/loop/run-queue.ts'
import { toolSchemas } from '../../agents/models/action-schema.ts'
import { systemText } from '../../agents/models/system-text.ts'
import { journal } from '../../agents/servers/journal-server.ts'
import { names } from '../../agents/servers/names.ts'
import { RunTimers } from '../../agents/servers/run-timers.ts'
import { receiveForwarded, telemetry } from '../../agents/telemetry.ts'
import { coordinatorIntents } from '../../agents/vocabulary/coordinator-action.ts'
import { call, child, refOf } from '../../runtime/index.ts'
import { muteOperator } from './fixtures/mute-operator.ts'
import { type Script, scriptedModel } from './fixtures/stand-ins.ts'
import { coordinatorRequest, summaryOf } from './models/support/requests.ts'
import { Bench, insightOn, notification, ofType } from './support/bench.ts'
import { askDoor, inHouse, patienceMs } from './support/house.ts'
import { failure } from './support/kernel.ts'
import { awaitRun, heard } from './support/runs.ts'

after(receiveForwarded())

const vm = 'r1.vm.1'
const bounds = { deadlineMs: 60_000, maxIterations: 25 }

const start = (runId: string): Promise<unknown> =>
  askDoor({ type: 'coordinator-start', runId, context: {}, bounds })

describe('options of a run', () => {
  it('beamlens defect 1: are those with which its model is asked', async () => {
    await inHouse({}, async () => {
      await askDoor({
        type: 'coordinator-run',
        runId: 'run-options',
        context: {},
        bounds: { deadlineMs: 20_000, maxIterations: 3, tokenBudget: 5_000, model: 'rules' },
        skills: ['tables'],
        strategy: 'pipeline',
        notifications: [notification(vm, 'n-before')],
      })
      const [asked] = await refOf(scriptedModel).call('seen')
      if (asked?.agent !== 'coordinator') assert.fail('the coordinator asked nothing')
      const { skills, budget, model, strategy, notifications } = asked
      const { iterationsLeft, tokensLeft, msLeft } = budget
      assert.deepEqual(
        skills.map(({ id }) => id),
        ['tables'],
      )
      assert.deepEqual([iterationsLeft, tokensLeft, msLeft <= 20_000], [3, 5_000, true])
      assert.deepEqual([model, strategy, notifications[0]?.id], ['rules', 'pipeline', 'n-before'])
    })
  })
})

describe('a model that fails', () => {
  it('beamlens defect 2: ends its run with an answer, and leaves the next one alone', async () => {
    await inHouse({ coordinator: ['fail'] }, async () => {
      for (const runId of ['run-one', 'run-two']) {
        await start(runId)
        assert.equal((await awaitRun(runId)).outcome, 'failed')
      }
    })
  })

  it('beamlens defect 2: is asked again before the run is given up', () => {
    const bench = new Bench()
    bench.on({ type: 'model-failed', request: bench.request, failure: failure() })
    assert.equal(bench.phase, 'retrying')
    bench.on({ type: 'timer', timer: 'retry-1' })
    bench.says({ intent: 'done' })
    assert.equal(bench.result.outcome, 'done')
  })

  it('beamlens defect 2: leaves no timer that ends a later run', async () => {
    const fired = await new Promise<string>((resolve) => {
      const timers = new RunTimers((runId) => resolve(runId))
      timers.arm('run-one', 'deadline', 5)
      timers.forget('run-one')
      timers.arm('run-two', 'deadline', 10)
    })
    assert.equal(fired, 'run-two')
  })
})

describe('an operator', () => {
  it('beamlens defect 3: whose model failed is told as failed, never as healthy', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.completes(vm, { ending: { type: 'failed', reason: 'no key' }, partial: true })
    bench.says({ intent: 'done' })
    bench.says({ intent: 'done' })
    const [report] = bench.result.operatorResults
    assert.deepEqual([report?.status, report?.reason], ['failed', 'no key'])
  })

  it('beamlens defect 6: that completes does not make what was resolved unread again', () => {
    const bench = new Bench()
    bench.invoke('vm')
    bench.notifies(vm)
    bench.says(insightOn(`${vm}.n1`))
    bench.completes(vm, { notifications: [notification(vm, `${vm}.n1`)] })
    assert.deepEqual(
      bench.run.notifications.map(({ status }) => status),
      ['resolved'],
    )
  })

  it('beamlens defect 7: that crashes as the last one ends a run whose turns are spent', () => {
    const bench = new Bench({ maxIterations: 1 })
    bench.invoke('vm')
    bench.on({ type: 'operator-down', operator: vm, reason: 'killed' })
    bench.says({ intent: 'done' })
    assert.equal(bench.result.outcome, 'iterations_spent')
  })

  it('beamlens defect 9: that runs is not started a second time', () => {
    const bench = new Bench()
    bench.invoke('vm')
    const effects = bench.says({ intent: 'invoke_operators', skills: ['vm'] })
    assert.deepEqual(ofType(effects, 'start-operator'), [])
  })
})

describe('a run that ends early', () => {
  it('beamlens defect 5: asks its operators to conclude, kills none, and keeps what is known', () => {
    const bench = new Bench()
    bench.invoke('vm', 'tables', 'vm_events')
    bench.notifies(vm)
    const effects = bench.on({ type: 'cancel' })
    assert.equal(ofType(effects, 'conclude-operator').length, 3)
    assert.equal(ofType(effects, 'stop-operator').length, 0)
    for (const skill of ['vm', 'tables', 'vm_events']) bench.completes(`r1.${skill}.1`)
    bench.says(insightOn(`${vm}.n1`))
    bench.says({ intent: 'done' })
    const { outcome, insights, notifications } = bench.result
    assert.deepEqual([outcome, insights.length, notifications.length], ['cancelled', 1, 1])
  })

  it('beamlens defect 9: leaves no wait that goes on in a later step', () => {
    const bench = new Bench()
    bench.says({ intent: 'wait', ms: 10 })
    bench.on({ type: 'timer', timer: 'wait-2' })
    const before = bench.run
    bench.on({ type: 'timer', timer: 'wait-2' })
    assert.equal(bench.run, before)
  })
})

describe('a follow-up', () => {
  const scheduling: Script = {
    coordinator: [{ intent: 'schedule', ms: 1_000, reason: 'look again' }, { intent: 'done' }],
  }

  it('beamlens defect 8: begins though another run is under way, and its result can be awaited', async () => {
    await inHouse(scheduling, async () => {
      await start('run-asking')
      const { followUp } = await awaitRun('run-asking')
      await start('run-beside')
      const next = followUp?.runId ?? assert.fail('nothing is scheduled')
      assert.equal((await awaitRun(next)).outcome, 'done')
    })
  })

  it('beamlens defect 8: is cancelled with all others', async () => {
    await inHouse(scheduling, async () => {
      await start('run-asking')
      await awaitRun('run-asking')
      assert.deepEqual(await askDoor({ type: 'coordinator-cancel' }), ['run-asking-f1'])
    })
  })

  it('beamlens defect 8: is followed by three at most', () => {
    const bench = new Bench({}, { followUps: 3 })
    bench.says({ intent: 'schedule', ms: 60_000, reason: 'again' })
    assert.ok(ofType(bench.effects, 'tell').some(({ event }) => event === 'bound-hit'))
    assert.equal(ofType(bench.says({ intent: 'done' }), 'schedule').length, 0)
  })
})

describe('what grows', () => {
  it('beamlens defect 10: the queue of runs has an end', () => {
    const run = (isQueued: boolean) =>
      ({ id: 'r', priority: 'normal', askedAt: 0, isQueued }) as const
    const underWay = Array.from({ length: maxRuns }, () => run(false))
    const waiting = Array.from({ length: maxQueued }, () => run(true))
    assert.equal(admit([...underWay, ...waiting], 'normal', 1), 'refused')
  })

  it('beamlens defect 10: the notifications of a run have one, and what is left out is told', () => {
    const bench = new Bench()
    bench.invoke('vm')
    for (let count = 0; count < maxNotifications; count++) bench.notifies(vm, `n${count}`)
    const [told] = ofType(bench.notifies(vm, 'one too many'), 'tell')
    assert.equal(told?.event, 'notification-ignored')
    assert.equal(bench.run.notifications.length, maxNotifications)
  })
})

describe('a coordinator', () => {
  it('beamlens defect 11: hears a cancel while an operator owes it an answer', async () => {
    const script: Script = {
      coordinator: [
        { intent: 'invoke_operators', skills: ['vm'] },
        { intent: 'message_operator', skill: 'vm', message: 'and the heap?' },
        'never',
        { intent: 'done' },
      ],
    }
    await inHouse(script, async () => {
      await call(names.operators, 'startChild', child(muteOperator), { timeoutMs: patienceMs })
      const asked = heard('coordinator:action', ({ intent }) => intent === 'message_operator')
      await start('run-asking')
      await asked
      await askDoor({ type: 'coordinator-cancel', runId: 'run-asking' })
      assert.equal((await awaitRun('run-asking')).outcome, 'cancelled')
    })
  })

  it('beamlens defect 12: has several runs under way, each with the same operator at work', async () => {
    const script: Script = {
      coordinator: [{ intent: 'invoke_operators', skills: ['vm'] }, 'never', { intent: 'done' }],
      vm: ['never', { intent: 'done' }],
    }
    await inHouse(script, async () => {
      const both = ['run-one', 'run-two'].map((id) =>
        heard('coordinator:operator-started', ({ runId }) => runId === id),
      )
      await start('run-one')
      await start('run-two')
      await Promise.all(both)
      const { runs } = (await askDoor({ type: 'coordinator-status' })) as {
        runs: { operators: { status: string }[] }[]
      }
      assert.deepEqual(
        runs.map(({ operators }) => operators[0]?.status),
        ['running', 'running'],
      )
    })
  })

  for (const strategy of ['agent-loop', 'pipeline'] as const) {
    it(`beamlens defect 17: knows the description of a custom skill, as ${strategy}`, () => {
      const skills = [summaryOf('redis', 'Hit rate, memory, slow log.', [])]
      const tools =
        strategy === 'pipeline' ? (['invoke_operators', 'report'] as const) : coordinatorIntents
      const request = coordinatorRequest({ skills, strategy, tools })
      assert.match(
        systemText(request, toolSchemas(request), { tag: 'tag', secrets: [] }),
        /redis.*Hit rate, memory, slow log\./,
      )
    })
  }
})

describe('a run', () => {
  const script: Script = {
    coordinator: [
      { intent: 'invoke_operators', skills: ['vm'] },
      { intent: 'wait', ms: 30_000, until: 'all_ended' },
      'insight',
      { intent: 'done' },
    ],
    vm: [{ intent: 'take_snapshot' }, 'notify', { intent: 'done' }],
  }

  it('beamlens defect 21: is named in every event of it', async () => {
    await inHouse(script, async () => {
      const told: unknown[] = []
      const stops = ['run', 'coordinator', 'operator'].map((group) =>
        telemetry.subscribe(group, ({ data }) => told.push(data['runId'])),
      )
      const ended = heard(
        'run:ended',
        ({ agent, operator }) => agent !== 'operator' && operator === undefined,
      )
      await start('run-told')
      await ended
      for (const stop of stops) stop()
      assert.ok(told.length > 10)
      assert.deepEqual([...new Set(told)], ['run-told'])
    })
  })

  it('beamlens defect 21: has a transcript of each action of its model, with model and tokens', async () => {
    await inHouse(script, async () => {
      await start('run-told')
      const { iterations }: CoordinatorResult = await awaitRun('run-told')
      const run = await refOf(journal).call('runOf', 'run-told')
      const replies = (run?.records ?? []).flatMap((record) =>
        record.type === 'run-event' && record.event.type === 'model-replied'
          ? [record.event.reply]
          : [],
      )
      assert.equal(replies.length, iterations)
      assert.deepEqual(
        replies.map(({ action }) => action.intent),
        ['invoke_operators', 'wait', 'produce_insight', 'done'],
      )
      assert.ok(replies.every(({ model, usage }) => model === 'scripted' && usage.inputTokens >= 0))
    })
  })
})
