import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { LLMock } from '@copilotkit/aimock'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { loadProvider } from '../../../agents/models/load-provider.ts'
import { parseAction } from '../../../agents/models/parse-action.ts'
import {
  type CompletionRequest,
  type Provider,
  type ProviderFailure,
} from '../../../agents/models/provider.ts'
import { type ProviderSetting, parseModel } from '../../../agents/models/setting.ts'
import { VertexAi } from '../../../agents/models/vertex-ai.ts'
import { coordinatorIntents } from '../../../agents/vocabulary/coordinator-action.ts'
import { operatorIntents } from '../../../agents/vocabulary/operator-action.ts'
import type { Refusal } from '../../support/strict-model-dialects.ts'
import {
  type ModelServerAnswer,
  type StrictModelServer,
  strictKey,
  strictModelServer,
} from '../../support/strict-model-server.ts'
import { failureOf } from './support/failure-of.ts'

const operatorTools = toolSchemas({ agent: 'operator', tools: operatorIntents })
const coordinatorTools = toolSchemas({ agent: 'coordinator', tools: coordinatorIntents })
const request: CompletionRequest = {
  prompt: {
    system: 'You are an operator',
    messages: [
      { role: 'user', text: 'go' },
      { role: 'assistant', text: '{"intent":"take_snapshot"}' },
      { role: 'user', text: 'next' },
    ],
  },
  tools: operatorTools,
  maxOutputTokens: 8192,
  effort: 'low',
}
const never = new AbortController().signal

/** How each provider is set up against a server at `origin`. */
interface Subject {
  readonly option: (origin: string) => object
  /** Where it is asked. */
  readonly path: string
  /** A key that a message may repeat; absent: the provider has none. */
  readonly keyless?: true
  readonly cacheWrites?: true
  readonly reasons?: true
  readonly schema?: 'strict' | 'gemini'
}

const key = { apiKey: strictKey }
const subjects: Record<string, Subject> = {
  anthropic: {
    option: (origin) => ({ provider: 'anthropic', baseUrl: origin, ...key }),
    path: '/v1/messages',
    cacheWrites: true,
    schema: 'strict',
  },
  openai: {
    option: (origin) => ({ provider: 'openai', baseUrl: `${origin}/v1`, ...key }),
    path: '/v1/chat/completions',
    reasons: true,
    schema: 'strict',
  },
  'openai-generic': {
    option: (origin) => ({
      provider: 'openai-generic',
      model: 'qwen3:8b',
      baseUrl: `${origin}/local/v1/`,
    }),
    path: '/local/v1/chat/completions',
    keyless: true,
    reasons: true,
    schema: 'strict',
  },
  openrouter: {
    option: (origin) => ({ provider: 'openrouter', baseUrl: `${origin}/api/v1`, ...key }),
    path: '/api/v1/chat/completions',
    reasons: true,
    schema: 'strict',
  },
  'azure-openai': {
    option: (origin) => ({ provider: 'azure-openai', model: 'mini', baseUrl: origin, ...key }),
    path: '/openai/v1/chat/completions',
    reasons: true,
    schema: 'strict',
  },
  'azure-openai with a version': {
    option: (origin) => ({
      provider: 'azure-openai',
      model: 'mini',
      baseUrl: origin,
      apiVersion: '2024-10-21',
      ...key,
    }),
    path: '/openai/deployments/mini/chat/completions?api-version=2024-10-21',
    reasons: true,
    schema: 'strict',
  },
  'aws-bedrock': {
    option: (origin) => ({ provider: 'aws-bedrock', baseUrl: origin, ...key }),
    path: '/model/global.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse',
    cacheWrites: true,
  },
  'vertex-ai with a key': {
    option: (origin) => ({ provider: 'vertex-ai', baseUrl: origin, ...key }),
    path: '/v1/publishers/google/models/gemini-3.8-flash:generateContent',
    reasons: true,
    schema: 'gemini',
  },
}

async function clientOf(option: object): Promise<Provider> {
  const setting = parseModel(option, {})
  assert.equal(setting.type, 'provider')
  return setting.type === 'provider' ? loadProvider(setting) : assert.fail()
}

