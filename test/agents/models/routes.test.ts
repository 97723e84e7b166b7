import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelGateway } from '../../../agents/models/gateway.ts'
import type { GatewayEvent, GatewayOptions } from '../../../agents/models/gateway-options.ts'
import {
  type Completion,
  type Provider,
  ProviderError,
  type ProviderFailure,
} from '../../../agents/models/provider.ts'
import type { ModelSetting, ProviderSetting } from '../../../agents/models/setting.ts'
import type { ModelOutcome } from '../../../agents/vocabulary/model-reply.ts'
import { ManualClock } from './support/manual-clock.ts'
import { coordinatorRequest, operatorRequest } from './support/requests.ts'

type Step = 'answers' | 'hangs' | ProviderFailure
const down: ProviderFailure = { kind: 'overloaded', message: 'overloaded', status: 503 }
const wrongKey: ProviderFailure = { kind: 'auth', message: 'wrong key', status: 401 }

const one = (model: string): ProviderSetting => ({ provider: 'openai-generic', model })
const list = (strategy: 'fallback' | 'round-robin', ...models: string[]): ModelSetting => ({
  type: 'list',
  strategy,
  models: models.map(one),
})

/** A gateway whose models do what the script says; `asked` names them in the order of the requests. */
function gatewayOf(
  model: ModelSetting,
  script: Readonly<Record<string, Step>>,
  options: Partial<GatewayOptions> = {},
) {
  const asked: string[] = []
  const events: GatewayEvent[] = []
  const clock = new ManualClock()
  const answer: Completion = {
    text: '{"intent":"done"}',
    finish: 'stop',
    detail: 'stop',
    tokens: { inputTokens: 1000, outputTokens: 100, reasoningTokens: 0, cachedTokens: 0 },
  }
  const gateway = new ModelGateway({
    model,
    clock,
    retries: 0,
    onEvent: (event) => events.push(event),
    loadProvider: (setting): Promise<Provider> =>
      Promise.resolve({
        name: setting.model,
        complete: () => {
          asked.push(setting.model)
          const step = script[setting.model] ?? 'answers'
          if (step === 'hangs') return new Promise(() => {})
          return step === 'answers'
            ? Promise.resolve(answer)
            : Promise.reject(new ProviderError(step))
        },
      }),
    ...options,
  })
  return { gateway, asked, events, clock }
}

function replied(outcome: ModelOutcome) {
  assert.ok(outcome.ok, JSON.stringify(outcome))
  return outcome.reply
}

describe('a list of models with fallback', () => {
  it('asks the first as long as it answers', async () => {
    const { gateway, asked } = gatewayOf(list('fallback', 'a', 'b'), {})
    for (const runId of ['r1', 'r2']) {
      const reply = replied(await gateway.decide(operatorRequest({ runId })))
      assert.deepEqual([reply.model, reply.fallback], ['openai-generic/a', undefined])
    }
    assert.deepEqual(asked, ['a', 'a'])
  })
  it('asks the next when one fails, and says which spoke and why', async () => {
    const { gateway, events } = gatewayOf(list('fallback', 'a', 'b'), { a: wrongKey })
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.deepEqual([reply.model, reply.fallback?.kind], ['openai-generic/b', 'auth'])
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'model-switched' ? [event.next] : [])),
      ['openai-generic/b'],
    )
  })
  it('does not ask one again whose circuit is open', async () => {
    const { gateway, asked } = gatewayOf(list('fallback', 'a', 'b'), { a: wrongKey })
    await gateway.decide(operatorRequest())
    await gateway.decide(operatorRequest())
    assert.deepEqual(asked, ['a', 'b', 'b'])
  })
  it('rules take over when all have failed, with the last failure', async () => {
    const { gateway, asked } = gatewayOf(list('fallback', 'a', 'b', 'c'), {
      a: down,
      b: down,
      c: wrongKey,
    })
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.deepEqual([reply.model, reply.fallback?.kind], ['rules', 'auth'])
    assert.deepEqual(asked, ['a', 'b', 'c'])
  })
  it('one that never answers leaves the others their share of the time', async () => {
    const { gateway, clock } = gatewayOf(list('fallback', 'a', 'b'), { a: 'hangs' })
    const outcome = gateway.decide(
      operatorRequest({ budget: { iterationsLeft: 9, msLeft: 20_000 } }),
    )
    await clock.advance(5_000)
    const reply = replied(await outcome)
    assert.deepEqual([reply.model, reply.fallback?.kind], ['openai-generic/b', 'timeout'])
    assert.equal(clock.pending, 0)
  })
  it('an abort ends it all', async () => {
    const { gateway, clock, asked } = gatewayOf(list('fallback', 'a', 'b'), { a: 'hangs' })
    const controller = new AbortController()
    const outcome = gateway.decide(operatorRequest(), { signal: controller.signal })
    await clock.advance(10)
    controller.abort()
    const ended = await outcome
    assert.ok(!ended.ok && ended.failure.kind === 'aborted')
    assert.deepEqual(asked, ['a'])
    assert.equal(clock.pending, 0)
  })
})

