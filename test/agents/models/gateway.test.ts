import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModelGateway } from '../../../agents/models/gateway.ts'
import type { GatewayEvent, GatewayOptions } from '../../../agents/models/gateway-options.ts'
import {
  type Completion,
  type CompletionRequest,
  type Provider,
  ProviderError,
  type ProviderFailure,
} from '../../../agents/models/provider.ts'
import type { ModelSetting } from '../../../agents/models/setting.ts'
import type { ModelOutcome } from '../../../agents/vocabulary/model-reply.ts'
import { type FakeAnswer, fakeGemini } from '../../support/fake-gemini.ts'
import { ManualClock } from './support/manual-clock.ts'
import { coordinatorRequest, operatorRequest } from './support/requests.ts'

const apiKey = 'test-key-0123456789'
const model: ModelSetting = {
  type: 'provider',
  provider: 'google-ai',
  model: 'gemini-3.8-flash',
  apiKey,
}
const tokens = { inputTokens: 1000, outputTokens: 200, reasoningTokens: 150, cachedTokens: 0 }

type Step = Partial<Completion> | ProviderFailure | 'hang'

/** A provider that answers by a script; the last step repeats. It ignores its signal when it hangs. */
function scripted(script: readonly Step[]) {
  const requests: CompletionRequest[] = []
  const provider: Provider = {
    name: 'google-ai/gemini-3.8-flash',
    complete: (request) => {
      const step = script[Math.min(requests.length, script.length - 1)] ?? 'hang'
      requests.push(request)
      if (step === 'hang') return new Promise(() => {})
      if ('kind' in step) return Promise.reject(new ProviderError(step))
      return Promise.resolve({
        text: '{"intent":"take_snapshot"}',
        finish: 'stop',
        detail: 'STOP',
        tokens,
        ...step,
      })
    },
  }
  return { provider, requests }
}

function gatewayOf(script: readonly Step[], options: Partial<GatewayOptions> = {}) {
  const { provider, requests } = scripted(script)
  const clock = new ManualClock()
  const events: GatewayEvent[] = []
  const gateway = new ModelGateway({
    model,
    clock,
    random: () => 0.5,
    loadProvider: () => Promise.resolve(provider),
    onEvent: (event) => events.push(event),
    ...options,
  })
  const types = () => events.map(({ type }) => type)
  return { gateway, requests, clock, events, types }
}

function replied(outcome: ModelOutcome) {
  assert.ok(outcome.ok, JSON.stringify(outcome))
  return outcome.reply
}

function failedWith(outcome: ModelOutcome) {
  assert.ok(!outcome.ok, JSON.stringify(outcome))
  return outcome.failure
}

const down: ProviderFailure = { kind: 'overloaded', message: 'overloaded', status: 503 }

describe('ModelGateway with rules', () => {
  it('answers by itself and says so', async () => {
    const gateway = new ModelGateway({ model: { type: 'rules' } })
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.deepEqual(reply.action, { intent: 'take_snapshot' })
    assert.equal(reply.model, 'rules')
    assert.equal(reply.usage.costUsd, 0)
    assert.ok(!('fallback' in reply))
  })
})

