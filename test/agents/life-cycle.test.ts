import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { names, operatorName } from '../../agents/servers/names.ts'
import { defaultFileBounds } from '../../agents/storage/file-bounds.ts'
import { receiveForwarded } from '../../agents/telemetry.ts'
import {
  call,
  child,
  exit,
  isDownMessage,
  isPid,
  monitor,
  type Runtime,
  receive,
  refOf,
  whereis,
} from '../../runtime/index.ts'
import { type Script, scriptedModel, stuckOperator } from './fixtures/stand-ins.ts'
import { ownerOf, temporaryFolder } from './storage/support.ts'
import { patienceMs, startHouse } from './support/house.ts'
import { awaitRun, begin, heard } from './support/runs.ts'

const stopForwarding = receiveForwarded()
after(stopForwarding)

async function inHouse(
  script: Script,
  use: (runtime: Runtime) => Promise<void>,
  changes = {},
): Promise<void> {
  const runtime = await startHouse(script, changes)
  try {
    await use(runtime)
  } finally {
    await runtime.stop()
  }
}

const finding: Script = {
  coordinator: [
    { intent: 'invoke_operators', skills: ['vm'] },
    { intent: 'wait', ms: 30_000 },
    'insight',
    { intent: 'done', summary: 'found' },
  ],
  vm: [
    { intent: 'take_snapshot' },
    { intent: 'execute', code: 'return 1' },
    'notify',
    { intent: 'done' },
  ],
}

describe('an investigation over real threads', () => {
  it('ends with an insight that rests on what an operator saw', async () => {
    await inHouse(finding, async () => {
      const { result } = await begin()
      const { outcome, insights, operatorResults, notifications } = await result
      assert.equal(outcome, 'done')
      assert.equal(insights.length, 1)
      assert.equal(insights[0]?.hypothesisGrounded, true)
      assert.deepEqual(
        operatorResults.map(({ skill: id, status }) => [id, status]),
        [['vm', 'completed']],
      )
      assert.deepEqual(notifications[0]?.snapshots[0]?.data, { skill: 'vm', blockedMs: 4210 })
    })
  })

  it('can be several at a time, over the same operator', async () => {
    await inHouse(finding, async () => {
      const runs = await Promise.all([begin(), begin(), begin()])
      for (const { result } of runs) {
        const { outcome, insights } = await result
        assert.equal(outcome, 'done')
        assert.equal(insights.length, 1)
      }
    })
  })

  it('knows what an earlier one has found', async () => {
    await inHouse(finding, async () => {
      const first = await (await begin()).result
      const { result } = await begin()
      await result
      const last = (await refOf(scriptedModel).call('seen')).findLast(
        ({ agent }) => agent === 'coordinator',
      )
      const known = last?.agent === 'coordinator' ? last.known : []
      assert.deepEqual(
        known.map(({ insightId, explains }) => [insightId, explains]),
        [[first.insights[0]?.id, ['vm_lagMs']]],
      )
    })
  })

  it('can be awaited after its end, and the unknown is said to be unknown', async () => {
    await inHouse(finding, async () => {
      const { runId, result } = await begin()
      await result
      assert.equal((await awaitRun(runId)).outcome, 'done')
      assert.equal(await call(names.coordinator, 'await', 'run-unknown'), null)
    })
  })

  it('writes a notification to the journal before the coordinator hears of it', async () => {
    await inHouse(finding, async () => {
      const { runId, result } = await begin()
      await result
      const run = await call(names.journal, 'runOf', runId)
      const records = (run as { records: { type: string; event?: { type: string } }[] }).records
      const written = records.findIndex(({ type }) => type === 'notification')
      const counted = records.findIndex(({ event }) => event?.type === 'operator-notified')
      assert.ok(written >= 0 && written < counted)
    })
  })
})