async function withServer<T>(
  script: readonly ModelServerAnswer[],
  run: (server: StrictModelServer) => Promise<T>,
): Promise<T> {
  const server = await strictModelServer(script)
  try {
    return await run(server)
  } finally {
    await server.stop()
  }
}

/** What every service may do, and what has to be made of it. */
const failures: [name: string, refusal: Refusal, expected: Partial<ProviderFailure>][] = [
  [
    '429 with Retry-After in seconds',
    { status: 429, message: 'slow down', headers: { 'retry-after': '17' } },
    { kind: 'rate_limited', status: 429, retryAfterMs: 17_000 },
  ],
  [
    '429 with retry-after-ms',
    { status: 429, message: 'slow down', headers: { 'retry-after-ms': '250' } },
    { kind: 'rate_limited', retryAfterMs: 250 },
  ],
  ['429 without a hint', { status: 429, message: 'slow down' }, { kind: 'rate_limited' }],
  [
    '402',
    { status: 402, message: 'Insufficient credits' },
    { kind: 'quota_exhausted', status: 402 },
  ],
  ['503', { status: 503, message: 'Service unavailable' }, { kind: 'overloaded', status: 503 }],
  ['529', { status: 529, message: 'Overloaded' }, { kind: 'overloaded', status: 529 }],
  ['408', { status: 408, message: 'Request timed out' }, { kind: 'overloaded', status: 408 }],
  ['404', { status: 404, message: 'no such model' }, { kind: 'not_found', status: 404 }],
  ['403', { status: 403, message: 'denied' }, { kind: 'auth', status: 403 }],
  ['413', { status: 413, message: 'request too large' }, { kind: 'too_large', status: 413 }],
  ['400', { status: 400, message: 'Invalid value' }, { kind: 'invalid_request', status: 400 }],
]

/** Words that only some services use. */
const ownFailures: [subject: string, refusal: Refusal, kind: ProviderFailure['kind']][] = [
  [
    'anthropic',
    { status: 400, message: 'prompt is too long: 210000 tokens > 200000 maximum' },
    'too_large',
  ],
  [
    'anthropic',
    { status: 400, message: 'Your credit balance is too low to access the Anthropic API.' },
    'quota_exhausted',
  ],
  [
    'openai',
    {
      status: 429,
      message: 'You exceeded your current quota, please check your plan and billing details.',
      code: 'insufficient_quota',
    },
    'quota_exhausted',
  ],
  [
    'openai',
    {
      status: 400,
      message: "This model's maximum context length is 128000 tokens.",
      code: 'context_length_exceeded',
    },
    'too_large',
  ],
  [
    'openai-generic',
    { status: 400, message: 'the request exceeds the available context size' },
    'too_large',
  ],
  [
    'azure-openai',
    {
      status: 400,
      message: "The response was filtered due to the prompt triggering Azure OpenAI's policy.",
      code: 'content_filter',
    },
    'blocked',
  ],
  [
    'openrouter',
    { status: 403, message: 'Your input was flagged: moderation', code: '403' },
    'blocked',
  ],
  ['aws-bedrock', { status: 400, message: 'Input is too long for requested model.' }, 'too_large'],
  ['aws-bedrock', { status: 424, message: 'The model failed.' }, 'overloaded'],
]

