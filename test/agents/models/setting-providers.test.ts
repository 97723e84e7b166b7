import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseBudgetText } from '../../../agents/budget.ts'
import { costOf, priceOf } from '../../../agents/models/prices.ts'
import type { ProviderName } from '../../../agents/models/provider-table.ts'
import { type MainModels, parseModel } from '../../../agents/models/setting.ts'

const keys = {
  GEMINI_API_KEY: 'g',
  ANTHROPIC_API_KEY: 'a',
  OPENAI_API_KEY: 'o',
  OPENROUTER_API_KEY: 'r',
  AZURE_OPENAI_API_KEY: 'z',
  AZURE_OPENAI_ENDPOINT: 'https://r.openai.azure.com/',
  AZURE_OPENAI_DEPLOYMENT: 'mini',
  AWS_BEARER_TOKEN_BEDROCK: 'b',
}

describe('auto takes the first provider whose key is there', () => {
  const order: [provider: string, missing: readonly (keyof typeof keys)[]][] = [
    ['google-ai', []],
    ['anthropic', ['GEMINI_API_KEY']],
    ['openai', ['ANTHROPIC_API_KEY']],
    ['openrouter', ['OPENAI_API_KEY']],
    ['azure-openai', ['OPENROUTER_API_KEY']],
    ['aws-bedrock', ['AZURE_OPENAI_DEPLOYMENT']],
  ]
  const left: Record<string, string> = { ...keys }
  for (const [provider, missing] of order) {
    for (const name of missing) Reflect.deleteProperty(left, name)
    const environment = { ...left }
    it(`${provider}, without ${missing.join() || 'any missing'}`, () => {
      const setting = parseModel('auto', environment)
      assert.equal(setting.type === 'provider' && setting.provider, provider)
    })
  }
  it('one whose address is none is passed over', () => {
    const { OPENAI_API_KEY, OPENROUTER_API_KEY } = keys
    const environment = { OPENAI_API_KEY, OPENROUTER_API_KEY, OPENAI_BASE_URL: 'my proxy' }
    const setting = parseModel('auto', environment)
    assert.equal(setting.type === 'provider' && setting.provider, 'openrouter')
  })
  it('keys of the cloud that serve other ends as well are none', () => {
    const environment = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', GOOGLE_APPLICATION_CREDENTIALS: '/x' }
    assert.deepEqual(parseModel('auto', environment), { type: 'rules' })
  })
})