describe('ModelGateway with a provider', () => {
  it('passes its answer on, with model, cost and repairs', async () => {
    const { gateway, types } = gatewayOf([{ text: '```json\n{"intent":"Wait","ms":"5"}\n```' }])
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.deepEqual(reply, {
      action: { intent: 'wait', ms: 5 },
      model: 'google-ai/gemini-3.8-flash',
      usage: { ...tokens, costUsd: (1000 * 0.75 + 200 * 3.75) / 1e6 },
      repairs: ['fence', 'enum:Wait->wait', 'string->number'],
      attempts: 1,
    })
    assert.deepEqual(types(), ['model-answered'])
  })
  it('the cost of a model without a known price is unknown, not zero', async () => {
    const setting: ModelSetting = { ...model, model: 'gemini-9-unobtainium' }
    const { gateway } = gatewayOf([{}], { model: setting })
    assert.equal(replied(await gateway.decide(operatorRequest())).usage.costUsd, null)
  })
  it('asks again with the exact issues, replacing the failed pair, and adds up the usage', async () => {
    const { gateway, requests } = gatewayOf([
      { text: '{"intent":"resolve"}' },
      { text: 'no idea' },
      {},
    ])
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.equal(reply.attempts, 3)
    assert.equal(reply.usage.inputTokens, 3000)
    const lengths = requests.map(({ prompt }) => prompt.messages.length)
    assert.deepEqual(lengths, [1, 3, 3])
    assert.match(
      requests[1]?.prompt.messages.at(-1)?.text ?? '',
      /"resolve" is none; expected one of take_snapshot/,
    )
    assert.match(requests[2]?.prompt.messages.at(-1)?.text ?? '', /no JSON object/)
  })
  it('an answer that was cut gets more room', async () => {
    const { gateway, requests } = gatewayOf([{ text: '', finish: 'truncated' }, {}])
    replied(await gateway.decide(operatorRequest()))
    assert.deepEqual(
      requests.map(({ maxOutputTokens }) => maxOutputTokens),
      [8_192, 32_768],
    )
  })
  it('the coordinator thinks harder than an operator', async () => {
    const { gateway, requests } = gatewayOf([{ text: '{"intent":"done"}' }])
    await gateway.decide(operatorRequest())
    await gateway.decide(coordinatorRequest())
    assert.deepEqual(
      requests.map(({ effort }) => effort),
      ['low', 'medium'],
    )
  })
  it('the key and given secrets never stand in a prompt', async () => {
    const { gateway, requests } = gatewayOf([{ text: `I know ${apiKey}` }, {}], {
      secrets: ['hunter2-hunter2'],
    })
    const context = { note: `key ${apiKey} and hunter2-hunter2`, password: 'abcdef' }
    await gateway.decide(operatorRequest({ context }))
    assert.doesNotMatch(JSON.stringify(requests), /test-key|hunter2|abcdef/)
  })
})

