import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  child,
  exit,
  isDownMessage,
  monitor,
  type Pid,
  type Runtime,
  receive,
  refOf,
  self,
  send,
  server,
  startRuntime,
  supervisor,
  whereis,
} from '../../runtime/index.ts'
import { counter } from '../fixtures/runtime/counter.ts'

const WAIT = { timeoutMs: 20_000 }

async function down(pid: Pid): Promise<unknown> {
  const ref = monitor(pid)
  const message = await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
  assert.ok(isDownMessage(message), 'a DOWN came in time')
  return message.reason
}

async function freshPid(name: string, old: Pid): Promise<Pid> {
  for (let round = 0; round < 2000; round++) {
    const pid = whereis(name)
    if (pid && pid !== old) return pid
    await new Promise((resolve) => setImmediate(resolve))
    if (round % 10 === 0) await receive(() => false, { timeoutMs: 5 })
  }
  throw new Error(`${name} was not restarted`)
}

describe('a server in a thread of its own', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({
      maxRestarts: 50,
      children: [
        child(counter, { args: 40 }),
        child(counter, { args: 1, id: 'in-root', name: 'in-root', placement: 'root' }),
        child(counter, { args: 2, id: 'in-main', name: 'in-main', placement: 'caller' }),
        child(counter, {
          args: 3,
          id: 'shared-a',
          name: 'shared-a',
          placement: { thread: 'both' },
        }),
        child(counter, {
          args: 4,
          id: 'shared-b',
          name: 'shared-b',
          placement: { thread: 'both' },
        }),
        supervisor('inner', {
          strategy: 'rest_for_one',
          maxRestarts: 50,
          children: [child(counter, { args: 5, id: 'nested', name: 'nested' })],
        }),
      ],
    })
  })
  after(() => runtime.stop())

  for (const [name, first] of [
    ['counter', 40],
    ['in-root', 1],
    ['in-main', 2],
    ['shared-a', 3],
    ['shared-b', 4],
    ['nested', 5],
  ] as const) {
    it(`answers calls: ${name}`, async () => {
      assert.equal(await refOf(counter, name).call('add', 0), first)
    })
  }

  it('gives shared actors one thread', () => {
    const thread = (name: string) => whereis(name)?.split('.')[0]
    assert.equal(thread('shared-a'), thread('shared-b'))
    assert.notEqual(thread('shared-a'), thread('counter'))
  })

  it('sees its casts before the call that follows', async () => {
    const ref = refOf(counter)
    const before = await ref.call('read')
    for (let i = 0; i < 100; i++) ref.cast('bump', 1)
    assert.equal(await ref.call('read'), before + 100)
  })

  it('rejects a call at once with the reason when it crashes, and is restarted', async () => {
    const old = refOf(counter).pid()
    await assert.rejects(refOf(counter).call('crash', 'boom'), (error: Error) => {
      assert.equal(error.name, 'ProcessDown')
      assert.match(error.message, /RangeError: boom/)
      return true
    })
    await freshPid('counter', old)
    assert.equal(await refOf(counter).call('read'), 40)
  })

  it('tells process.exit as the reason', async () => {
    const old = refOf(counter).pid()
    const reason = down(old)
    await assert.rejects(refOf(counter).call('leave'), { code: 'ERR_PROCESS_DOWN' })
    assert.deepEqual(await reason, { type: 'worker_exit', code: 7 })
    await freshPid('counter', old)
  })

  it('tells an error that no handler caught', async () => {
    const old = refOf(counter).pid()
    const reason = down(old)
    await refOf(counter).call('stray')
    assert.match(JSON.stringify(await reason), /stray/)
    await freshPid('counter', old)
  })

  it('is killed in an endless loop, and every message it sent comes before its DOWN', async () => {
    const old = refOf(counter).pid()
    const ref = monitor(old)
    refOf(counter).cast('flood', { to: self(), count: 1000 })
    const isFlood = (m: unknown): m is { index: number } =>
      typeof m === 'object' && m !== null && 'type' in m && m.type === 'flood'
    assert.equal((await receive(isFlood, WAIT))?.index, 0)
    exit(old, { type: 'kill' })
    for (let index = 1; index < 1000; index++) {
      const next = await receive((m) => isFlood(m) || isDownMessage(m), WAIT)
      assert.ok(isFlood(next), `message ${index} came before the DOWN`)
      assert.equal(next.index, index)
    }
    const last = await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
    assert.deepEqual(isDownMessage(last) && last.reason, { type: 'killed' })
    await freshPid('counter', old)
  })

  it('shows the whole tree', async () => {
    const nodes = await runtime.tree()
    const root = nodes.find(({ id }) => id === 'root')
    assert.deepEqual(root?.children.map(({ id }) => id).toSorted(), [
      'counter',
      'in-main',
      'in-root',
      'inner',
      'nodelens.tree',
      'shared-a',
      'shared-b',
    ])
    assert.deepEqual(
      root?.children.find(({ id }) => id === 'inner')?.children.map(({ id }) => id),
      ['nested'],
    )
  })

  it('tells who looks that a thread does not answer, and that it does again', async () => {
    const abort = new AbortController()
    const pid = refOf(counter, 'nested').pid()
    const told: string[] = []
    const busy = refOf(counter, 'nested').call('busy', 2500, { timeoutMs: 20_000 })
    for await (const event of runtime.events({ signal: abort.signal })) {
      if (event.type !== 'process-updated' || event.pid !== pid) continue
      const word = event.status === 'unresponsive' ? 'silent' : 'answers'
      if (told.at(-1) !== word && (told.length > 0 || word === 'silent')) told.push(word)
      if (told.length === 2) abort.abort()
    }
    assert.deepEqual(told, ['silent', 'answers'])
    assert.equal(await busy, true)
  })

  it('puts a child where its definition says, unless told otherwise', () => {
    const homely = server(import.meta, { name: 'homely', placement: 'caller', init: () => 0 })
    assert.equal(child(homely).placement, 'caller')
    assert.equal(child(homely, { placement: 'root' }).placement, 'root')
    assert.equal(child(counter).placement, 'thread')
  })

  it('refuses a message that cannot be cloned and sends nothing', () => {
    assert.throws(() => send('nested', () => {}), { code: 'ERR_NOT_SENDABLE' })
  })
})