describe('a list of models in rotation', () => {
  it('gives each run another model, and all turns of a run the same', async () => {
    const { gateway, asked } = gatewayOf(list('round-robin', 'a', 'b'), {})
    for (const runId of ['r1', 'r2', 'r1', 'r3', 'r2'])
      await gateway.decide(operatorRequest({ runId }))
    assert.deepEqual(asked, ['a', 'b', 'a', 'a', 'b'])
  })
  it('one that fails is stood in for by the next', async () => {
    const { gateway } = gatewayOf(list('round-robin', 'a', 'b'), { b: down })
    await gateway.decide(operatorRequest({ runId: 'r1' }))
    const reply = replied(await gateway.decide(operatorRequest({ runId: 'r2' })))
    assert.deepEqual([reply.model, reply.fallback?.kind], ['openai-generic/a', 'overloaded'])
  })
})

describe('models by role', () => {
  const roles: ModelSetting = {
    type: 'roles',
    coordinator: { type: 'provider', ...one('boss') },
    operators: { type: 'rules' },
  }
  it('the coordinator and the operators have each their own', async () => {
    const { gateway } = gatewayOf(roles, {})
    assert.equal(replied(await gateway.decide(coordinatorRequest())).model, 'openai-generic/boss')
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.deepEqual([reply.model, reply.fallback], ['rules', undefined])
    assert.equal(gateway.model, 'coordinator openai-generic/boss, operators rules')
  })
  it('what all of them spend is one book', async () => {
    const both: ModelSetting = {
      type: 'roles',
      coordinator: { type: 'provider', ...one('boss') },
      operators: { type: 'provider', ...one('hand') },
    }
    const { gateway } = gatewayOf(both, {}, { limits: { hour: { tokens: 11_000 } } })
    replied(await gateway.decide(coordinatorRequest({ runId: 'r1' })))
    replied(await gateway.decide(operatorRequest({ runId: 'r2' })))
    const reply = replied(await gateway.decide(operatorRequest({ runId: 'r3' })))
    assert.match(reply.fallback?.message ?? '', /11000 tokens for the hour are spent/)
  })
})

describe('what is booked', () => {
  it('a server that counts nothing is counted for, so that bounds hold', async () => {
    const uncounted: Completion = {
      text: '{"intent":"done"}',
      finish: 'stop',
      detail: 'stop',
      tokens: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 },
    }
    const { gateway } = gatewayOf(
      { type: 'provider', ...one('a') },
      {},
      {
        loadProvider: () =>
          Promise.resolve({ name: 'a', complete: () => Promise.resolve(uncounted) }),
      },
    )
    const { usage } = replied(await gateway.decide(operatorRequest()))
    assert.ok(usage.inputTokens > 100, String(usage.inputTokens))
    assert.equal(gateway.status('r1').spent.run.tokens, usage.inputTokens + usage.outputTokens)
  })
  it('what the provider says it has cost beats the table', async () => {
    const setting: ProviderSetting = { provider: 'openrouter', model: 'x', apiKey: 'k' }
    const { gateway } = gatewayOf(
      { type: 'provider', ...setting },
      {},
      {
        limits: { day: { usd: 1 } },
        loadProvider: () =>
          Promise.resolve({
            name: 'x',
            complete: () =>
              Promise.resolve({
                text: '{"intent":"done"}',
                finish: 'stop',
                detail: 'stop',
                tokens: { inputTokens: 9, outputTokens: 9, reasoningTokens: 0, cachedTokens: 0 },
                costUsd: 0.6,
              }),
          }),
      },
    )
    assert.equal(replied(await gateway.decide(operatorRequest())).usage.costUsd, 0.6)
    assert.equal(gateway.status().spent.day.usd, 0.6)
  })
})

describe('a spent budget that is to stop', () => {
  it('ends the run with a failure that says so, instead of rules', async () => {
    const { gateway, asked } = gatewayOf(
      { type: 'provider', ...one('a') },
      {},
      {
        limits: { run: { tokens: 11_000 } },
        whenSpent: 'stop',
      },
    )
    replied(await gateway.decide(operatorRequest()))
    replied(await gateway.decide(operatorRequest()))
    const outcome = await gateway.decide(operatorRequest())
    assert.ok(!outcome.ok)
    assert.equal(outcome.failure.kind, 'budget')
    assert.match(outcome.failure.message, /11000 tokens for the run are spent/)
    assert.deepEqual(asked, ['a', 'a'])
  })
})