describe('ModelGateway when the provider fails', () => {
  it('retries with full jitter under a doubling bound', async () => {
    const { gateway, clock, events } = gatewayOf([down, down, {}])
    const outcome = gateway.decide(operatorRequest())
    await clock.advance(1_000)
    assert.equal(replied(await outcome).attempts, 3)
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'model-retried' ? [event.waitMs] : [])),
      [100, 200],
    )
  })
  it('waits as long as RetryInfo asks', async () => {
    const { gateway, clock, requests } = gatewayOf([
      { kind: 'rate_limited', message: 'x', retryAfterMs: 7_000 },
      {},
    ])
    const outcome = gateway.decide(operatorRequest())
    await clock.advance(6_999)
    assert.equal(requests.length, 1)
    await clock.advance(1)
    assert.equal(replied(await outcome).attempts, 2)
  })
  it('does not wait beyond its time, and keeps off the provider as long as it asked', async () => {
    const limited: ProviderFailure = {
      kind: 'rate_limited',
      message: 'x',
      status: 429,
      retryAfterMs: 50_000,
    }
    const { gateway, clock, requests } = gatewayOf([limited, {}])
    const first = replied(await gateway.decide(operatorRequest()))
    assert.equal(first.fallback?.retryAfterMs, 50_000)
    const second = replied(await gateway.decide(operatorRequest()))
    assert.equal(second.fallback?.kind, 'circuit_open')
    await clock.advance(50_000)
    assert.equal(
      replied(await gateway.decide(operatorRequest())).model,
      'google-ai/gemini-3.8-flash',
    )
    assert.equal(requests.length, 2)
  })
  it('a mistake of ours is not retried', async () => {
    const { gateway, requests } = gatewayOf([
      { kind: 'invalid_request', message: 'bad', status: 400 },
    ])
    assert.equal(replied(await gateway.decide(operatorRequest())).fallback?.kind, 'invalid_request')
    assert.equal(requests.length, 1)
  })
  it('rules take over, and the reply says who spoke and why', async () => {
    const { gateway, clock, types } = gatewayOf([down])
    const outcome = gateway.decide(operatorRequest())
    await clock.advance(2_000)
    const reply = replied(await outcome)
    assert.equal(reply.model, 'rules')
    assert.equal(reply.fallback?.kind, 'overloaded')
    assert.equal(reply.fallback?.attempts, 3)
    assert.equal(reply.fallback?.status, 503)
    assert.ok(types().includes('model-fell-back'))
  })
  it('without a fallback the failure is the outcome, as plain data', async () => {
    const { gateway, clock } = gatewayOf([down], { fallback: 'none', breaker: { threshold: 99 } })
    const outcome = gateway.decide(operatorRequest())
    await clock.advance(5_000)
    const failure = failedWith(await outcome)
    assert.deepEqual(failure, {
      type: 'model-failure',
      ...down,
      retryable: true,
      model: 'google-ai/gemini-3.8-flash',
      attempts: 4,
    })
    assert.deepEqual(structuredClone(failure), failure)
  })
  it('no usable answer after two re-asks', async () => {
    const { gateway, requests } = gatewayOf([{ text: '{"intent":"fly"}' }], { fallback: 'none' })
    const failure = failedWith(await gateway.decide(operatorRequest()))
    assert.equal(failure.kind, 'invalid_output')
    assert.match(failure.issues?.join() ?? '', /"fly" is none/)
    assert.equal(requests.length, 3)
  })
  it('refused content is not asked for again', async () => {
    const { gateway, requests } = gatewayOf([{ text: '', finish: 'blocked', detail: 'SAFETY' }], {
      fallback: 'none',
    })
    assert.equal(failedWith(await gateway.decide(operatorRequest())).kind, 'blocked')
    assert.equal(requests.length, 1)
  })
  it('a client that cannot be loaded is a failure like others', async () => {
    const { gateway } = gatewayOf([{}], {
      loadProvider: () => Promise.reject(new Error('no such module')),
    })
    assert.equal(
      replied(await gateway.decide(operatorRequest())).fallback?.message,
      'no such module',
    )
  })
})

describe('ModelGateway never rejects', () => {
  it('a request that breaks the rules is a failure', async () => {
    const gateway = new ModelGateway({ model: { type: 'rules' } })
    const broken = operatorRequest({ turns: null as never })
    const failure = failedWith(await gateway.decide(broken))
    assert.equal(failure.kind, 'unknown')
    assert.match(failure.message, /null/)
  })
  it('a listener that throws changes nothing', async () => {
    const { gateway } = gatewayOf([{}], {
      onEvent: () => {
        throw new Error('listener')
      },
    })
    assert.equal(
      replied(await gateway.decide(operatorRequest())).model,
      'google-ai/gemini-3.8-flash',
    )
  })
})

