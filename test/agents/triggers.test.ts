import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { journal } from '../../agents/servers/journal-server.ts'
import { names } from '../../agents/servers/names.ts'
import { triggers } from '../../agents/servers/triggers.ts'
import { receiveForwarded } from '../../agents/telemetry.ts'
import { defaultTriggerOptions } from '../../agents/trigger-rules.ts'
import { child, type Runtime, refOf, Supervisor, send } from '../../runtime/index.ts'
import type { GatewaySignal } from '../../skills/index.ts'
import { startHouse } from './support/house.ts'
import { heard } from './support/runs.ts'

after(receiveForwarded())

function stall(name: string): GatewaySignal {
  return {
    type: 'stall',
    id: name,
    startedAt: Date.now(),
    durationMs: 1_200,
    ongoing: true,
    severity: 'warning',
    culprit: { culprit: { file: '/app/a.js', function: name, line: 7 }, severity: 'warning' },
  }
}

async function withTriggers(use: (runtime: Runtime) => Promise<void>): Promise<void> {
  const runtime = await startHouse({})
  try {
    const spec = child(triggers, { args: defaultTriggerOptions, placement: 'root' })
    await Supervisor.ref('root').call('startChild', spec)
    await use(runtime)
  } finally {
    await runtime.stop()
  }
}

describe('a signal of the probe gateway', () => {
  it('starts a run that is told what was seen; the same culprit again does not', async () => {
    await withTriggers(async () => {
      const fired = heard('trigger:fired')
      const ended = heard('run:ended', ({ outcome }) => outcome === 'done')
      send(names.triggers, { type: 'signal', signal: stall('hog') })
      const { runId, key } = await fired
      assert.equal(key, 'stall:/app/a.js:hog')
      await ended
      const run = await refOf(journal).call('runOf', String(runId))
      const [first] = run?.records ?? []
      assert.equal(first?.type, 'run-started')
      const text = JSON.stringify(first)
      assert.match(text, /blocked for 1200 ms in hog \(\/app\/a\.js:7\)/)
      assert.match(text, /"signal":\{"type":"stall"/)
      const suppressed = heard('trigger:suppressed')
      send(names.triggers, { type: 'signal', signal: stall('hog') })
      assert.equal((await suppressed)['why'], 'cooldown')
    })
  })

  it('that could not start a run does not hold the next one back', async () => {
    await withTriggers(async () => {
      await Supervisor.ref('root').call('terminateChild', names.coordinator)
      const failed = heard('trigger:failed')
      send(names.triggers, { type: 'signal', signal: stall('hog') })
      await failed
      await Supervisor.ref('root').call('restartChild', names.coordinator)
      const fired = heard('trigger:fired')
      send(names.triggers, { type: 'signal', signal: stall('hog') })
      assert.equal((await fired)['key'], 'stall:/app/a.js:hog')
    })
  })

  it('that is no signal is ignored', async () => {
    await withTriggers(async () => {
      send(names.triggers, { type: 'signal' })
      send(names.triggers, 'nonsense')
      const fired = heard('trigger:fired')
      send(names.triggers, { type: 'signal', signal: stall('other') })
      assert.equal((await fired)['key'], 'stall:/app/a.js:other')
    })
  })
})
