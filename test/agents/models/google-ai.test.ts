import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { LLMock } from '@copilotkit/aimock'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { nextPacificMidnight } from '../../../agents/models/gemini-failure.ts'
import { GoogleAi } from '../../../agents/models/google-ai.ts'
import type { ProviderFailure } from '../../../agents/models/provider.ts'
import type { ProviderSetting } from '../../../agents/models/setting.ts'
import { operatorIntents } from '../../../agents/vocabulary/operator-action.ts'
import { dailyQuota, type FakeAnswer, fakeGemini, retryInfo } from '../../support/fake-gemini.ts'
import { failureOf } from './support/failure-of.ts'

const apiKey = 'test-key-0123456789'
const request = {
  prompt: {
    system: 'You are an operator',
    messages: [
      { role: 'user', text: 'go' },
      { role: 'assistant', text: '{}' },
      { role: 'user', text: 'next' },
    ],
  },
  tools: toolSchemas({ agent: 'operator', tools: operatorIntents }),
  maxOutputTokens: 8192,
  effort: 'low',
} as const
const never = new AbortController().signal

function clientOf(baseUrl: string, changes: Partial<ProviderSetting> = {}): GoogleAi {
  return new GoogleAi({
    provider: 'google-ai',
    model: 'gemini-3.8-flash',
    apiKey,
    baseUrl,
    ...changes,
  })
}

async function withFake<T>(
  script: readonly FakeAnswer[],
  run: (fake: Awaited<ReturnType<typeof fakeGemini>>) => Promise<T>,
): Promise<T> {
  const fake = await fakeGemini(script)
  try {
    return await run(fake)
  } finally {
    await fake.stop()
  }
}

describe('GoogleAi against the strict fake', () => {
  it('sends what the protocol asks for', () =>
    withFake([{ type: 'text', text: '{"intent":"done"}' }], async (fake) => {
      await clientOf(fake.baseUrl).complete(request, never)
      const [{ url, headers, body }] = fake.requests as [(typeof fake.requests)[0]]
      assert.equal(url, '/v1beta/models/gemini-3.8-flash:generateContent')
      assert.equal(headers['x-goog-api-key'], apiKey)
      assert.deepEqual(
        body.contents.map((content) => content.role),
        ['user', 'model', 'user'],
      )
      assert.equal(body.systemInstruction.parts[0]?.text, 'You are an operator')
      assert.deepEqual(body.generationConfig.thinkingConfig, { thinkingLevel: 'low' })
      assert.ok(!('temperature' in body.generationConfig))
      const [snapshot] = body.generationConfig.responseJsonSchema.anyOf
      assert.deepEqual(snapshot?.properties.intent, { type: 'string', enum: ['take_snapshot'] })
      const send = body.generationConfig.responseJsonSchema.anyOf.find(
        (shape) => shape.properties.intent.enum[0] === 'send_notification',
      )
      assert.equal(send?.propertyOrdering[0], 'intent')
    }))
  it('leaves thoughts out of the answer and bills them as output', () =>
    withFake([{ type: 'text', text: '{"intent":"done"}', thought: 'Hmm {' }], async (fake) => {
      const completion = await clientOf(fake.baseUrl).complete(request, never)
      assert.equal(completion.text, '{"intent":"done"}')
      assert.deepEqual(completion.tokens, {
        inputTokens: 1000,
        outputTokens: 200,
        reasoningTokens: 150,
        cachedTokens: 0,
      })
      assert.equal(completion.servedBy, 'gemini-3.8-flash')
    }))
  it('a fake that only takes one key refuses another as auth, and the key is not repeated', () =>
    withFake([{ type: 'hang' }], async (fake) => {
      const failure = await failureOf(
        clientOf(fake.baseUrl, { apiKey: 'secret-wrong-key' }).complete(request, never),
      )
      assert.equal(failure.kind, 'auth')
      assert.ok(!JSON.stringify(failure).includes('secret-wrong-key'))
    }))
  it('after a 400 about the schema it asks without one, and remembers that', () =>
    withFake(
      [
        {
          type: 'error',
          status: 400,
          message:
            'The specified schema produces a constraint that has too many states for serving.',
        },
        { type: 'text', text: '{"intent":"done"}' },
      ],
      async (fake) => {
        const client = clientOf(fake.baseUrl)
        await client.complete(request, never)
        await client.complete(request, never)
        assert.deepEqual(
          fake.requests.map(({ body }) => 'responseJsonSchema' in body.generationConfig),
          [true, false, false],
        )
      },
    ))
  it('after a 400 about thinking it asks without a level', () =>
    withFake(
      [
        { type: 'error', status: 400, message: 'Thinking level is not supported for this model.' },
        { type: 'text', text: '{}' },
      ],
      async (fake) => {
        await clientOf(fake.baseUrl).complete(request, never)
        assert.deepEqual(
          fake.requests.map(({ body }) => 'thinkingConfig' in body.generationConfig),
          [true, false],
        )
      },
    ))
  it('an aborted signal sends nothing', () =>
    withFake([{ type: 'hang' }], async (fake) => {
      assert.equal(
        (await failureOf(clientOf(fake.baseUrl).complete(request, AbortSignal.abort()))).kind,
        'aborted',
      )
      assert.equal(fake.requests.length, 0)
    }))
  for (const answer of [{ type: 'hang' }, { type: 'endless', start: '{"candidates":[' }] as const)
    it(`an abort ends a call whose answer does not (${answer.type}) and closes the connection`, () =>
      withFake([answer], async (fake) => {
        const controller = new AbortController()
        const failure = failureOf(clientOf(fake.baseUrl).complete(request, controller.signal))
        await fake.arrived(1)
        controller.abort()
        assert.equal((await failure).kind, 'aborted')
      }))
})