describe('ModelGateway and time', () => {
  it('a provider that never answers gets half of what the run has left', async () => {
    const { gateway, clock } = gatewayOf(['hang'])
    const outcome = gateway.decide(
      operatorRequest({ budget: { iterationsLeft: 9, msLeft: 20_000 } }),
    )
    await clock.advance(10_000)
    const reply = replied(await outcome)
    assert.equal(reply.model, 'rules')
    assert.equal(reply.fallback?.kind, 'deadline')
    assert.equal(clock.pending, 0)
  })
  it('one request has its own limit; then it is tried again', async () => {
    const { gateway, clock, requests } = gatewayOf(['hang', {}], { attemptTimeoutMs: 5_000 })
    const outcome = gateway.decide(operatorRequest())
    await clock.advance(6_000)
    assert.equal(replied(await outcome).attempts, 2)
    assert.equal(requests.length, 2)
    assert.equal(clock.pending, 0)
  })
  it('an abort ends it at once with a failure, not with rules', async () => {
    const { gateway, clock } = gatewayOf(['hang'])
    const controller = new AbortController()
    const outcome = gateway.decide(operatorRequest(), { signal: controller.signal })
    await clock.advance(10)
    controller.abort()
    assert.equal(failedWith(await outcome).kind, 'aborted')
    assert.equal(clock.pending, 0)
  })
  it('an abort ends a wait before a retry too', async () => {
    const { gateway, clock } = gatewayOf([{ ...down, retryAfterMs: 5_000 }])
    const controller = new AbortController()
    const outcome = gateway.decide(operatorRequest(), { signal: controller.signal })
    await clock.advance(10)
    controller.abort()
    assert.equal(failedWith(await outcome).kind, 'aborted')
  })
  it('stop ends what is under way, and nothing begins afterwards', async () => {
    const { gateway, clock } = gatewayOf(['hang'])
    const outcome = gateway.decide(operatorRequest())
    await clock.advance(10)
    gateway.stop()
    assert.equal(failedWith(await outcome).kind, 'stopped')
    assert.equal(failedWith(await gateway.decide(operatorRequest())).kind, 'stopped')
    assert.equal(clock.pending, 0)
  })
  it('a run without time gets its answer from rules at once', async () => {
    const { gateway, clock } = gatewayOf(['hang'])
    const outcome = gateway.decide(operatorRequest({ budget: { iterationsLeft: 9, msLeft: 0 } }))
    await clock.advance(0)
    assert.equal(replied(await outcome).model, 'rules')
  })
})

describe('ModelGateway protects the provider', () => {
  it('after three failures it is not asked until the circuit has cooled; one probe decides', async () => {
    const { gateway, clock, requests, types } = gatewayOf([down, down, down, down, {}], {
      retries: 0,
    })
    for (let turn = 0; turn < 5; turn++) await gateway.decide(operatorRequest())
    assert.equal(requests.length, 3)
    await clock.advance(30_000)
    await gateway.decide(operatorRequest())
    await gateway.decide(operatorRequest())
    assert.equal(requests.length, 4)
    await clock.advance(30_000)
    assert.equal(
      replied(await gateway.decide(operatorRequest())).model,
      'google-ai/gemini-3.8-flash',
    )
    assert.deepEqual(
      types().filter((type) => type.startsWith('circuit')),
      ['circuit-opened', 'circuit-opened', 'circuit-closed'],
    )
  })
  it('a spent daily quota keeps it off until the quota begins anew', async () => {
    const resetAt = Date.parse('2026-11-25T08:00:00Z')
    const { gateway, clock, requests } = gatewayOf([
      { kind: 'quota_exhausted', message: 'x', resetAt },
      {},
    ])
    await gateway.decide(operatorRequest())
    await clock.advance(12 * 3_600_000)
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.deepEqual([reply.fallback?.kind, reply.fallback?.resetAt], ['circuit_open', resetAt])
    assert.equal(requests.length, 1)
    await clock.advance(10 * 3_600_000)
    assert.equal(
      replied(await gateway.decide(operatorRequest())).model,
      'google-ai/gemini-3.8-flash',
    )
  })
  it('no more than so many calls at once; the queue is bounded', async () => {
    const { gateway, clock, requests } = gatewayOf(['hang'], {
      lanes: { concurrency: 2, maxQueue: 1 },
      breaker: { threshold: 99 },
    })
    const outcomes = [1, 2, 3, 4].map(() => gateway.decide(operatorRequest()))
    await clock.advance(1)
    assert.equal(requests.length, 2)
    assert.equal(replied(await outcomes[3]!).fallback?.kind, 'busy')
    assert.deepEqual(gateway.status().lines[0]?.load, { busy: 2, waiting: 1 })
    await clock.advance(60_000)
    await Promise.all(outcomes)
    assert.deepEqual(gateway.status().lines[0]?.load, { busy: 0, waiting: 0 })
  })
  it('no more than so many calls a minute', async () => {
    const { gateway, clock, requests } = gatewayOf([{}], { lanes: { perMinute: 2 } })
    const budget = { iterationsLeft: 9, msLeft: 300_000 }
    const outcomes = [1, 2, 3].map(() => gateway.decide(operatorRequest({ budget })))
    await clock.advance(59_999)
    assert.equal(requests.length, 2)
    await clock.advance(1)
    await Promise.all(outcomes)
    assert.equal(requests.length, 3)
  })
})

