import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { type Endpoint, wrap } from 'comlink'
import fc from 'fast-check'
import { CallbackHost } from '../../sandbox/callback-host.ts'
import { createControl } from '../../sandbox/control.ts'
import {
  type CallbackContext,
  type Callbacks,
  createSandbox,
  defaultLimits,
  type Json,
  type Limits,
} from '../../sandbox/index.ts'

describe('a callback', async () => {
  const sandbox = await createSandbox({ maxThreads: 1 })
  after(() => sandbox.stop())

  /** Runs `pcall(subject)` and returns the message that the script sees. */
  async function failure(callback: () => unknown, limits: Partial<Limits> = {}): Promise<string> {
    const callbacks: Callbacks = { subject: callback }
    const outcome = await sandbox.run(
      'local ok, e = pcall(subject) return not ok and e or "fine"',
      {
        callbacks,
        limits,
      },
    )
    assert.ok(outcome.ok, JSON.stringify(outcome))
    assert.ok(typeof outcome.value === 'string')
    return outcome.value
  }

  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  const bad: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['throws', () => assert.fail('no table'), /^subject: no table$/],
    ['rejects', () => Promise.reject(new Error('no such row')), /^subject: no such row$/],
    ['rejects with no error', () => Promise.reject({ code: 5 }), /^subject: \{"code":5\}$/],
    ['rejects with a cycle', () => Promise.reject(cyclic), /^subject: threw a object$/],
    ['rejects with nothing', () => Promise.reject(), /^subject: threw a undefined$/],
    ['returns a function', () => () => 1, /unsupported function/],
    ['returns a symbol', () => ({ a: Symbol('s') }), /unsupported symbol/],
    ['returns a cycle', () => cyclic, /callback result is cyclic/],
    ['returns too much text', () => 'x'.repeat(5e6), /callback result too large/],
    ['returns too many values', () => Array.from({ length: 2e5 }, () => 1), /too many values/],
    ['returns a giant sparse list', () => Object.assign([], { length: 4e9 }), /too many values/],
    ['returns too deep a value', () => nested(100), /nested deeper than 64/],
    [
      'returns a value whose getter throws',
      () => ({
        get a() {
          throw new Error('g')
        },
      }),
      /: g$/,
    ],
  ]
  for (const [what, callback, message] of bad) {
    it(`that ${what} is a Lua error that pcall catches`, async () => {
      assert.match(await failure(callback), message)
    })
  }

  it('that hangs is given up after callbackMs, and its signal says so', async () => {
    const ended = new Promise<boolean>((resolve) => {
      async function hang(this: CallbackContext): Promise<unknown> {
        this.signal.addEventListener('abort', () => resolve(true))
        return new Promise(() => {})
      }
      void sandbox.run('return select(2, pcall(hang))', {
        callbacks: { hang },
        limits: { callbackMs: 50 },
      })
    })
    assert.equal(await ended, true)
    const message = await failure(() => new Promise(() => {}), { callbackMs: 50 })
    assert.equal(message, 'subject: no answer within 50 ms')
  })

  it('may block the host longer than the script has CPU time', async () => {
    const outcome = await sandbox.run('return block()', {
      callbacks: { block: () => blockMs(1500) },
      limits: { cpuMs: 100 },
    })
    assert.deepEqual(outcome.ok && outcome.value, 'blocked')
  })

  it('gets copies, and values round-trip', async () => {
    const scalar = fc.oneof(
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double({ noDefaultInfinity: true, noNaN: true }),
      fc.string({ unit: 'binary' }),
    )
    const key = fc.string({ minLength: 1 }).map((text) => `k${text}`)
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie('value'), { minLength: 1, maxLength: 4 }),
        fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    const samples = fc.sample(value, { numRuns: 300, seed: 20_260_101 })
    const seen: Json[] = []
    const outcome = await sandbox.run('local all = give() take(all) return all', {
      callbacks: { give: () => samples, take: (all) => void seen.push(all ?? null) },
    })
    assert.ok(outcome.ok, JSON.stringify(outcome))
    // Lua has no lone surrogates and no second zero
    const expected = JSON.parse(JSON.stringify(samples)) as unknown
    assert.deepEqual(JSON.parse(JSON.stringify(outcome.value)), expected)
    assert.deepEqual(JSON.parse(JSON.stringify(seen[0])), expected)
  })
})

describe('the callback port', () => {
  it('speaks comlink, and lets nothing through but the callbacks', async (test) => {
    const host = new CallbackHost({
      callbacks: new Map([['add', (a, b) => Number(a) + Number(b)]]),
      control: createControl(defaultLimits),
      limits: defaultLimits,
      onStarted: () => {},
    })
    test.after(() => host.close())
    // Node's port is an EventTarget, which is all that comlink asks for
    const endpoint = host.scriptPort as unknown as Endpoint
    const remote = wrap<Record<string, (...args: unknown[]) => Promise<unknown>>>(endpoint)
    assert.equal(await remote['add']?.(1, 2), 3)
    await assert.rejects(async () => remote['constructor']?.('return process'), /unknown callback/)
    await assert.rejects(async () => remote['toString']?.(), /unknown callback toString/)
  })
})

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = { o: value }
  return value
}

function blockMs(duration: number): string {
  const end = performance.now() + duration
  while (performance.now() < end) {
    // as a stuck application does
  }
  return 'blocked'
}