for (const [name, subject] of Object.entries(subjects)) {
  const clientAt = (origin: string, changes: object = {}) =>
    clientOf({ ...subject.option(origin), ...changes })

  describe(`${name} against the strict server`, () => {
    it('sends what the protocol asks for, in the first try', () =>
      withServer([{ type: 'text', text: '{"intent":"done"}' }], async (server) => {
        const completion = await (await clientAt(server.origin)).complete(request, never)
        assert.deepEqual(
          server.requests.map(({ url, refusal }) => [url, refusal]),
          [[subject.path, undefined]],
        )
        assert.deepEqual([completion.text, completion.finish], ['{"intent":"done"}', 'stop'])
        const sent = JSON.stringify(server.requests[0]?.body)
        for (const text of ['You are an operator', 'go', 'take_snapshot', 'next'])
          assert.ok(sent.includes(text), text)
        assert.ok(!sent.includes('temperature'))
      }))
    it('the schemas of all tools of both agents pass', () =>
      withServer([{ type: 'text', text: '{"intent":"done"}' }], async (server) => {
        const client = await clientAt(server.origin)
        await client.complete({ ...request, tools: coordinatorTools }, never)
        const [first] = operatorTools
        await client.complete({ ...request, tools: first === undefined ? [] : [first] }, never)
        assert.deepEqual(
          server.requests.map(({ refusal }) => refusal),
          [undefined, undefined],
        )
      }))
    it('counts cached input as input and reasoning as output', () =>
      withServer([{ type: 'text', text: '{}' }], async (server) => {
        const { tokens } = await (await clientAt(server.origin)).complete(request, never)
        assert.deepEqual(tokens, {
          inputTokens: 1000,
          outputTokens: 200,
          reasoningTokens: subject.reasons === true ? 150 : 0,
          cachedTokens: 400,
          ...(subject.cacheWrites === true ? { cacheWriteTokens: 100 } : {}),
        })
      }))
    it('an answer without counts is no failure', () =>
      withServer([{ type: 'text', text: '{}', uncounted: true }], async (server) => {
        const { tokens } = await (await clientAt(server.origin)).complete(request, never)
        assert.equal(tokens.inputTokens + tokens.outputTokens, 0)
      }))
    for (const [finish, expected] of [
      ['length', 'truncated'],
      ['refusal', 'blocked'],
      ['odd', 'unknown'],
    ] as const)
      it(`an answer that ended by ${finish} is ${expected}`, () =>
        withServer([{ type: 'text', text: '{"intent":', finish }], async (server) => {
          const completion = await (await clientAt(server.origin)).complete(request, never)
          assert.equal(completion.finish, expected)
        }))
    for (const [what, refusal, expected] of failures)
      it(what, () =>
        withServer([{ type: 'error', ...refusal }], async (server) => {
          const failure = await failureOf((await clientAt(server.origin)).complete(request, never))
          assert.deepEqual({ ...failure, ...expected }, failure)
          assert.match(failure.message, new RegExp(refusal.message))
          assert.equal(failure.retryAfterMs, expected.retryAfterMs)
          assert.equal(server.requests.length, 1)
        }),
      )
    for (const [what, answer, kind] of [
      ['a page of HTML', { type: 'raw', body: '<html>', contentType: 'text/html' }, 'bad_response'],
      ['truncated JSON', { type: 'raw', body: '{"choices":[{' }, 'bad_response'],
      ['JSON of another shape', { type: 'json', body: { choices: 'none' } }, 'bad_response'],
      ['null', { type: 'json', body: null }, 'bad_response'],
      ['a connection closed at once', { type: 'reset' }, 'network'],
      ['a connection closed in the middle', { type: 'reset', start: '{"a":' }, 'network'],
    ] as const)
      it(what, () =>
        withServer([answer], async (server) => {
          const client = await clientAt(server.origin)
          if (subject.schema === 'gemini' && what === 'JSON of another shape') return
          assert.equal((await failureOf(client.complete(request, never))).kind, kind)
        }),
      )
    it('nobody there', async () => {
      const server = await strictModelServer([])
      await server.stop()
      const failure = await failureOf((await clientAt(server.origin)).complete(request, never))
      assert.equal(failure.kind, 'network')
      assert.match(failure.message, /ECONNREFUSED/)
    })
    it('no key follows a redirect', () =>
      withServer([{ type: 'text', text: 'stolen' }], (thief) =>
        withServer([{ type: 'redirect', location: thief.origin }], async (server) => {
          const failure = await failureOf((await clientAt(server.origin)).complete(request, never))
          assert.equal(failure.kind, 'invalid_request')
          assert.match(failure.message, /redirects \(307\).*baseUrl/)
          assert.equal(thief.requests.length, 0)
        }),
      ))
    for (const answer of [{ type: 'hang' }, { type: 'endless', start: '{"a":[' }] as const)
      it(`an abort ends a call whose answer does not (${answer.type}), and its connection`, () =>
        withServer([answer], async (server) => {
          const controller = new AbortController()
          const client = await clientAt(server.origin)
          const failure = failureOf(client.complete(request, controller.signal))
          await server.arrived(1)
          controller.abort()
          assert.equal((await failure).kind, 'aborted')
          await server.abandoned
        }))
    it('an aborted signal sends nothing', () =>
      withServer([{ type: 'hang' }], async (server) => {
        const client = await clientAt(server.origin)
        const failure = await failureOf(client.complete(request, AbortSignal.abort()))
        assert.equal(failure.kind, 'aborted')
        assert.equal(server.requests.length, 0)
      }))
    it('headers of the user’s go along', () =>
      withServer([{ type: 'text', text: '{}' }], async (server) => {
        const client = await clientAt(server.origin, { headers: { 'X-Team': 'payments' } })
        await client.complete(request, never)
        assert.equal(server.requests[0]?.headers['x-team'], 'payments')
      }))
    if (subject.keyless !== true) {
      it('another key is refused as auth, and is not repeated', () =>
        withServer([{ type: 'hang' }], async (server) => {
          const client = await clientAt(server.origin, { apiKey: 'wrong-key-987' })
          const failure = await failureOf(client.complete(request, never))
          assert.equal(failure.kind, 'auth')
          assert.ok(!JSON.stringify(failure).includes('wrong-key-987'))
        }))
      it('a message that repeats the key loses it', () =>
        withServer(
          [{ type: 'error', status: 403, message: `key ${strictKey} is not allowed` }],
          async (server) => {
            const client = await clientAt(server.origin)
            const { message } = await failureOf(client.complete(request, never))
            assert.match(message, /key \[key\] is not allowed/)
          },
        ))
    }
    if (subject.schema !== undefined)
      it('after a 400 about the schema it asks without one, and remembers that', () =>
        withServer(
          [
            { type: 'error', status: 400, message: 'response_format: schema is too complex' },
            { type: 'text', text: '{"intent":"done"}' },
          ],
          async (server) => {
            const client = await clientAt(server.origin)
            await client.complete(request, never)
            await client.complete(request, never)
            assert.deepEqual(
              server.requests.map(({ body }) => JSON.stringify(body).includes('"properties"')),
              [true, false, false],
            )
          },
        ))
    if (subject.schema === 'strict')
      it('what only the strict dialect asked for is taken back: no repair is needed', () =>
        withServer(
          [{ type: 'text', text: '{"action":{"intent":"get_snapshots","limit":3,"offset":null}}' }],
          async (server) => {
            const { text } = await (await clientAt(server.origin)).complete(request, never)
            assert.deepEqual(parseAction(operatorTools, text), {
              ok: true,
              action: { intent: 'get_snapshots', limit: 3 },
              repairs: [],
            })
          },
        ))
  })
}

