import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { CoordinatorResult } from '../../agents/loop/coordinator-run.ts'
import { names, strategyName } from '../../agents/servers/names.ts'
import { receiveForwarded } from '../../agents/telemetry.ts'
import type { StrategyDecision } from '../../agents/vocabulary/strategy.ts'
import { call, exit, refOf, whereis } from '../../runtime/index.ts'
import { type Script, scriptedModel } from './fixtures/stand-ins.ts'
import { Bench, ofType } from './support/bench.ts'
import { askDoor, inHouse, patienceMs } from './support/house.ts'
import { modulePath } from './support/run-program.ts'
import { awaitRun, heard } from './support/runs.ts'

after(receiveForwarded())

const runId = 'run-own'

async function start(name: string): Promise<void> {
  const module = pathToFileURL(modulePath(import.meta, `./fixtures/strategies/${name}`)).href
  const bounds = { deadlineMs: 60_000, maxIterations: 25 }
  await askDoor({ type: 'coordinator-start', runId, context: {}, bounds, strategy: { module } })
}

const finding: Script = {
  coordinator: ['insight', { intent: 'done' }],
  vm: [{ intent: 'take_snapshot' }, 'notify', { intent: 'done' }],
}

describe("a strategy of one's own", () => {
  it('acts without the model, and asks it with the tools and the guidance that it wants', async () => {
    await inHouse(finding, async () => {
      await start('vm-only')
      const { outcome, insights, operatorResults }: CoordinatorResult = await awaitRun(runId)
      assert.deepEqual([outcome, insights.length], ['done', 1])
      assert.deepEqual(
        operatorResults.map(({ skill }) => skill),
        ['vm'],
      )
      const seen = await refOf(scriptedModel).call('seen')
      const asked = seen.filter(({ agent }) => agent === 'coordinator')
      assert.deepEqual(asked[0]?.tools, ['produce_insight', 'done'])
      assert.match(JSON.stringify(asked[0]?.turns), /"guidance","text":"One insight at most\."/)
    })
  })

  it('has a thread of its own, which ends with its run', async () => {
    await inHouse({ ...finding, coordinator: ['never', { intent: 'done' }] }, async () => {
      const asked = heard('coordinator:operator-completed')
      await start('vm-only')
      await asked
      const host = whereis(strategyName(runId)) ?? assert.fail('it has no thread')
      await call(names.coordinator, 'cancel', runId)
      await awaitRun(runId)
      const until = Date.now() + patienceMs
      while (whereis(strategyName(runId)) !== undefined && Date.now() < until) {
        await new Promise(setImmediate)
      }
      assert.equal(whereis(strategyName(runId)), undefined, `${host} lives on`)
    })
  })

  const failing = [
    ['throwing', /out of ideas/],
    ['nonsense', /expected \{ type: 'ask'/],
    ['nothing', /to export `strategy`/],
    ['missing', /missing/],
  ] as const
  for (const [name, reason] of failing) {
    it(`that is ${name} is given up with the reason, and the run goes on as a loop`, async () => {
      await inHouse({ coordinator: [{ intent: 'done', summary: 'as a loop' }] }, async () => {
        const failed = heard('coordinator:strategy-failed')
        await start(name)
        assert.match(String((await failed)['reason']), reason)
        assert.equal((await awaitRun(runId)).summary, 'as a loop')
      })
    })
  }

  it('that blocks its thread holds up its own run alone, and for five seconds', async () => {
    await inHouse({ coordinator: [{ intent: 'done' }] }, async () => {
      await start('endless')
      const failed = heard('coordinator:strategy-failed')
      const bounds = { deadlineMs: 60_000, maxIterations: 25 }
      const beside = { runId: 'run-other', context: {}, bounds }
      const other = await askDoor({ type: 'coordinator-run', ...beside })
      assert.equal((other as CoordinatorResult).outcome, 'done')
      await failed
      assert.equal((await awaitRun(runId)).outcome, 'done')
    })
  })

  it('goes on from its memo when the coordinator has crashed', async () => {
    const script: Script = { ...finding, vm: [{ intent: 'take_snapshot' }, 'notify', 'never'] }
    await inHouse(script, async () => {
      const notified = heard('coordinator:notification-received')
      await start('vm-only')
      await notified
      const resumed = heard('run:resumed')
      exit(whereis(names.coordinator) ?? assert.fail('no coordinator'), { type: 'kill' })
      await resumed
      const { operatorResults, insights } = await stopAndAwait()
      assert.deepEqual([operatorResults.length, insights.length], [1, 1])
    })
  })
})

/** Lets the operator conclude; the strategy is asked what comes then. */
async function stopAndAwait(): Promise<CoordinatorResult> {
  await askDoor({ type: 'operator-stop', skill: 'vm' })
  return awaitRun(runId)
}

describe('the kernel with a strategy of the user', () => {
  function deciding(): Bench {
    return new Bench({ maxIterations: 5 }, { strategy: { module: 'file:///app/strategy.js' } })
  }
  const decide = (bench: Bench, decision: StrategyDecision) =>
    bench.on({ type: 'strategy-decided', request: bench.request, decision })

  it('gives it what it remembered, and asks the model only when it says so', () => {
    const bench = deciding()
    assert.equal(ofType(bench.effects, 'ask-model').length, 0)
    const think = { intent: 'think', thought: 'hm' } as const
    const [asked] = ofType(
      decide(bench, { type: 'act', action: think, memo: { step: 2 } }),
      'ask-strategy',
    )
    assert.deepEqual(asked?.view.memo, { step: 2 })
    assert.equal(ofType(decide(bench, { type: 'ask' }), 'ask-model')[0]?.body.tools.length, 10)
  })

  it('counts its actions as turns, so that none goes on for ever', () => {
    const bench = deciding()
    for (let turn = 0; turn < 5; turn++) {
      decide(bench, { type: 'act', action: { intent: 'think', thought: 'hm' } })
    }
    assert.equal(bench.phase, 'concluding')
  })

  it('takes no decision that comes too late', () => {
    const bench = deciding()
    const { request } = bench
    bench.on({ type: 'cancel' })
    const before = bench.run
    bench.on({ type: 'strategy-decided', request, decision: { type: 'ask' } })
    assert.equal(bench.run, before)
  })
})
