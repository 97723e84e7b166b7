import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { CoordinatorResult } from '../../agents/loop/coordinator-run.ts'
import type { OperatorResult } from '../../agents/loop/operator-run.ts'
import { names, operatorName } from '../../agents/servers/names.ts'
import { receiveForwarded } from '../../agents/telemetry.ts'
import { exit, whereis } from '../../runtime/index.ts'
import type { Script } from './fixtures/stand-ins.ts'
import { askDoor, inHouse } from './support/house.ts'
import { heard } from './support/runs.ts'

after(receiveForwarded())

function kill(name: string): void {
  exit(whereis(name) ?? assert.fail(`${name} does not run`), { type: 'kill' })
}

const bounds = { deadlineMs: 60_000, maxIterations: 25 }

describe('whoever waits at the door', () => {
  it('does not notice that the coordinator crashed', async () => {
    const script: Script = {
      coordinator: [
        { intent: 'invoke_operators', skills: ['vm'] },
        { intent: 'wait', ms: 60_000 },
        'never',
        'insight',
      ],
      vm: [{ intent: 'take_snapshot' }, 'notify', { intent: 'done' }],
    }
    await inHouse(script, async () => {
      const completed = heard('coordinator:operator-completed')
      const asked = askDoor({ type: 'coordinator-run', runId: 'run-door', context: {}, bounds })
      await completed
      kill(names.coordinator)
      const { outcome, insights } = (await asked) as CoordinatorResult
      assert.equal(outcome, 'done')
      assert.equal(insights.length, 1)
    })
  })

  it('beamlens defect 4: hears of a crashed operator as crashed, with what it had reported', async () => {
    await inHouse({ vm: [{ intent: 'take_snapshot' }, 'notify', 'never'] }, async () => {
      const sent = heard('operator:notification-sent')
      const asked = askDoor({
        type: 'operator-run',
        runId: 'run-vm',
        skill: 'vm',
        context: {},
        bounds,
      })
      await sent
      kill(operatorName('vm'))
      const { ending, notifications, partial } = (await asked) as OperatorResult
      assert.equal(ending.type, 'crashed')
      assert.equal(notifications.length, 1)
      assert.equal(partial, true)
    })
  })

  it('starts nothing new by sending the same run again', async () => {
    await inHouse({ coordinator: ['never'] }, async () => {
      const request = {
        type: 'coordinator-start',
        runId: 'run-twice',
        context: {},
        bounds,
      } as const
      assert.equal(await askDoor(request), 'run-twice')
      assert.equal(await askDoor(request), 'run-twice')
      const { runs } = (await askDoor({ type: 'coordinator-status' })) as { runs: unknown[] }
      assert.equal(runs.length, 1)
    })
  })

  it('can talk to an operator at work, and let it conclude', async () => {
    await inHouse({ vm: [{ intent: 'take_snapshot' }, 'notify', 'never'] }, async () => {
      const sent = heard('operator:notification-sent')
      const asked = askDoor({
        type: 'operator-run',
        runId: 'run-vm',
        skill: 'vm',
        context: {},
        bounds,
      })
      await sent
      const said = await askDoor({ type: 'operator-message', skill: 'vm', text: 'how is it?' })
      assert.equal((said as { ok: boolean }).ok, true)
      assert.equal(await askDoor({ type: 'operator-stop', skill: 'vm' }), true)
      const { ending, notifications } = (await asked) as OperatorResult
      assert.equal(ending.type, 'cancelled')
      assert.equal(notifications.length, 1)
    })
  })
})