describe('GoogleAi turns every failure into plain data', () => {
  const safety = { candidates: [{ finishReason: 'SAFETY', index: 0 }] }
  const failures: [name: string, answer: FakeAnswer, expected: Partial<ProviderFailure>][] = [
    [
      '429 with RetryInfo',
      { type: 'error', status: 429, message: 'quota', details: [retryInfo(17.5)] },
      { kind: 'rate_limited', status: 429, retryAfterMs: 17_500 },
    ],
    [
      '429 without details',
      { type: 'error', status: 429, message: 'quota' },
      { kind: 'rate_limited', status: 429 },
    ],
    [
      '429 of the daily quota',
      { type: 'error', status: 429, message: 'quota', details: [dailyQuota, retryInfo(3)] },
      { kind: 'quota_exhausted', status: 429 },
    ],
    [
      '503',
      { type: 'error', status: 503, message: 'The model is overloaded.' },
      { kind: 'overloaded', status: 503 },
    ],
    [
      '500',
      { type: 'error', status: 500, message: 'Internal' },
      { kind: 'overloaded', status: 500 },
    ],
    [
      '404',
      { type: 'error', status: 404, message: 'models/x is not found' },
      { kind: 'not_found', status: 404 },
    ],
    ['403', { type: 'error', status: 403, message: 'denied' }, { kind: 'auth', status: 403 }],
    [
      '400',
      { type: 'error', status: 400, message: 'Invalid value' },
      { kind: 'invalid_request', status: 400 },
    ],
    [
      '400, too many tokens',
      { type: 'error', status: 400, message: 'The input token count exceeds the maximum' },
      { kind: 'too_large', status: 400 },
    ],
    [
      'garbage',
      { type: 'raw', body: '<html>502 Bad Gateway</html>', contentType: 'text/html' },
      { kind: 'bad_response' },
    ],
    [
      'truncated JSON',
      { type: 'raw', body: '{"candidates":[{"content":' },
      { kind: 'bad_response' },
    ],
    [
      'JSON of another shape',
      { type: 'json', body: { candidates: 'none' } },
      { kind: 'bad_response' },
    ],
    ['null', { type: 'json', body: null }, { kind: 'bad_response' }],
    ['a connection closed at once', { type: 'reset' }, { kind: 'network' }],
    [
      'a connection closed in the middle',
      { type: 'reset', start: '{"candidates":' },
      { kind: 'network' },
    ],
  ]
  for (const [name, answer, expected] of failures)
    it(name, () =>
      withFake([answer], async (fake) => {
        const failure = await failureOf(clientOf(fake.baseUrl).complete(request, never))
        assert.deepEqual({ ...failure, ...expected }, failure)
        assert.equal(failure.retryAfterMs, expected.retryAfterMs)
        assert.equal(fake.requests.length, 1)
      }),
    )
  it('a message that repeats the key loses it', () =>
    withFake(
      [{ type: 'error', status: 403, message: `key ${apiKey} is not allowed` }],
      async (fake) => {
        const { message } = await failureOf(clientOf(fake.baseUrl).complete(request, never))
        assert.match(message, /key \[key\] is not allowed/)
      },
    ))
  it('nobody there', async () => {
    const fake = await fakeGemini([])
    await fake.stop()
    assert.equal((await failureOf(clientOf(fake.baseUrl).complete(request, never))).kind, 'network')
  })
  const finishes: [name: string, answer: FakeAnswer, finish: string, text: string][] = [
    ['SAFETY', { type: 'json', body: safety }, 'blocked', ''],
    [
      'a blocked prompt',
      { type: 'json', body: { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } } },
      'blocked',
      '',
    ],
    [
      'MAX_TOKENS',
      { type: 'text', text: '{"intent":', finishReason: 'MAX_TOKENS' },
      'truncated',
      '{"intent":',
    ],
    [
      'MALFORMED_RESPONSE',
      { type: 'text', text: '{', finishReason: 'MALFORMED_RESPONSE' },
      'unknown',
      '{',
    ],
    ['nothing at all', { type: 'json', body: {} }, 'unknown', ''],
  ]
  for (const [name, answer, finish, text] of finishes)
    it(`finish: ${name}`, () =>
      withFake([answer], async (fake) => {
        const completion = await clientOf(fake.baseUrl).complete(request, never)
        assert.deepEqual([completion.finish, completion.text], [finish, text])
      }))
})

describe('GoogleAi against @copilotkit/aimock', () => {
  const mock = new LLMock({ port: 0, host: '127.0.0.1' })
  after(() => mock.stop())
  it('gets an answer from a server that nobody here wrote', async () => {
    mock.addFixture({
      match: { userMessage: /next/ },
      response: { content: '{"intent":"take_snapshot"}' },
    })
    await mock.start()
    const completion = await clientOf(mock.url).complete(request, never)
    assert.equal(completion.text, '{"intent":"take_snapshot"}')
  })
})

describe('nextPacificMidnight', () => {
  const cases: [now: string, midnight: string][] = [
    ['2026-11-24T10:00:00Z', '2026-11-25T08:00:00Z'],
    ['2026-11-24T07:59:59Z', '2026-11-24T08:00:00Z'],
    ['2026-07-01T12:34:56Z', '2026-07-02T07:00:00Z'],
  ]
  for (const [now, midnight] of cases)
    it(`${now} -> ${midnight}`, () =>
      assert.equal(
        new Date(nextPacificMidnight(Date.parse(now))).toISOString(),
        midnight.replace('Z', '.000Z'),
      ))
})
