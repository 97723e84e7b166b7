import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { CoordinatorStatus, RunChoices } from '../../agents/client/protocol.ts'
import type { CoordinatorResult } from '../../agents/loop/coordinator-run.ts'
import { maxQueued, maxRuns } from '../../agents/loop/run-queue.ts'
import { names } from '../../agents/servers/names.ts'
import { receiveForwarded } from '../../agents/telemetry.ts'
import { exit, whereis } from '../../runtime/index.ts'
import type { Script } from './fixtures/stand-ins.ts'
import { askDoor, inHouse } from './support/house.ts'
import { awaitRun, heard } from './support/runs.ts'

after(receiveForwarded())

const minute = 60_000

function start(runId: string, choices: RunChoices = {}, deadlineMs = minute): Promise<unknown> {
  const bounds = { deadlineMs, maxIterations: 25 }
  return askDoor({ type: 'coordinator-start', runId, context: {}, bounds, ...choices })
}

async function fill(count: number, prefix = 'busy'): Promise<void> {
  for (let index = 0; index < count; index++) await start(`run-${prefix}${index}`)
}

async function statusOf(runId: string) {
  const status = (await askDoor({ type: 'coordinator-status', runId })) as CoordinatorStatus
  return status.runs[0] ?? assert.fail(`${runId} is not known`)
}

const cancel = (runId: string): Promise<unknown> => askDoor({ type: 'coordinator-cancel', runId })

/** Its runs end when they are cancelled and asked for their last word. */
const silent: Script = { coordinator: ['never', { intent: 'done' }] }

describe('a run that finds as many under way as may be', () => {
  it('waits, shows its place, and begins when one has ended', async () => {
    await inHouse(silent, async () => {
      await fill(maxRuns)
      await start('run-first')
      await start('run-second')
      const { phase, position } = await statusOf('run-second')
      assert.deepEqual([phase, position], ['queued', 2])
      const begun = heard('run:started', ({ runId }) => runId === 'run-first')
      await cancel('run-busy0')
      await begun
      assert.equal((await statusOf('run-second')).position, 1)
    })
  })

  it('goes before one that was asked for earlier and is less urgent', async () => {
    await inHouse(silent, async () => {
      await fill(maxRuns)
      await start('run-nightly', { priority: 'low' })
      await start('run-asked')
      assert.equal((await statusOf('run-asked')).position, 1)
      assert.equal((await statusOf('run-nightly')).position, 2)
    })
  })

  it('is cancelled while it waits, with a result that says so', async () => {
    await inHouse(silent, async () => {
      await fill(maxRuns)
      await start('run-waiting')
      const result = awaitRun('run-waiting')
      assert.deepEqual(await cancel('run-waiting'), ['run-waiting'])
      const { outcome, partial, summary, iterations } = await result
      assert.deepEqual([outcome, partial, iterations], ['cancelled', true, 0])
      assert.match(summary ?? '', /never began/)
    })
  })

  it('waits no longer than its own deadline', async () => {
    await inHouse(silent, async () => {
      await fill(maxRuns)
      await start('run-waiting', {}, 500)
      const { outcome } = await awaitRun('run-waiting')
      assert.equal(outcome, 'deadline_exceeded')
    })
  })

  it('is taken over by the coordinator that follows a crash, and begins there', async () => {
    // Those under way are asked once more after the crash.
    await inHouse({ coordinator: ['never', 'never', { intent: 'done' }] }, async () => {
      await fill(maxRuns)
      await start('run-waiting')
      const resumed = heard('run:resumed', ({ runId }) => runId === 'run-waiting')
      exit(whereis(names.coordinator) ?? assert.fail('no coordinator'), { type: 'kill' })
      await resumed
      assert.equal((await statusOf('run-waiting')).position, 1)
      const begun = heard('run:started', ({ runId }) => runId === 'run-waiting')
      await cancel('run-busy0')
      await begun
    })
  })

  it('is refused with an error and an event when as many wait as may', async () => {
    await inHouse(silent, async () => {
      await fill(maxRuns + maxQueued)
      const refused = heard('run:refused')
      await assert.rejects(start('run-late'), {
        code: 'ERR_TOO_MANY_RUNS',
        message: /16 runs under way and 64 that wait/,
      })
      assert.equal((await refused)['runId'], 'run-late')
      await start('run-urgent', { priority: 'high' })
      assert.equal((await statusOf('run-urgent')).phase, 'thinking')
    })
  })
})

describe('a follow-up', () => {
  const scheduling: Script = {
    coordinator: [{ intent: 'schedule', ms: 60_000, reason: 'look again' }, { intent: 'done' }],
  }

  it('is a run that is to come, in status and in the result of the run that asked for it', async () => {
    await inHouse(scheduling, async () => {
      await start('run-asking')
      const { followUp } = await awaitRun('run-asking')
      assert.equal(followUp?.runId, 'run-asking-f1')
      const { phase, reason, priority } = await statusOf('run-asking-f1')
      assert.deepEqual([phase, reason, priority], ['scheduled', 'look again', 'low'])
    })
  })

  it('survives a crash of the coordinator and begins when its time has come', async () => {
    const soon: Script = {
      coordinator: [{ intent: 'schedule', ms: 2_000, reason: 'look again' }, { intent: 'done' }],
    }
    await inHouse(soon, async () => {
      await start('run-asking')
      await awaitRun('run-asking')
      const begun = heard('run:started', ({ runId }) => runId === 'run-asking-f1')
      exit(whereis(names.coordinator) ?? assert.fail('no coordinator'), { type: 'kill' })
      assert.equal((await begun)['reason'], 'look again')
    })
  })

  it('is cancelled with the run that asked for it', async () => {
    await inHouse(scheduling, async () => {
      await start('run-asking')
      await awaitRun('run-asking')
      assert.deepEqual(await cancel('run-asking'), ['run-asking-f1'])
      const { outcome } = await awaitRun('run-asking-f1')
      assert.equal(outcome, 'cancelled')
    })
  })
})

describe('what was known before a run', () => {
  it('is in its book as unread, and an insight may rest on it', async () => {
    const known: NonNullable<RunChoices['notifications']>[number] = {
      id: 'n-before',
      runId: 'run-before',
      operator: 'vm',
      type: 'event_loop_stall',
      severity: 'critical',
      context: 'since the start',
      observation: 'the loop was blocked for 4210 ms',
      hypothesis: 'a synchronous loop',
      snapshotIds: [],
      snapshots: [],
      detectedAt: '2026-11-24T00:00:00.000Z',
      node: 'host:1',
      location: { file: '/app/report.js', function: 'buildReport', line: 12 },
      evidence: [{ name: 'blockedMs', value: 4210 }],
    }
    await inHouse({ coordinator: ['insight', { intent: 'done' }] }, async () => {
      await start('run-informed', { notifications: [known] })
      const { insights, notifications } = (await awaitRun('run-informed')) as CoordinatorResult
      assert.deepEqual(insights[0]?.notificationIds, ['n-before'])
      assert.deepEqual([notifications[0]?.id, notifications[0]?.status], ['n-before', 'resolved'])
    })
  })
})
