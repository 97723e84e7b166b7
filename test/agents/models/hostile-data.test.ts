import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { cleaned, cleanText } from '../../../agents/models/clean-data.ts'
import { ModelGateway } from '../../../agents/models/gateway.ts'
import { printable, redact, secretsOf } from '../../../agents/models/redact.ts'
import type { CoordinatorTurn, ModelRequest } from '../../../agents/vocabulary/model-request.ts'
import type { Snapshot } from '../../../agents/vocabulary/notification.ts'
import { type FakeGemini, type FakeRequest, fakeGemini } from '../../support/fake-gemini.ts'
import {
  environmentSecret,
  type HostileCase,
  injections,
  leaks,
  type Place,
} from './support/hostile-cases.ts'
import {
  coordinatorRequest,
  done,
  failed,
  knownCause,
  operatorRequest,
  skillOf,
  summaryOf,
  viewOf,
} from './support/requests.ts'

type Data = Snapshot['data']

const textOf = (data: Data): string => (typeof data === 'string' ? data : JSON.stringify(data))
const event = (told: Extract<CoordinatorTurn, { type: 'event' }>['event']): CoordinatorTurn => ({
  type: 'event',
  event: told,
})

/** A request that carries the data in its place. */
const requests: Record<Place, (data: Data) => ModelRequest> = {
  snapshot: (data) =>
    operatorRequest({ turns: done({ intent: 'take_snapshot' }, { id: 's1', data }) }),
  'script result': (data) =>
    operatorRequest({ turns: done({ intent: 'execute', code: 'return x()' }, { value: data }) }),
  'callback error': (data) =>
    operatorRequest({ turns: failed({ intent: 'execute', code: 'return x()' }, textOf(data)) }),
  reason: (data) => operatorRequest({ reason: textOf(data) }),
  context: (data) => coordinatorRequest({ context: { data } }),
  signal: (data) => coordinatorRequest({ turns: [event({ type: 'signal', signal: { data } })] }),
  'operator message': (data) =>
    coordinatorRequest({ turns: [event({ type: 'message', from: 'vm', text: textOf(data) })] }),
  'operator summary': (data) =>
    coordinatorRequest({
      turns: [ended({ type: 'completed', state: 'healthy', summary: textOf(data) })],
    }),
  'operator failure': (data) =>
    coordinatorRequest({ turns: [ended({ type: 'crashed', reason: textOf(data) })] }),
  notification: (data) =>
    coordinatorRequest({
      turns: done(
        { intent: 'get_notifications' },
        JSON.parse(JSON.stringify([viewOf({ observation: textOf(data) })])),
      ),
    }),
  'known cause': (data) => coordinatorRequest({ known: [knownCause({ summary: textOf(data) })] }),
  'skill description': (data) =>
    coordinatorRequest({ skills: [summaryOf('redis', textOf(data), [])] }),
  'callback doc': (data) =>
    operatorRequest({
      skill: skillOf({
        callbacks: [{ name: 'x', doc: textOf(data), inputSchema: {}, effect: 'read' }],
      }),
    }),
  'own words': (data) =>
    operatorRequest({ turns: done({ intent: 'think', thought: textOf(data) }) }),
  'sent back': (data) =>
    coordinatorRequest({ turns: [event({ type: 'invalid_action', issues: [textOf(data)] })] }),
}

function ended(
  ending: Extract<
    Extract<CoordinatorTurn, { type: 'event' }>['event'],
    { type: 'operator_complete' }
  >['ending'],
): CoordinatorTurn {
  return event({ type: 'operator_complete', skill: 'vm', ending, notificationIds: [] })
}

const secrets = secretsOf({ VAULT_TOKEN: environmentSecret })

describe('what a provider is sent', () => {
  let fake: FakeGemini
  let gateway: ModelGateway
  before(async () => {
    fake = await fakeGemini([{ type: 'text', text: '{"intent":"think","thought":"hm"}' }])
    gateway = new ModelGateway({
      model: {
        type: 'provider',
        provider: 'google-ai',
        model: 'gemini-3.8-flash',
        apiKey: 'test-key-0123456789',
        baseUrl: fake.baseUrl,
      },
      fallback: 'none',
      secrets,
      lanes: { perMinute: 100_000 },
      limits: { hour: { tokens: 1e9 }, day: { tokens: 1e9 }, run: { tokens: 1e9 } },
    })
  })
  after(async () => {
    gateway.stop()
    await fake.stop()
  })

  /** What the server received for one question. */
  async function sent({ place, data }: HostileCase): Promise<FakeRequest> {
    const outcome = await gateway.decide(requests[place](data))
    assert.ok(outcome.ok, JSON.stringify(outcome))
    return fake.requests.at(-1) ?? assert.fail('nothing was sent')
  }

  for (const one of leaks)
    it(`holds no secret: ${one.what}`, async () => {
      const { secret = '' } = one
      assert.ok(
        JSON.stringify(one.data).includes(JSON.stringify(secret).slice(1, -1)) ||
          /invisible|colours/.test(one.what),
      )
      const { url, headers, body } = await sent(one)
      const { 'x-goog-api-key': _, ...others } = headers
      const bytes = `${url}\n${JSON.stringify(others)}\n${JSON.stringify(body)}`
      assert.ok(!bytes.includes(secret), bytes)
      assert.match(bytes, /REDACTED/)
    })

  for (const one of injections)
    it(`keeps behind the fence: ${one.what}`, async () => {
      const plain = await sent({ ...one, data: typeof one.data === 'string' ? 'hello' : { a: 1 } })
      const [tag] = /<data-[\w-]{12}>/.exec(JSON.stringify(plain.body)) ?? assert.fail('no fence')
      const forged = JSON.parse(JSON.stringify(one.data).replaceAll('data-TAG', tag.slice(1, -1)))
      const hostile = await sent({ ...one, data: forged })
      assert.deepEqual(outside(hostile, tag), outside(plain, tag))
      assert.deepEqual(hostile.body.generationConfig, plain.body.generationConfig)
    })
})

