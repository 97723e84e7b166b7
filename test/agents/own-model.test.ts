import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Coordinator, start, telemetry } from '../../agents/index.ts'

const done = '{"intent":"done","summary":"nothing to see"}'
const skills = ['vm']
const extension = import.meta.url.slice(-2)
const ownModels = new URL(`./fixtures/own-models.${extension}`, import.meta.url).href

/** Runs an investigation with a model and tells what it came to. */
async function runWith(model: Parameters<typeof start>[0], deadlineMs = 10_000) {
  const lens = await start({ skills, triggers: false, ...model })
  try {
    const result = await Coordinator.run({ reason: 'a test' }, { deadlineMs })
    return { name: lens.model, result }
  } finally {
    await lens.stop()
  }
}

function blockFor(ms: number): void {
  const end = Date.now() + ms
  while (Date.now() < end);
}

describe('a function as the model', () => {
  it('is asked in main, and its answers are the run', async () => {
    const systems: string[] = []
    const mine = ({ system }: { system: string }) => {
      systems.push(system)
      return done
    }
    const { name, result } = await runWith({ model: mine })
    assert.equal(name, 'function/mine')
    assert.deepEqual([result.outcome, result.summary], ['done', 'nothing to see'])
    assert.deepEqual(result.models, ['function/mine'])
    assert.match(systems[0] ?? '', /You coordinate the investigation/)
  })
  it('cannot be asked while main is blocked: rules stands in, and says why', async () => {
    const kinds: unknown[] = []
    const stop = telemetry.subscribe('model:fell-back', ({ data }) => {
      const { failure } = data as { failure: { kind: string } }
      kinds.push(failure.kind)
    })
    let asked = 0
    const stuck = () => {
      asked += 1
      if (asked === 1) setTimeout(() => blockFor(2_000), 1)
      return asked === 1 ? '{"intent":"think","thought":"let us see"}' : done
    }
    const { result } = await runWith({ model: stuck })
    stop()
    assert.ok(result.models.includes('rules'), String(result.models))
    assert.ok(kinds.includes('main_blocked'), String(kinds))
    assert.equal(result.outcome, 'done')
  })
})

describe('a model of a module', () => {
  it('answers in the root thread, while main is blocked too', async () => {
    const lens = await start({
      skills,
      triggers: false,
      model: { provider: 'module', module: ownModels, export: 'object', model: 'mine' },
    })
    try {
      const running = Coordinator.run({ reason: 'a test' }, { deadlineMs: 10_000 })
      setTimeout(() => blockFor(1_500), 1)
      const result = await running
      assert.deepEqual([result.outcome, result.models], ['done', ['module/mine']])
    } finally {
      await lens.stop()
    }
  })
})

describe('different models for coordinator and operators', () => {
  it('each is asked by its own agents', async () => {
    const askedBy: Record<string, Set<boolean>> = { boss: new Set(), hand: new Set() }
    const boss = ({ system, messages }: { system: string; messages: readonly unknown[] }) => {
      askedBy['boss']?.add(system.startsWith('You coordinate'))
      return messages.length === 1 ? '{"intent":"invoke_operators","skills":["vm"]}' : done
    }
    const hand = ({ system }: { system: string }) => {
      askedBy['hand']?.add(system.startsWith('You coordinate'))
      return done
    }
    const { name, result } = await runWith({ model: { coordinator: boss, operators: hand } })
    assert.equal(name, 'coordinator function/boss, operators function/hand')
    assert.equal(result.operatorResults.length, 1)
    assert.deepEqual(
      [[...(askedBy['boss'] ?? [])], [...(askedBy['hand'] ?? [])]],
      [[true], [false]],
    )
  })
})

describe('a budget', () => {
  it('that is spent stops the run, which says so', async () => {
    const think = () => '{"intent":"think","thought":"what a puzzle this is"}'
    const failure: unknown = await runWith({
      model: think,
      budget: { run: { tokens: 20_000 }, whenSpent: 'stop' },
    }).catch((error: unknown) => error)
    const { code, message } = failure as { code: string; message: string }
    assert.equal(code, 'ERR_RUN_FAILED')
    assert.match(message, /20000 tokens for the run are spent/)
  })
  it('in dollars needs a price, and nothing was started', async () => {
    await assert.rejects(
      start({ skills, model: () => done, budget: { day: { usd: 1 } } }),
      /none is known for function\/.*give model\.price/,
    )
  })
  it('that is misspelt is refused with what is meant', async () => {
    await assert.rejects(
      start({ skills, budget: { days: { usd: 1 } } as object }),
      /start\(\{ budget \}\): unknown option "days"; did you mean "day"/,
    )
  })
})