describe('an operator', () => {
  const stuck: Script = {
    coordinator: [
      { intent: 'invoke_operators', skills: ['vm', 'tables'] },
      { intent: 'wait', ms: 30_000 },
      { intent: 'wait', ms: 30_000 },
      'insight',
      { intent: 'done' },
    ],
    vm: [{ intent: 'take_snapshot' }, 'notify', 'never'],
    tables: [{ intent: 'done' }],
  }

  it('that is killed mid-run is reported as crashed after all it had sent, and is restarted', async () => {
    await inHouse(stuck, async () => {
      const notified = heard('coordinator:notification-received')
      const { result } = await begin()
      await notified
      const pid = whereis(operatorName('vm'))
      if (pid === undefined) assert.fail('the operator has no name')
      exit(pid, { type: 'kill' })
      const { operatorResults, notifications, partial, insights } = await result
      assert.equal(operatorResults.find(({ skill: id }) => id === 'vm')?.status, 'crashed')
      assert.equal(notifications.length, 1)
      assert.equal(insights.length, 1)
      assert.equal(partial, true)
      const deadline = Date.now() + patienceMs
      let next = whereis(operatorName('vm'))
      while ((next === undefined || next === pid) && Date.now() < deadline) {
        await new Promise(setImmediate)
        next = whereis(operatorName('vm'))
      }
      assert.ok(isPid(next) && next !== pid)
      assert.deepEqual(await call(next, 'status', undefined, { timeoutMs: patienceMs }), [])
    })
  })

  it('goes away when it has nothing to do, and is started again on demand', async () => {
    await inHouse(
      finding,
      async () => {
        const stopped = heard('operator:idle-stopped')
        assert.equal((await (await begin()).result).outcome, 'done')
        await stopped
        assert.equal((await (await begin()).result).insights.length, 1)
      },
      { operatorIdleMs: 50 },
    )
  })

  it('answers a message while its run goes on', async () => {
    await inHouse(
      { vm: ['never'], coordinator: [{ intent: 'invoke_operators', skills: ['vm'] }, 'never'] },
      async () => {
        const started = heard('coordinator:operator-started')
        const { runId, result } = await begin()
        await started
        const answer = await call(
          operatorName('vm'),
          'message',
          { from: 'test', text: 'how is it?' },
          { timeoutMs: patienceMs },
        )
        assert.deepEqual(answer, {
          ok: true,
          answer: {
            skill: 'vm',
            state: 'healthy',
            iteration: 0,
            response: { summary: 'vm is fine' },
          },
        })
        await call(names.coordinator, 'cancel', runId)
        assert.equal((await result).outcome, 'cancelled')
      },
    )
  })
})

describe('an operator whose thread is stuck', () => {
  it('is killed when its run is over, and its supervisor starts another', async () => {
    const script: Script = {
      coordinator: [{ intent: 'invoke_operators', skills: ['vm'] }, 'never', 'never'],
    }
    await inHouse(script, async () => {
      const pid = await call(names.operators, 'startChild', child(stuckOperator), {
        timeoutMs: patienceMs,
      })
      if (!isPid(pid)) assert.fail('the stuck operator did not start')
      const started = heard('coordinator:operator-started')
      const { runId, result } = await begin()
      await started
      await call(names.coordinator, 'cancel', runId)
      const { operatorResults } = await result
      assert.equal(operatorResults[0]?.status, 'cancelled')
      monitor(pid)
      const down = await receive(isDownMessage, { timeoutMs: patienceMs })
      assert.deepEqual(down?.reason, { type: 'killed' })
    })
  })
})

describe('the end of an investigation', () => {
  const silent: Script = {
    coordinator: [{ intent: 'invoke_operators', skills: ['vm'] }, 'never', 'never'],
    vm: [{ intent: 'take_snapshot' }, 'notify', 'never', { intent: 'done' }],
  }

  it('comes at the deadline with what is known, though the model says nothing', async () => {
    await inHouse(silent, async () => {
      const { result } = await begin(6_000)
      const { outcome, partial, notifications } = await result
      assert.equal(outcome, 'deadline_exceeded')
      assert.equal(partial, true)
      assert.equal(notifications.length, 1)
    })
  })

  it('comes by cancel with what is known', async () => {
    await inHouse(silent, async () => {
      const notified = heard('coordinator:notification-received')
      const { runId, result } = await begin()
      await notified
      assert.deepEqual(await call(names.coordinator, 'cancel', runId), [runId])
      const { outcome, notifications } = await result
      assert.equal(outcome, 'cancelled')
      assert.equal(notifications.length, 1)
    })
  })

  it('comes with a typed failure when the model fails', async () => {
    await inHouse({ coordinator: ['fail'] }, async () => {
      const { result } = await begin()
      const { outcome, failure } = await result
      assert.equal(outcome, 'failed')
      assert.equal(failure?.kind, 'auth')
    })
  })
})