describe('ModelGateway half open', () => {
  it('a run without money does not take the only probe with it', async () => {
    const expensive = { tokens: { ...tokens, inputTokens: 14_000 } }
    const { gateway, clock } = gatewayOf([expensive, down, down, down, {}], {
      retries: 0,
      limits: { run: { tokens: 15_000 } },
    })
    for (const runId of ['poor', 'r2', 'r2', 'r2']) await gateway.decide(operatorRequest({ runId }))
    await clock.advance(30_000)
    assert.equal(
      replied(await gateway.decide(operatorRequest({ runId: 'poor' }))).fallback?.kind,
      'budget',
    )
    assert.equal(
      replied(await gateway.decide(operatorRequest({ runId: 'r3' }))).model,
      'google-ai/gemini-3.8-flash',
    )
  })
})

describe('ModelGateway and money', () => {
  const limits = { run: { tokens: 15_000 } }
  it('a run that has spent its tokens goes on with rules; another run does not suffer', async () => {
    const { gateway, requests } = gatewayOf([{ tokens: { ...tokens, inputTokens: 9_000 } }], {
      limits,
    })
    replied(await gateway.decide(operatorRequest()))
    const reply = replied(await gateway.decide(operatorRequest()))
    assert.equal(reply.fallback?.kind, 'budget')
    assert.match(reply.fallback?.message ?? '', /15000 tokens for the run are spent/)
    assert.equal(
      replied(await gateway.decide(operatorRequest({ runId: 'r2' }))).model,
      'google-ai/gemini-3.8-flash',
    )
    assert.equal(requests.length, 2)
    assert.equal(gateway.status('r1').spent.run.tokens, 9_200)
  })
  it('a bound of the hour falls away with the hour, and says when', async () => {
    const { gateway, clock } = gatewayOf([{}], { limits: { hour: { tokens: 12_000 } } })
    for (let turn = 0; turn < 3; turn++)
      await gateway.decide(operatorRequest({ runId: `r${turn}` }))
    const reply = replied(await gateway.decide(operatorRequest({ runId: 'r9' })))
    assert.equal(reply.fallback?.resetAt, Date.parse('2026-11-24T11:00:00Z'))
    await clock.advance(3_600_000)
    assert.equal(
      replied(await gateway.decide(operatorRequest({ runId: 'r9' }))).model,
      'google-ai/gemini-3.8-flash',
    )
  })
  it('dollars count too', async () => {
    const { gateway } = gatewayOf([{ tokens: { ...tokens, outputTokens: 100_000 } }], {
      limits: { day: { usd: 0.4 } },
    })
    replied(await gateway.decide(operatorRequest()))
    assert.match(
      replied(await gateway.decide(operatorRequest())).fallback?.message ?? '',
      /\$0\.4 for the day/,
    )
  })
  it('dollars for a model without a price are refused at once', () => {
    const unknown: ModelSetting = { ...model, model: 'gemini-9-unobtainium' }
    assert.throws(
      () => new ModelGateway({ model: unknown, limits: { day: { usd: 1 } } }),
      /give model\.price/,
    )
  })
  it('what the run itself has left counts', async () => {
    const { gateway, requests } = gatewayOf([{}])
    const reply = replied(
      await gateway.decide(
        operatorRequest({ budget: { iterationsLeft: 9, msLeft: 60_000, tokensLeft: 100 } }),
      ),
    )
    assert.equal(reply.fallback?.kind, 'budget')
    assert.equal(requests.length, 0)
  })
})