/** Everything that is no data: what stands outside of the fences, roles included. */
function outside({ body }: FakeRequest, tag: string): unknown {
  const end = tag.replace('<', '</')
  const strip = (text: string): string =>
    text
      .split(tag)
      .map((part, index) => (index === 0 ? part : part.slice(part.lastIndexOf(end))))
      .join(tag)
  const [system] = body.systemInstruction.parts
  return {
    system: system?.text,
    contents: body.contents.map(({ role, parts = [] }) => [
      role,
      parts.map(({ text = '' }) => strip(text)),
    ]),
  }
}

describe('cleaned', () => {
  it('cleans what was cleaned to the same', () => {
    for (const { data } of leaks) {
      const once = cleaned(data, secrets)
      assert.deepEqual(cleaned(once, secrets), once)
    }
  })
  it('leaves numbers, places and stacks as they are', () => {
    const data = {
      tokens: 12,
      passed: true,
      fn: 'refreshToken',
      file: '/app/src/auth/token.ts',
      stack: [
        'parseCookie (/app/node_modules/.pnpm/cookie@0.7.2/node_modules/cookie/index.js:13:5)',
        'next',
      ],
      columns: ['id', 'password', 'email'],
      message:
        'Unexpected token } in JSON at position 12; bypass; GET /api/keys 503 in 1700000000 ms',
    }
    assert.deepEqual(cleaned(data, secrets), data)
  })
  it('keeps two keys apart that lose their difference', () => {
    const keys = Object.keys(cleaned({ 'a@example.com': 1, 'b@example.com': 2 }))
    assert.deepEqual(keys, ['[REDACTED:email]', '[REDACTED:email] (2)'])
  })
  it('bounds depth and text, and says so', () => {
    let deep: unknown = 'x'
    for (let level = 0; level < 100; level++) deep = [deep]
    assert.match(JSON.stringify(cleaned(deep)), /\[too deep\]/)
    assert.match(cleanText('x'.repeat(1_000_001)), /^\[left out/)
  })
})

describe('secretsOf', () => {
  it('takes no path of the program and no word that says nothing for a secret', () => {
    const environment = { SIGNING_KEY_DIR: '/srv/application', POSTGRES_PASSWORD: 'postgres' }
    assert.deepEqual(secretsOf(environment, '/srv/application/dist'), [])
  })
  it('knows a value as it stands in a URL and in JSON', () => {
    assert.deepEqual(
      new Set(secretsOf({ API_KEY: 'a/b"c d+e' })),
      new Set(['a/b"c d+e', 'a%2Fb%22c%20d%2Be', 'a/b\\"c d+e']),
    )
  })
})

/** Texts of a megabyte, each made to drive a pattern back and forth. */
const megabyte = 1_000_000
const hostileTexts: Record<string, string> = {
  'one word': 'a'.repeat(megabyte),
  'words that begin secrets': 'password-'.repeat(megabyte / 9),
  'assignments without an end': 'token = "'.repeat(megabyte / 9),
  'escaped quotes': '\\"secret\\":\\"'.repeat(megabyte / 13),
  'spaces before a sign': `token${' '.repeat(8)}`.repeat(megabyte / 13),
  addresses: 'a.'.repeat(megabyte / 2),
  'addresses without a domain': 'a@'.repeat(megabyte / 2),
  domains: `x@${'a-b.'.repeat(megabyte / 4)}`,
  digits: '1 '.repeat(megabyte / 2),
  keys: '-----BEGIN PRIVATE KEY-----'.repeat(megabyte / 27),
  'key bodies': `-----BEGIN PRIVATE KEY-----${'A\n'.repeat(megabyte / 2)}`,
  URLs: 'http://a:'.repeat(megabyte / 9),
  'URL parameters': '?sig='.repeat(megabyte / 5),
  cookies: 'cookie: a=b;'.repeat(megabyte / 12),
  'cookies without a value': 'cookie:'.repeat(megabyte / 7),
  headers: 'authorization: '.repeat(megabyte / 15),
  flags: '--a-password '.repeat(megabyte / 13),
  dashes: '-'.repeat(megabyte),
  tokens: 'eyJ'.repeat(megabyte / 3),
  'tokens with dots': 'eyJaaaaaaaaa.'.repeat(megabyte / 13),
  terminals: `${'\u001b['.repeat(megabyte / 2)}`,
  'terminal parameters': `\u001b[${'0;'.repeat(megabyte / 2)}`,
  accents: 'e\u0301'.repeat(megabyte / 2),
}

describe('redaction of a megabyte', () => {
  for (const [what, text] of Object.entries(hostileTexts))
    it(`is linear: ${what}`, () => {
      const readable = printable(text)
      // A pattern that is not linear needs hours here; a slow and shared machine needs a second.
      const startedAt = performance.now()
      redact(readable)
      const tookMs = performance.now() - startedAt
      assert.ok(tookMs < 5_000, `${Math.round(tookMs)} ms`)
    })
})
