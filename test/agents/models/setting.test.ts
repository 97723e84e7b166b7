import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { costOf, priceOf } from '../../../agents/models/prices.ts'
import { parseModel } from '../../../agents/models/setting.ts'
import { Spending } from '../../../agents/models/spending.ts'

const environment = { GEMINI_API_KEY: 'key-1', GOOGLE_API_KEY: 'key-2' }
const gemini = {
  type: 'provider',
  provider: 'google-ai',
  model: 'gemini-3.8-flash',
  apiKey: 'key-1',
}

describe('parseModel', () => {
  const cases: [name: string, option: unknown, env: Record<string, string>, expected: object][] = [
    ['auto without a key is rules', 'auto', {}, { type: 'rules' }],
    ['nothing is auto', undefined, {}, { type: 'rules' }],
    ['an empty key is none', 'auto', { GEMINI_API_KEY: ' ' }, { type: 'rules' }],
    ['auto with a key is its provider', 'auto', environment, gemini],
    [
      'the second variable counts too',
      'auto',
      { GOOGLE_API_KEY: 'key-2' },
      { ...gemini, apiKey: 'key-2' },
    ],
    ['rules, whatever keys there are', 'rules', environment, { type: 'rules' }],
    ['a provider', 'google-ai', environment, gemini],
    [
      'a provider and a model',
      'google-ai/gemini-4-argon',
      environment,
      { ...gemini, model: 'gemini-4-argon' },
    ],
    [
      'an object',
      {
        provider: 'google-ai',
        apiKey: 'k',
        baseUrl: 'http://127.0.0.1:9//',
        temperature: 0,
        thinkingLevel: 'off',
      },
      {},
      {
        ...gemini,
        apiKey: 'k',
        baseUrl: 'http://127.0.0.1:9',
        temperature: 0,
        thinkingLevel: 'off',
      },
    ],
    [
      'an object with a price',
      { provider: 'google-ai', price: { inputPerMillion: 1, outputPerMillion: 2 } },
      environment,
      { ...gemini, price: { inputPerMillion: 1, outputPerMillion: 2 } },
    ],
  ]
  for (const [name, option, env, expected] of cases)
    it(name, () => assert.deepEqual(parseModel(option, env), expected))

  const mistakes: [name: string, option: unknown, message: RegExp][] = [
    [
      'an unknown provider',
      'openai-ish',
      /unknown provider "openai-ish"; did you mean 'openai'\? Expected one of auto, rules, fallback/,
    ],
    ['a number', 7, /expected 'auto', 'rules'.*got number/],
    ['a list', ['rules'], /got a list/],
    ['no provider', { model: 'x' }, /unknown provider undefined/],
    ['an empty model', 'google-ai/', /names no model after the slash/],
    [
      'an unknown option',
      { provider: 'google-ai', apikey: 'secret-k' },
      /unknown option 'apikey' of google-ai; did you mean 'apiKey'\?/,
    ],
    [
      'no key',
      { provider: 'google-ai' },
      /needs a key; set GEMINI_API_KEY or GOOGLE_API_KEY, or give apiKey/,
    ],
    [
      'a key that is no text',
      { provider: 'google-ai', apiKey: 5 },
      /model\.apiKey: expected a text/,
    ],
    [
      'a URL that is none',
      { provider: 'google-ai', apiKey: 'k', baseUrl: 'ftp://x' },
      /model\.baseUrl: expected an http or https URL/,
    ],
    [
      'a level that is none',
      { provider: 'google-ai', apiKey: 'k', thinkingLevel: 'deep' },
      /expected off, minimal, low, medium, high, got 'deep'/,
    ],
    [
      'structured neither',
      { provider: 'google-ai', apiKey: 'k', structured: 'on' },
      /expected 'auto' or 'off'/,
    ],
    [
      'half a price',
      { provider: 'google-ai', apiKey: 'k', price: { inputPerMillion: 1 } },
      /expected { inputPerMillion, outputPerMillion/,
    ],
  ]
  for (const [name, option, message] of mistakes)
    it(`refuses ${name}`, () =>
      assert.throws(
        () => parseModel(option, {}),
        (error) => {
          assert.ok(error instanceof TypeError)
          assert.match(error.message, message)
          assert.ok(!error.message.includes('secret-k'))
          return true
        },
      ))
  it('refuses a temperature out of range', () => {
    assert.throws(
      () => parseModel({ provider: 'google-ai', apiKey: 'k', temperature: 3 }, {}),
      RangeError,
    )
  })
})

describe('prices', () => {
  const tokens = {
    inputTokens: 1_000_000,
    outputTokens: 1_000_000,
    reasoningTokens: 0,
    cachedTokens: 400_000,
  }
  const cases: [model: string, day: string, dollars: number | null][] = [
    ['gemini-3.8-flash', '2026-12-31', 0.6 * 0.75 + 0.4 * 0.075 + 3.75],
    ['gemini-3.8-flash', '2027-01-01', 0.6 * 1.5 + 0.4 * 0.15 + 7.5],
    ['models/gemini-3.8-flash-001', '2026-12-01', 0.6 * 0.75 + 0.4 * 0.075 + 3.75],
    ['gemini-4-argon', '2026-11-30', 0.6 * 2 + 0.4 * 0.1 + 10],
    ['gemini-4-argon', '2026-12-01', 0.6 * 4 + 0.4 * 0.2 + 20],
    ['gemini-4-neon', '2026-12-01', null],
  ]
  for (const [model, day, dollars] of cases)
    it(`${model} on ${day}`, () => {
      const cost = costOf(tokens, priceOf('google-ai', model, Date.parse(day)))
      if (dollars === null) assert.equal(cost, null)
      else assert.ok(Math.abs((cost ?? 0) - dollars) < 1e-9, String(cost))
    })
})

describe('Spending', () => {
  const now = Date.parse('2026-11-24T10:30:00Z')
  it('a reservation counts until it is settled', () => {
    const spending = new Spending({ run: { tokens: 100 } })
    const first = spending.reserve('r', { tokens: 80, usd: 0 }, now)
    assert.ok(first.ok)
    assert.ok(!spending.reserve('r', { tokens: 30, usd: 0 }, now).ok)
    first.settle({ tokens: 10, usd: 0 })
    assert.ok(spending.reserve('r', { tokens: 80, usd: 0 }, now).ok)
  })
  it('a call that began in the last hour is booked there', () => {
    const spending = new Spending({ hour: { tokens: 100 } })
    const late = spending.reserve('r', { tokens: 90, usd: 0 }, now)
    assert.ok(late.ok)
    late.settle({ tokens: 100, usd: 0 })
    assert.equal(spending.spent('r', now + 3_600_000).hour.tokens, 0)
    assert.equal(spending.spent('r', now).hour.tokens, 100)
  })
  it('remembers a bounded number of runs', () => {
    const spending = new Spending({})
    for (let run = 0; run < 3_000; run++) spending.reserve(`r${run}`, { tokens: 1, usd: 0 }, now)
    assert.equal(spending.spent('r0', now).run.tokens, 0)
    assert.equal(spending.spent('r2999', now).run.tokens, 1)
    assert.equal(spending.spent('r2999', now).day.tokens, 3_000)
  })
})