describe('parseModel reads', () => {
  const cases: [name: string, option: unknown, env: Record<string, string>, expected: object][] = [
    [
      'the address that the vendor’s own client would take',
      'openai',
      { OPENAI_API_KEY: 'o', OPENAI_BASE_URL: 'https://proxy.example/v1/' },
      {
        provider: 'openai',
        model: 'gpt-5.4-mini',
        apiKey: 'o',
        baseUrl: 'https://proxy.example/v1',
      },
    ],
    [
      'a local server without a key, a model with slashes and colons',
      {
        provider: 'openai-generic',
        model: 'hf.co/x/y:q4',
        baseUrl: 'http://127.0.0.1:11434/v1',
      },
      {},
      {
        provider: 'openai-generic',
        model: 'hf.co/x/y:q4',
        baseUrl: 'http://127.0.0.1:11434/v1',
      },
    ],
    [
      'a model of openrouter',
      'openrouter/anthropic/claude-haiku-4.5',
      { OPENROUTER_API_KEY: 'r' },
      {
        provider: 'openrouter',
        model: 'anthropic/claude-haiku-4.5',
        apiKey: 'r',
        baseUrl: 'https://openrouter.ai/api/v1',
      },
    ],
    [
      'vertex-ai by the environment',
      'vertex-ai',
      { GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_CLOUD_LOCATION: 'europe-west4' },
      {
        provider: 'vertex-ai',
        model: 'gemini-3.8-flash',
        project: 'p',
        location: 'europe-west4',
      },
    ],
    [
      'a region of aws-bedrock, with whoever is signed in',
      { provider: 'aws-bedrock', model: 'eu.amazon.nova-lite-v1:0' },
      { AWS_REGION: 'eu-central-1' },
      { provider: 'aws-bedrock', model: 'eu.amazon.nova-lite-v1:0', region: 'eu-central-1' },
    ],
    [
      'a module',
      'module/./my/model.js',
      {},
      { provider: 'module', model: './my/model.js', module: './my/model.js' },
    ],
    [
      'headers, by small letters',
      { provider: 'openai', apiKey: 'o', headers: { 'X-Team': 'payments' } },
      {},
      {
        provider: 'openai',
        model: 'gpt-5.4-mini',
        apiKey: 'o',
        baseUrl: 'https://api.openai.com/v1',
        headers: { 'x-team': 'payments' },
      },
    ],
  ]
  for (const [name, option, env, expected] of cases)
    it(name, () => assert.deepEqual(parseModel(option, env), { type: 'provider', ...expected }))

  it('a list', () => {
    const setting = parseModel(
      { provider: 'fallback', models: ['anthropic', 'openai/gpt-5'] },
      keys,
    )
    assert.deepEqual(
      setting.type === 'list' && setting.models.map(({ provider, model }) => [provider, model]),
      [
        ['anthropic', 'claude-haiku-4-5'],
        ['openai', 'gpt-5'],
      ],
    )
  })
  it('roles, of which one may be rules', () => {
    const setting = parseModel({ coordinator: 'anthropic', operators: 'rules' }, keys)
    assert.deepEqual(setting.type === 'roles' && setting.operators, { type: 'rules' })
  })
  it('functions and model objects, each under a name of its own; the setting stays plain', () => {
    const models: MainModels = new Map()
    const ask = () => ''
    const object = {
      specificationVersion: 'v3',
      provider: 'p',
      modelId: 'm',
      doGenerate: () => Promise.resolve(),
    }
    const other = { ...object }
    const setting = parseModel(
      { provider: 'round-robin', models: [ask, object, other, ask] },
      {},
      models,
    )
    assert.deepEqual(structuredClone(setting), setting)
    assert.deepEqual(
      [...models],
      [
        ['ask', ask],
        ['p:m', object],
        ['p:m-3', other],
      ],
    )
    assert.deepEqual(setting.type === 'list' && setting.models.map(({ model }) => model), [
      'ask',
      'p:m',
      'p:m-3',
      'ask',
    ])
  })
})

describe('parseModel refuses', () => {
  const mistakes: [name: string, option: unknown, message: RegExp][] = [
    [
      'a local server without an address',
      { provider: 'openai-generic', model: 'x' },
      /needs baseUrl.*11434\/v1 \(Ollama\).*8000\/v1 \(vLLM\).*1234\/v1 \(LM Studio\)/,
    ],
    [
      'a local server without a model',
      { provider: 'openai-generic', baseUrl: 'http://127.0.0.1:1/v1' },
      /openai-generic needs a model/,
    ],
    [
      'azure-openai without a deployment',
      { provider: 'azure-openai', apiKey: 'k', baseUrl: 'https://x' },
      /needs a model \(the name of a deployment\), or set AZURE_OPENAI_DEPLOYMENT/,
    ],
    [
      'azure-openai without an address',
      { provider: 'azure-openai', apiKey: 'k', model: 'mini' },
      /needs baseUrl, the resource's endpoint.*AZURE_OPENAI_ENDPOINT/,
    ],
    ['anthropic without a key', 'anthropic', /anthropic needs a key; set ANTHROPIC_API_KEY/],
    ['a list of one', { provider: 'fallback', models: ['rules'] }, /a list of 2 to 16 models/],
    [
      'rules in a list',
      { provider: 'fallback', models: ['openai', 'rules'] },
      /model\.models\[1\]: 'rules' stands in for every model by itself/,
    ],
    [
      'an option that a list does not have',
      { provider: 'fallback', models: ['openai', 'anthropic'], temperature: 1 },
      /unknown option 'temperature' of fallback/,
    ],
    ['one role alone', { coordinator: 'rules' }, /expected operators beside the other one/],
    [
      'a role for compaction, which costs nothing',
      { coordinator: 'rules', operators: 'rules', compaction: 'rules' },
      /no model is asked to compact a conversation/,
    ],
    [
      'a role that is none',
      { coordinator: 'rules', operators: 'rules', boss: 'rules' },
      /unknown role 'boss'; expected coordinator and operators/,
    ],
    [
      'an option of another provider',
      { provider: 'openai', apiKey: 'k', region: 'eu' },
      /unknown option 'region' of openai/,
    ],
    [
      'a header with a line end',
      { provider: 'openai', apiKey: 'k', headers: { x: 'a\nb' } },
      /model\.headers: expected an object of header names and texts without line ends/,
    ],
    ['a module without an address', { provider: 'module' }, /module needs the address of a module/],
    ['a function by name', 'function/x', /unknown provider "function"/],
    [
      'an AI SDK object of another specification',
      { specificationVersion: 'v1', provider: 'p', modelId: 'm', doGenerate: () => {} },
      /specification v1; expected v2, v3, v4/,
    ],
  ]
  for (const [name, option, message] of mistakes)
    it(name, () => {
      const env = { OPENAI_API_KEY: 'o' }
      assert.throws(
        () => parseModel(option, env),
        (error) => error instanceof TypeError && message.test(error.message),
      )
    })
})