describe('ModelGateway over HTTP', () => {
  const scripts: [name: string, script: FakeAnswer[]][] = [
    ['429', [{ type: 'error', status: 429, message: 'quota' }]],
    ['503', [{ type: 'error', status: 503, message: 'overloaded' }]],
    ['garbage', [{ type: 'raw', body: '<html>' }]],
    ['truncated JSON', [{ type: 'raw', body: '{"candidates":[{' }]],
    [
      'an answer cut by the token limit',
      [
        {
          type: 'text',
          text: '{"intent":"execute","code":"return vm_',
          finishReason: 'MAX_TOKENS',
        },
      ],
    ],
    ['nothing', [{ type: 'hang' }]],
    ['a body without an end', [{ type: 'endless', start: '{"candidates":[' }]],
    ['a closed connection', [{ type: 'reset' }]],
  ]
  for (const [name, script] of scripts)
    it(`${name}: the turn is taken by rules within its time`, async () => {
      const fake = await fakeGemini(script)
      const gateway = new ModelGateway({
        model: { ...model, baseUrl: fake.baseUrl },
        attemptTimeoutMs: 300,
        baseDelayMs: 10,
        maxDelayMs: 20,
      })
      const started = performance.now()
      const reply = replied(
        await gateway.decide(operatorRequest({ budget: { iterationsLeft: 9, msLeft: 8_000 } })),
      )
      await fake.stop()
      assert.equal(reply.model, 'rules')
      assert.ok(reply.fallback !== undefined)
      assert.ok(fake.requests.length > 0)
      assert.ok(performance.now() - started < 8_000)
      assert.ok(!JSON.stringify(reply).includes(apiKey))
    })
  it('an answer that is used', async () => {
    const fake = await fakeGemini([
      { type: 'error', status: 503, message: 'x' },
      { type: 'text', text: '{"intent":"take_snapshot"}' },
    ])
    const gateway = new ModelGateway({
      model: { ...model, baseUrl: fake.baseUrl },
      baseDelayMs: 10,
    })
    const reply = replied(await gateway.decide(operatorRequest()))
    await fake.stop()
    assert.deepEqual(
      [reply.model, reply.attempts, reply.action.intent],
      ['google-ai/gemini-3.8-flash', 2, 'take_snapshot'],
    )
  })
})

describe('a model that a run asks for by name', () => {
  it('is asked instead of the one that nodelens was started with, with its key and address', async () => {
    const asked: string[] = []
    const { provider } = scripted([{}])
    const { gateway } = gatewayOf([{}], {
      loadProvider: (setting) => {
        asked.push(`${setting.model} ${setting.apiKey}`)
        return Promise.resolve(provider)
      },
    })
    const request = operatorRequest({ model: 'google-ai/gemini-3.8-pro' })
    assert.equal(replied(await gateway.decide(request)).model, 'google-ai/gemini-3.8-pro')
    assert.deepEqual(asked, [`gemini-3.8-pro ${apiKey}`])
  })

  it('may be rules, whoever speaks else', async () => {
    const { gateway, requests } = gatewayOf([{}])
    const { model: spoke } = replied(await gateway.decide(operatorRequest({ model: 'rules' })))
    assert.deepEqual([spoke, requests.length], ['rules', 0])
  })

  it('is refused before the run is started if there is no such provider', () => {
    const { gateway } = gatewayOf([{}])
    assert.throws(() => gateway.check('gemni/x'), { name: 'TypeError', message: /gemni/ })
  })
})
