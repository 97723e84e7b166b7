import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import { doorChannelName } from '../../agents/client/protocol.ts'
import { ChannelDoor } from '../../agents/servers/channel-door.ts'
import { RunCallers } from '../../agents/servers/run-callers.ts'
import { receiveForwarded } from '../../agents/telemetry.ts'
import { cast, child, exit, isPid, Supervisor } from '../../runtime/index.ts'
import { caller } from './fixtures/stand-ins.ts'
import { startHouse } from './support/house.ts'
import { awaitRun, heard } from './support/runs.ts'

after(receiveForwarded())

const bounds = { deadlineMs: 60_000, maxIterations: 25 }

describe('a caller that dies while it waits for its run', () => {
  it('takes the run with it, which ends with what is known', async () => {
    const runtime = await startHouse({ coordinator: ['never', { intent: 'done' }] })
    try {
      const pid = await Supervisor.ref('root').call('startChild', child(caller))
      if (!isPid(pid)) assert.fail('the caller did not start')
      const started = heard('run:started')
      cast(pid, 'ask', { type: 'coordinator-run', runId: 'run-theirs', context: {}, bounds })
      await started
      const told = heard('run:caller-down')
      exit(pid, { type: 'kill' })
      assert.equal((await told)['runId'], 'run-theirs')
      assert.equal((await awaitRun('run-theirs')).outcome, 'cancelled')
    } finally {
      await runtime.stop()
    }
  })

  it('leaves a run alone for which somebody else waits', async () => {
    const cancelled: string[] = []
    const callers = new RunCallers(async (runId) => cancelled.push(runId))
    const gone = new AbortController()
    let end: (value: string) => void = () => {}
    const result = new Promise<string>((resolve) => {
      end = resolve
    })
    const waits = [
      callers.wait('run-1', gone.signal, () => result),
      callers.wait('run-1', undefined, () => result),
    ]
    gone.abort()
    end('result')
    assert.deepEqual(await Promise.all(waits), ['result', 'result'])
    assert.deepEqual(cancelled, [])
  })

  it('cannot cancel what has ended', async () => {
    const cancelled: string[] = []
    const callers = new RunCallers(async (runId) => cancelled.push(runId))
    const gone = new AbortController()
    assert.equal(await callers.wait('run-1', gone.signal, async () => 'result'), 'result')
    gone.abort()
    assert.deepEqual(cancelled, [])
  })
})

describe('a client in a thread of the application', () => {
  it('of which nothing is heard for a while is taken for dead', async () => {
    const client = new BroadcastChannel(doorChannelName)
    let door: ChannelDoor | undefined
    try {
      await new Promise<void>((resolve) => {
        door = new ChannelDoor(
          (_request, gone) =>
            new Promise((answer) => {
              gone.addEventListener('abort', () => {
                answer(undefined)
                resolve()
              })
            }),
          { silenceMs: 20 },
        )
        const request = { type: 'coordinator-run', runId: 'run-1', context: {}, bounds }
        client.postMessage({ type: 'request', client: 'dead', id: 1, request })
      })
    } finally {
      door?.close()
      client.close()
    }
  })
})
