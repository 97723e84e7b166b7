import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { OperatorStatus } from '../../agents/client/protocol.ts'
import { defaultLookoutOptions } from '../../agents/loop/lookout-state.ts'
import { door } from '../../agents/servers/door.ts'
import { journal } from '../../agents/servers/journal-server.ts'
import { lookouts } from '../../agents/servers/lookout-server.ts'
import { names, operatorName } from '../../agents/servers/names.ts'
import { unwrapAnswer } from '../../agents/servers/reply-later.ts'
import { receiveForwarded } from '../../agents/telemetry.ts'
import type { OperatorRequest } from '../../agents/vocabulary/model-request.ts'
import {
  call,
  child,
  dynamicSupervisor,
  type Runtime,
  send,
  startRuntime,
  whereis,
} from '../../runtime/index.ts'
import { fixedSandbox, type Script, scriptedModel } from './fixtures/stand-ins.ts'
import { watchedProbe } from './fixtures/watched-probe.ts'
import { patienceMs } from './support/house.ts'
import { heard } from './support/runs.ts'

after(receiveForwarded())

const pace = { ...defaultLookoutOptions, lookMs: 20 }

/** The model tells what it sees and wants to be woken in ten minutes. */
const watching: Script = {
  vm: [
    { intent: 'take_snapshot' },
    'notify',
    { intent: 'set_state', state: 'warning', reason: 'blocked' },
    { intent: 'wait', ms: 600_000, note: 'a synchronous loop, seen once' },
  ],
}

function start(script: Script): Promise<Runtime> {
  const inRoot = { placement: 'root' } as const
  const args = { node: 'host:1', operatorIdleMs: 50 }
  return startRuntime({
    strategy: 'one_for_one',
    keepAlive: false,
    children: [
      child(journal, { args: {}, ...inRoot }),
      child(scriptedModel, { args: script, ...inRoot }),
      child(watchedProbe, { ...inRoot }),
      child(fixedSandbox, { ...inRoot }),
      dynamicSupervisor(names.operators, { maxRestarts: 20 }),
      child(lookouts, { args: { ...args, skills: { vm: pace } }, ...inRoot }),
      child(door, { args, ...inRoot }),
    ],
  })
}

async function inHouse(script: Script, use: () => Promise<void>): Promise<void> {
  const runtime = await start(script)
  try {
    await use()
  } finally {
    await runtime.stop()
  }
}

async function status(skill: string): Promise<OperatorStatus> {
  const request = { type: 'operator-status', skill } as const
  return unwrapAnswer(
    await call(names.door, 'ask', request, { timeoutMs: patienceMs }),
  ) as OperatorStatus
}

async function requests(): Promise<OperatorRequest[]> {
  return (await call(names.model, 'seen')) as OperatorRequest[]
}

async function looks(atLeast: number): Promise<void> {
  const until = Date.now() + patienceMs
  while (Number(await call(names.probe, 'looks')) < atLeast) {
    assert.ok(Date.now() < until, `there were no ${atLeast} looks`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a continuous operator in the house', () => {
  it('has no thread and asks no model while all is well', async () => {
    await inHouse(watching, async () => {
      await looks(20)
      assert.deepEqual(await requests(), [])
      assert.equal(whereis(operatorName('vm')), undefined)
      const { mode, state, running } = await status('vm')
      assert.deepEqual(
        { mode, state, running },
        { mode: 'continuous', state: 'healthy', running: false },
      )
    })
  })

  it('asks its model when a rule sees something, and shows its state', async () => {
    await inHouse(watching, async () => {
      const changed = heard('lookout:state-changed')
      await call(names.probe, 'set', 4_210)
      assert.equal((await changed)['to'], 'warning')
      const { state, watch } = await status('vm')
      assert.equal(state, 'warning')
      assert.equal(watch?.note, 'a synchronous loop, seen once')
      assert.equal(watch?.asksInDay, 1)
    })
  })

  it('frees its thread while it waits, and is not asked again about the same', async () => {
    await inHouse(watching, async () => {
      const changed = heard('lookout:state-changed')
      const stopped = heard('operator:idle-stopped')
      await call(names.probe, 'set', 4_210)
      await changed
      await stopped
      const before = Number(await call(names.probe, 'looks'))
      await looks(before + 10)
      assert.equal((await requests()).length, 4)
    })
  })

  it('is told when it is over, with its note and what it has told, in a new conversation', async () => {
    await inHouse(watching, async () => {
      const changed = heard('lookout:state-changed')
      await call(names.probe, 'set', 4_210)
      await changed
      const [asked] = await requests()
      const first = asked?.runId
      const opened = heard('lookout:gate-opened', ({ why }) => why === 'cleared')
      const answered = heard('operator:action', ({ runId }) => runId !== first)
      await call(names.probe, 'set', 0)
      await opened
      await answered
      const again = (await requests()).find(({ runId }) => runId !== first)
      assert.deepEqual(
        again?.turns.map(({ type }) => type),
        ['action', 'result'],
      )
      assert.equal(again?.watch?.note, 'a synchronous loop, seen once')
      assert.equal(again?.watch?.told[0]?.id, `${first}.n1`)
      assert.equal(again?.state, 'warning')
    })
  })

  it('is asked about what the probe gateway raises', async () => {
    await inHouse(watching, async () => {
      const changed = heard('lookout:state-changed')
      const opened = heard('lookout:gate-opened')
      const signal = {
        type: 'symptom',
        skill: 'vm',
        key: 'x',
        severity: 'warning',
        reason: 'CPU rose',
      }
      const pid = whereis(names.lookouts) ?? assert.fail('no lookouts')
      send(pid, { type: 'signal', signal })
      assert.deepEqual((await opened)['why'], 'signal')
      await changed
      assert.equal((await requests())[0]?.watch?.opened, 'CPU rose')
    })
  })

  it('leaves the other skills on demand', async () => {
    await inHouse(watching, async () => {
      const { mode, state } = await status('tables')
      assert.deepEqual({ mode, state }, { mode: 'on_demand', state: undefined })
    })
  })
})