describe('what only one service says', () => {
  for (const [name, refusal, kind] of ownFailures)
    it(`${name}: ${refusal.message}`, () =>
      withServer([{ type: 'error', ...refusal }], async (server) => {
        const option = subjects[name]?.option(server.origin) ?? assert.fail()
        const failure = await failureOf((await clientOf(option)).complete(request, never))
        assert.equal(failure.kind, kind)
      }))
  it('openrouter: what a call has cost', () =>
    withServer([{ type: 'text', text: '{}' }], async (server) => {
      const client = await clientOf(subjects['openrouter']?.option(server.origin) ?? {})
      assert.equal((await client.complete(request, never)).costUsd, 0.0123)
      assert.deepEqual(server.requests[0]?.body.usage, { include: true })
    }))
  it('openrouter: an error with status 200 is one', () =>
    withServer(
      [{ type: 'json', body: { error: { code: 429, message: 'upstream is busy' } } }],
      async (server) => {
        const client = await clientOf(subjects['openrouter']?.option(server.origin) ?? {})
        const failure = await failureOf(client.complete(request, never))
        assert.deepEqual([failure.kind, failure.status], ['rate_limited', 429])
      },
    ))
  it('anthropic: system text and conversation are marked for the cache, the question is not', () =>
    withServer([{ type: 'text', text: '{}' }], async (server) => {
      const client = await clientOf(subjects['anthropic']?.option(server.origin) ?? {})
      await client.complete(request, never)
      const { system, messages } = server.requests[0]?.body ?? {}
      const marked = [...system, ...messages.flatMap((one: { content: object[] }) => one.content)]
      assert.deepEqual(
        marked.map((block) => 'cache_control' in block),
        [true, false, true, false],
      )
    }))
  it('anthropic: thinking is a level of effort, left out after a 400 about it', () =>
    withServer(
      [
        {
          type: 'error',
          status: 400,
          message: 'This model does not support the effort parameter.',
        },
        { type: 'text', text: '{}' },
      ],
      async (server) => {
        const option = { ...subjects['anthropic']?.option(server.origin), thinkingLevel: 'high' }
        await (await clientOf(option)).complete(request, never)
        assert.deepEqual(
          server.requests.map(({ body }) => body.output_config.effort),
          ['high', undefined],
        )
      },
    ))
  it('vertex-ai: the daily quota and RetryInfo are read from the details', () =>
    withServer(
      [
        {
          type: 'error',
          status: 429,
          message: 'quota',
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '3s' }],
        },
      ],
      async (server) => {
        const client = await clientOf(subjects['vertex-ai with a key']?.option(server.origin) ?? {})
        const failure = await failureOf(client.complete(request, never))
        assert.deepEqual([failure.kind, failure.retryAfterMs], ['rate_limited', 3_000])
      },
    ))
  it('an answer without an end is not read for ever', () =>
    withServer([{ type: 'raw', body: `"${'x'.repeat(9_000_000)}"` }], async (server) => {
      const client = await clientOf(subjects['openai']?.option(server.origin) ?? {})
      const failure = await failureOf(client.complete(request, never))
      assert.equal(failure.kind, 'bad_response')
      assert.match(failure.message, /longer than/)
    }))
})