describe('prices of other vendors', () => {
  const at = Date.parse('2026-11-24')
  const tokens = {
    inputTokens: 1_000_000,
    outputTokens: 1_000_000,
    reasoningTokens: 0,
    cachedTokens: 400_000,
    cacheWriteTokens: 100_000,
  }
  const cases: [provider: ProviderName, model: string, dollars: number | null][] = [
    ['anthropic', 'claude-haiku-4-5-20251001', 0.5 * 1 + 0.4 * 0.1 + 0.1 * 1.25 + 5],
    ['anthropic', 'claude-haiku-5-5', null],
    ['openai', 'gpt-5.4-mini-2026-03-17', 0.6 * 0.75 + 0.4 * 0.075 + 4.5],
    ['azure-openai', 'gpt-5.4-mini', 0.6 * 0.75 + 0.4 * 0.075 + 4.5],
    [
      'aws-bedrock',
      'global.anthropic.claude-haiku-4-5-20251001-v1:0',
      0.5 * 1 + 0.4 * 0.1 + 0.1 * 1.25 + 5,
    ],
    ['aws-bedrock', 'amazon.nova-lite-v1:0', null],
    ['vertex-ai', 'gemini-3.8-flash', 0.6 * 0.75 + 0.4 * 0.075 + 3.75],
    // a model at home may bear any name
    ['openai-generic', 'gpt-5.4-mini', null],
    ['openrouter', 'google/gemini-3.8-flash', null],
  ]
  for (const [provider, model, dollars] of cases)
    it(`${provider}/${model}: ${dollars === null ? 'unknown, not 0' : dollars.toFixed(3)}`, () => {
      const cost = costOf(tokens, priceOf(provider, model, at))
      if (dollars === null) assert.equal(cost, null)
      else assert.ok(Math.abs((cost ?? 0) - dollars) < 1e-9, String(cost))
    })
  it('a price is unknown before the first day that the table has', () =>
    assert.equal(priceOf('google-ai', 'gemini-4-argon', Date.parse('2026-10-12')), undefined))
})

describe('NODELENS_BUDGET', () => {
  it('is read', () =>
    assert.deepEqual(parseBudgetText('run=200000, hour=$0.5,day=$5,day=9000000,stop'), {
      run: { tokens: 200_000 },
      hour: { usd: 0.5 },
      day: { usd: 5, tokens: 9_000_000 },
      whenSpent: 'stop',
    }))
  for (const text of ['', 'week=5', 'run', 'run=many', 'run=-5', 'day=5$'])
    it(`"${text}" is refused with an example`, () =>
      assert.throws(() => parseBudgetText(text), /expected run, hour or day .*run=200000,day=\$5/))
})