describe('a run that cannot be taken over after a crash', () => {
  it('ends as failed, with the notifications that the journal has', async () => {
    const script: Script = {
      coordinator: [{ intent: 'invoke_operators', skills: ['vm'] }, 'never'],
      vm: [{ intent: 'take_snapshot' }, 'notify', 'never'],
    }
    await inHouse(script, async () => {
      const notified = heard('coordinator:notification-received')
      const { runId, result } = await begin()
      const lost = assert.rejects(result, { code: 'ERR_PROCESS_DOWN' })
      await notified
      const event = { type: 'model-replied', request: 'q2', at: Date.now() }
      const unreadable = { version: 1, at: Date.now(), runId, type: 'run-event', event }
      await call(names.journal, 'append', unreadable)
      exit(whereis(names.coordinator) ?? assert.fail('no coordinator'), { type: 'kill' })
      await lost
      const until = Date.now() + patienceMs
      while (whereis(names.coordinator) === undefined && Date.now() < until) {
        await new Promise(setImmediate)
      }
      const { outcome, notifications, failure } = await awaitRun(runId)
      assert.deepEqual([outcome, notifications.length], ['failed', 1])
      assert.match(failure?.message ?? '', /could not be taken over/)
    })
  })
})

describe('a coordinator that crashes', () => {
  const slow: Script = {
    coordinator: [
      { intent: 'invoke_operators', skills: ['vm'] },
      { intent: 'wait', ms: 60_000 },
      'never',
      'insight',
      { intent: 'done' },
      { intent: 'done' },
    ],
    vm: [{ intent: 'take_snapshot' }, 'notify', { intent: 'done' }],
  }

  it('is followed by one that takes its run over and ends it', async () => {
    await inHouse(slow, async () => {
      const completed = heard('coordinator:operator-completed')
      const { runId, result } = await begin()
      const lost = assert.rejects(result, { code: 'ERR_PROCESS_DOWN' })
      await completed
      const resumed = heard('run:resumed')
      const pid = whereis(names.coordinator)
      if (pid === undefined) assert.fail('the coordinator has no name')
      exit(pid, { type: 'kill' })
      await lost
      await resumed
      const { outcome, insights, notifications, operatorResults } = await awaitRun(runId)
      assert.equal(outcome, 'done')
      assert.equal(insights.length, 1)
      assert.equal(notifications.length, 1)
      assert.equal(operatorResults[0]?.status, 'completed')
    })
  })

  it('is followed by one that finds its run in the file when the journal crashed before', async () => {
    const path = join(temporaryFolder(), 'journal.db')
    const file = { path, owner: ownerOf('life'), bounds: defaultFileBounds }
    const use = async (): Promise<void> => {
      const completed = heard('coordinator:operator-completed')
      const { runId, result } = await begin()
      const lost = assert.rejects(result, { code: 'ERR_PROCESS_DOWN' })
      await completed
      const first = whereis(names.journal)
      if (first === undefined) assert.fail('the journal has no name')
      exit(first, { type: 'kill' })
      const until = Date.now() + patienceMs
      while ([first, undefined].includes(whereis(names.journal)) && Date.now() < until)
        await new Promise((resolve) => setImmediate(resolve))
      const resumed = heard('run:resumed')
      const pid = whereis(names.coordinator)
      if (pid === undefined) assert.fail('the coordinator has no name')
      exit(pid, { type: 'kill' })
      await lost
      await resumed
      const { outcome, notifications } = await awaitRun(runId)
      assert.deepEqual([outcome, notifications.length], ['done', 1])
    }
    await inHouse(slow, use, { journalArgs: { journal: file } })
  })

  it('leaves its operators at work for the one that follows', async () => {
    const script: Script = {
      ...slow,
      coordinator: [
        { intent: 'invoke_operators', skills: ['vm'] },
        { intent: 'wait', ms: 60_000 },
        { intent: 'wait', ms: 60_000 },
        'insight',
        { intent: 'done' },
        { intent: 'done' },
      ],
      vm: [
        { intent: 'take_snapshot' },
        { intent: 'wait', ms: 1_500 },
        'notify',
        { intent: 'done' },
      ],
    }
    await inHouse(script, async () => {
      const working = heard('operator:snapshot-taken')
      const { runId, result } = await begin()
      const lost = assert.rejects(result, { code: 'ERR_PROCESS_DOWN' })
      await working
      const resumed = heard('run:resumed')
      const pid = whereis(names.coordinator)
      if (pid === undefined) assert.fail('the coordinator has no name')
      exit(pid, { type: 'kill' })
      await lost
      await resumed
      const { outcome, insights, operatorResults } = await awaitRun(runId)
      assert.equal(outcome, 'done')
      assert.equal(insights.length, 1)
      assert.equal(operatorResults[0]?.status, 'completed')
    })
  })
})