describe('aws-bedrock with the credentials of the machine', () => {
  const credentials = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  }
  before(() => void Object.assign(process.env, credentials))
  after(() => {
    for (const name of Object.keys(credentials)) Reflect.deleteProperty(process.env, name)
  })
  const withAws = async <T>(
    script: readonly ModelServerAnswer[],
    run: (client: Provider, server: StrictModelServer) => Promise<T>,
  ): Promise<T> => {
    const server = await strictModelServer(script, { http2: true })
    const option = { provider: 'aws-bedrock', region: 'eu-central-1', baseUrl: server.origin }
    try {
      return await run(await clientOf(option), server)
    } finally {
      await server.stop()
    }
  }
  it('signs its request with the client of AWS, and gets an answer', () =>
    withAws([{ type: 'text', text: '{"intent":"done"}' }], async (client, server) => {
      const completion = await client.complete(request, never)
      assert.deepEqual([completion.text, completion.finish], ['{"intent":"done"}', 'stop'])
      assert.equal(completion.tokens.inputTokens, 1000)
      assert.deepEqual(
        server.requests.map(({ url, refusal }) => [url, refusal]),
        [['/model/global.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse', undefined]],
      )
    }))
  for (const [status, code, kind] of [
    [429, 'ThrottlingException', 'rate_limited'],
    [403, 'AccessDeniedException', 'auth'],
    [503, 'ServiceUnavailableException', 'overloaded'],
    [400, 'ValidationException', 'invalid_request'],
  ] as const)
    it(`${status} ${code} is ${kind}, after one request`, () =>
      withAws(
        [{ type: 'error', status, code, message: 'no', headers: { 'x-amzn-errortype': code } }],
        async (client, server) => {
          const failure = await failureOf(client.complete(request, never))
          assert.deepEqual([failure.kind, failure.status], [kind, status])
          assert.equal(server.requests.length, 1)
        },
      ))
  it('an abort ends a call that is not answered', () =>
    withAws([{ type: 'hang' }], async (client, server) => {
      const controller = new AbortController()
      const failure = failureOf(client.complete(request, controller.signal))
      await server.arrived(1)
      controller.abort()
      assert.equal((await failure).kind, 'aborted')
    }))
})

