import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { LLMock } from '@copilotkit/aimock'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { askMainModel } from '../../../agents/models/ask-main-model.ts'
import { loadProvider } from '../../../agents/models/load-provider.ts'
import {
  type AiSdkModel,
  type MainModel,
  parseMainModel,
} from '../../../agents/models/main-model.ts'
import { promptFor } from '../../../agents/models/model-prompt.ts'
import type { CompletionRequest } from '../../../agents/models/provider.ts'
import { parseModel } from '../../../agents/models/setting.ts'
import { operatorIntents } from '../../../agents/vocabulary/operator-action.ts'
import { strictKey, strictModelServer } from '../../support/strict-model-server.ts'
import { failureOf } from './support/failure-of.ts'

const request: CompletionRequest = {
  prompt: { system: 'You are an operator', messages: [{ role: 'user', text: 'next' }] },
  tools: toolSchemas({ agent: 'operator', tools: operatorIntents }),
  maxOutputTokens: 8192,
  effort: 'low',
}
const prompt = promptFor(request)
const never = new AbortController().signal
const ask = (model: MainModel) => askMainModel(model, prompt, never)

describe('a function of the user’s as a model', () => {
  it('gets the prompt as plain data and a signal', async () => {
    let seen: unknown[] = []
    await ask((...given) => {
      seen = given
      return '{}'
    })
    assert.deepEqual(seen, [prompt, { signal: never }])
    assert.deepEqual(structuredClone(prompt), prompt)
    assert.equal(prompt.schema['type'], 'object')
  })
  it('may answer a text, or later', async () => {
    const { text, finish, tokens } = await ask(() => Promise.resolve('{"intent":"done"}'))
    assert.deepEqual([text, finish, tokens.inputTokens], ['{"intent":"done"}', 'stop', 0])
  })
  it('may say what it has cost and how it ended', async () => {
    const answer = { text: '{', inputTokens: 7, outputTokens: 3, finish: 'truncated' } as const
    const { finish, tokens } = await ask(() => answer)
    assert.deepEqual([finish, tokens.inputTokens, tokens.outputTokens], ['truncated', 7, 3])
  })
  const answers: unknown[] = [undefined, null, 5, {}, { text: 5 }, []]
  for (const answer of answers)
    it(`an answer ${JSON.stringify(answer)} is bad`, async () => {
      const failure = await failureOf(ask((() => answer) as unknown as MainModel))
      assert.equal(failure.kind, 'bad_response')
      assert.match(failure.message, /expected a text or { text/)
    })
  it('an error is a failure with its message', async () => {
    const failure = await failureOf(
      ask(() => {
        throw new Error('no luck')
      }),
    )
    assert.deepEqual(failure, { kind: 'unknown', message: 'no luck' })
  })
  it('an error with a status is what the status says', async () => {
    const error = Object.assign(new Error('slow down'), {
      statusCode: 429,
      responseHeaders: { 'retry-after': '2' },
    })
    const failure = await failureOf(ask(() => Promise.reject(error)))
    assert.deepEqual(failure, {
      kind: 'rate_limited',
      message: 'slow down',
      status: 429,
      retryAfterMs: 2_000,
    })
  })
})

describe('a model object of the AI SDK', () => {
  const object = (result: unknown, specificationVersion = 'v3'): AiSdkModel => ({
    specificationVersion,
    provider: 'test',
    modelId: 'm-1',
    doGenerate: () => Promise.resolve(result),
  })
  it('of v2 counts flat', async () => {
    const { finish, tokens } = await ask(
      object(
        {
          content: [
            { type: 'reasoning', text: 'Hmm' },
            { type: 'text', text: '{}' },
          ],
          finishReason: 'length',
          usage: { inputTokens: 9, outputTokens: 5, reasoningTokens: 2, cachedInputTokens: 4 },
        },
        'v2',
      ),
    )
    assert.equal(finish, 'truncated')
    assert.deepEqual(tokens, {
      inputTokens: 9,
      outputTokens: 5,
      reasoningTokens: 2,
      cachedTokens: 4,
    })
  })
  for (const version of ['v3', 'v4'])
    it(`of ${version} counts in objects`, async () => {
      const { text, finish, tokens, servedBy } = await ask(
        object(
          {
            content: [{ type: 'text', text: '{"action":{"intent":"done","summary":null}}' }],
            finishReason: { unified: 'stop', raw: 'STOP' },
            usage: {
              inputTokens: { total: 9, cacheRead: 4 },
              outputTokens: { total: 5, reasoning: 2 },
            },
            response: { modelId: 'm-1-2026' },
          },
          version,
        ),
      )
      assert.deepEqual([text, finish, servedBy], ['{"intent":"done"}', 'stop', 'm-1-2026'])
      assert.deepEqual(tokens, {
        inputTokens: 9,
        outputTokens: 5,
        reasoningTokens: 2,
        cachedTokens: 4,
      })
    })
  it('refused content is blocked', async () => {
    const result = { content: [], finishReason: { unified: 'content-filter' }, usage: {} }
    assert.equal((await ask(object(result))).finish, 'blocked')
  })
  it('of another specification is refused, with those that are known', () => {
    assert.throws(() => parseMainModel(object({}, 'v9')), /specification v9; expected v2, v3, v4/)
  })
})

describe('a model object that @ai-sdk/openai-compatible has made', () => {
  const mock = new LLMock({ port: 0, host: '127.0.0.1' })
  before(async () => {
    mock.addFixture({
      match: { userMessage: /next/ },
      response: {
        content: '{"intent":"take_snapshot"}',
        usage: { prompt_tokens: 11, completion_tokens: 7 },
      },
    })
    await mock.start()
  })
  after(() => mock.stop())
  it('answers', async () => {
    const model = createOpenAICompatible({ name: 'mine', baseURL: `${mock.url}/v1` }).chatModel('x')
    const { text, finish, tokens } = await ask(model)
    assert.deepEqual([text, finish], ['{"intent":"take_snapshot"}', 'stop'])
    assert.deepEqual([tokens.inputTokens, tokens.outputTokens], [11, 7])
  })
  it('sends what a strict server takes, and its failure has a kind', async () => {
    const server = await strictModelServer([
      { type: 'error', status: 429, message: 'slow down', headers: { 'retry-after': '4' } },
      { type: 'text', text: '{"action":{"intent":"done","summary":null}}' },
    ])
    const model = createOpenAICompatible({
      name: 'mine',
      baseURL: `${server.origin}/local/v1`,
      apiKey: strictKey,
      supportsStructuredOutputs: true,
    }).chatModel('x')
    try {
      const failure = await failureOf(ask(model))
      assert.deepEqual([failure.kind, failure.retryAfterMs], ['rate_limited', 4_000])
      assert.equal((await ask(model)).text, '{"intent":"done"}')
    } finally {
      await server.stop()
    }
  })
})

describe('a model of a module', () => {
  const extension = import.meta.url.slice(-2)
  const address = new URL(`../fixtures/own-models.${extension}`, import.meta.url).href
  const load = (option: object) => {
    const setting = parseModel({ provider: 'module', ...option }, {})
    return setting.type === 'provider' ? loadProvider(setting) : assert.fail()
  }
  it('is its default export', async () => {
    const provider = await load({ module: address })
    assert.equal((await provider.complete(request, never)).text, '{"intent":"take_snapshot"}')
  })
  it('or another one', async () => {
    const provider = await load({ module: address, export: 'object', model: 'mine' })
    assert.equal(provider.name, 'module/mine')
    assert.equal((await provider.complete(request, never)).text, '{"intent":"done"}')
  })
  it('an export that is no model is told', async () => {
    const failure = await failureOf(load({ module: address, export: 'nothing' }))
    assert.match(failure.message, /exports no model as 'nothing'; expected a function/)
  })
  it('a module that is not there is told', async () => {
    const failure = await failureOf(load({ module: './nowhere.js' }))
    assert.match(failure.message, /nowhere\.js cannot be imported: Cannot find module/)
  })
})