describe('vertex-ai with a token of the machine', () => {
  const signedIn = (token: unknown, project: unknown = 'p-1') => ({
    makeSignIn: () =>
      Promise.resolve({
        getAccessToken: () => Promise.resolve(token),
        getProjectId: () => Promise.resolve(project),
      }),
  })
  const settingAt = (baseUrl: string, changes: object = {}): ProviderSetting => ({
    provider: 'vertex-ai',
    model: 'gemini-3.8-flash',
    baseUrl,
    ...changes,
  })
  it('asks the project and the place, with the token alone', () =>
    withServer([{ type: 'text', text: '{}' }], async (server) => {
      const setting = settingAt(server.origin, { location: 'europe-west4' })
      await new VertexAi(setting, signedIn(strictKey)).complete(request, never)
      assert.deepEqual(
        server.requests.map(({ url, refusal }) => [url, refusal]),
        [
          [
            '/v1/projects/p-1/locations/europe-west4/publishers/google/models/gemini-3.8-flash:generateContent',
            undefined,
          ],
        ],
      )
    }))
  it('a token is not repeated', () =>
    withServer([{ type: 'error', status: 403, message: `no ${strictKey}` }], async (server) => {
      const client = new VertexAi(settingAt(server.origin), signedIn(strictKey))
      const failure = await failureOf(client.complete(request, never))
      assert.equal(failure.kind, 'auth')
      assert.ok(!failure.message.includes(strictKey), failure.message)
    }))
  it('nobody signed in is told, with what to do', () =>
    withServer([{ type: 'hang' }], async (server) => {
      const client = new VertexAi(settingAt(server.origin), signedIn(null))
      const failure = await failureOf(client.complete(request, never))
      assert.equal(failure.kind, 'auth')
      assert.match(failure.message, /gcloud auth application-default login.*GOOGLE_CLOUD_PROJECT/)
    }))
  it('gets an answer from @copilotkit/aimock', async () => {
    const mock = new LLMock({ port: 0, host: '127.0.0.1' })
    mock.addFixture({
      match: { userMessage: /next/ },
      response: { content: '{"intent":"take_snapshot"}' },
    })
    await mock.start()
    try {
      const client = new VertexAi(settingAt(mock.url), signedIn('token'))
      const { text } = await client.complete(request, never)
      assert.equal(text, '{"intent":"take_snapshot"}')
    } finally {
      await mock.stop()
    }
  })
})

describe('a package that only some need', () => {
  it('is told when it is missing, with what to do', async () => {
    const client = await clientOf({ provider: 'vertex-ai', project: 'p' })
    const failure = await failureOf(client.complete(request, never))
    assert.equal(failure.kind, 'invalid_request')
    assert.match(
      failure.message,
      /vertex-ai without an API key needs the package google-auth-library.*npm install google-auth-library/,
    )
  })
})

describe('against @copilotkit/aimock, which nobody here wrote', () => {
  const mock = new LLMock({ port: 0, host: '127.0.0.1' })
  before(async () => {
    mock.addFixture({
      match: { userMessage: /next/ },
      response: { content: '{"intent":"take_snapshot"}' },
    })
    mock.addFixture({
      match: { userMessage: /rate limit/ },
      response: { error: { message: 'quota', type: 'rate_limit_error' }, status: 429 },
    })
    await mock.start()
  })
  after(() => mock.stop())
  const servers: Record<string, (url: string) => object> = {
    anthropic: (url) => ({ provider: 'anthropic', baseUrl: url, ...key }),
    openai: (url) => ({ provider: 'openai', baseUrl: `${url}/v1`, ...key }),
    'openai-generic': (url) => ({
      provider: 'openai-generic',
      model: 'qwen3:8b',
      baseUrl: `${url}/v1`,
    }),
    openrouter: (url) => ({ provider: 'openrouter', baseUrl: `${url}/api/v1`, ...key }),
    'azure-openai': (url) => ({
      provider: 'azure-openai',
      model: 'mini',
      baseUrl: url,
      apiVersion: '2024-10-21',
      ...key,
    }),
    'aws-bedrock': (url) => ({ provider: 'aws-bedrock', baseUrl: url, ...key }),
  }
  for (const [name, option] of Object.entries(servers)) {
    it(`${name} gets an answer`, async () => {
      const completion = await (await clientOf(option(mock.url))).complete(request, never)
      assert.deepEqual([completion.text, completion.finish], ['{"intent":"take_snapshot"}', 'stop'])
    })
    it(`${name} hears of a limit`, async () => {
      const messages = [{ role: 'user', text: 'rate limit' }] as const
      const failure = await failureOf(
        (await clientOf(option(mock.url))).complete(
          { ...request, prompt: { system: 'x', messages } },
          never,
        ),
      )
      assert.deepEqual([failure.kind, failure.status], ['rate_limited', 429])
    })
  }
})
