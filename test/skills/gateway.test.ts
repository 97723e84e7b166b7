import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { PauseBudget } from '../../skills/gateway/pause-budget.ts'
import { wrapSafe } from '../../skills/gateway/remote.ts'
import { createGateway, type Gateway, installProbe, SkillFailure } from '../../skills/index.ts'
import { HEARTBEAT_BYTES } from '../../skills/probe/layout.ts'
import { servePort } from '../../skills/probe/port-server.ts'
import { PROBE_KEY } from '../../skills/probe/probe-key.ts'

const memory = (): SharedArrayBuffer => new SharedArrayBuffer(HEARTBEAT_BYTES)
const never = (): Promise<never> => new Promise(() => {})
const plain = { connect: never, skills: ['vm_events'], custom: [], onSignal: () => {} }

let open: Gateway[] = []
afterEach(() => {
  for (const gateway of open) gateway.stop()
  open = []
})
const gatewayOf = (options: object): Gateway => {
  const gateway = createGateway({ ...plain, heartbeat: memory(), ...options })
  open.push(gateway)
  return gateway
}

describe('misuse', () => {
  it('an unknown option of createGateway', () => {
    assert.throws(
      () => gatewayOf({ skill: [] }),
      /unknown option 'skill'; expected heartbeat, connect/,
    )
  })
  it('an unknown skill', () => {
    assert.throws(
      () => gatewayOf({ skills: ['ets'] }),
      /unknown skill 'ets'; built in are vm, tables, vm_events/,
    )
  })
  it('foreign memory', () => {
    assert.throws(
      () => gatewayOf({ heartbeat: new SharedArrayBuffer(8) }),
      /expected \d+ bytes as installProbe/,
    )
  })
  it('an unknown option of installProbe', () => {
    assert.throws(
      () => installProbe({ heartbeat: 5 } as never),
      /unknown option 'heartbeat'; expected skills, custom/,
    )
  })
  it('a skill that defineSkill did not make', () => {
    assert.throws(
      () => installProbe({ custom: [{ id: 'x' } as never] }),
      /must come from defineSkill/,
    )
  })
  it('a time out of range', () => {
    assert.throws(
      () => installProbe({ heartbeatMs: 1 }),
      /heartbeatMs must be 10 to 1000 ms, got 1/,
    )
  })
})

describe('a gateway', () => {
  it('describes base and what was asked for, as plain data', () => {
    const described = structuredClone(
      gatewayOf({ skills: ['vm', 'tables', 'vm_events'] }).describe(),
    )
    assert.deepEqual(
      described.map((skill) => skill.id),
      ['base', 'vm', 'tables', 'vm_events'],
    )
    for (const skill of described.slice(1)) {
      for (const callback of skill.callbacks)
        assert.ok(callback.name.startsWith(`${skill.id}_`), callback.name)
    }
  })

  it('rejects an unknown skill and an unknown callback, naming the known', async () => {
    const gateway = gatewayOf({})
    await assert.rejects(
      gateway.snapshot('nothing'),
      /unknown skill 'nothing'; known: base, vm_events/,
    )
    await assert.rejects(
      gateway.call('nothing'),
      (error) => error instanceof SkillFailure && error.code === 'unknown_callback',
    )
  })

  it('checks input before it runs anything', async () => {
    await assert.rejects(gatewayOf({}).call('vm_events_stalls', { limit: 'many' }), (error) => {
      return (
        error instanceof SkillFailure &&
        error.code === 'bad_input' &&
        /limit: .*number/.test(error.message)
      )
    })
  })

  it('rejects what is pending when it stops, and everything after', async () => {
    const gateway = gatewayOf({ skills: ['tables'] })
    const pending = gateway.call('tables_growing', {}, { timeoutMs: 30_000 })
    gateway.stop()
    const isStopped = (error: unknown): boolean =>
      error instanceof SkillFailure && error.code === 'stopped'
    await assert.rejects(pending, isStopped)
    await assert.rejects(gateway.call('get_current_time'), isStopped)
  })

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough')
    const gateway = gatewayOf({})
    await assert.rejects(
      gateway.call('get_current_time', {}, { signal: AbortSignal.abort(reason) }),
      reason,
    )
  })
})

describe('a probe', () => {
  it('leaves nothing behind', () => {
    const counts = (): number[] =>
      ['exit', 'uncaughtExceptionMonitor'].map((name) => process.listenerCount(name))
    const before = counts()
    const most = process.getMaxListeners()
    const probe = installProbe()
    assert.throws(() => installProbe(), /installed already/)
    assert.ok(Reflect.has(globalThis, PROBE_KEY))
    const port = probe.connect()
    probe.uninstall()
    port.close()
    assert.deepEqual(counts(), before)
    assert.equal(process.getMaxListeners(), most)
    assert.equal(Reflect.has(globalThis, PROBE_KEY), false)
    installProbe().uninstall()
  })
})

describe('PauseBudget', () => {
  it('refuses beyond the limit, and forgets after a minute', () => {
    const budget = new PauseBudget(100)
    budget.spend(60, 0)
    budget.spend(30, 10_000)
    assert.equal(budget.allows(10, 10_000), true)
    assert.equal(budget.allows(11, 10_000), false)
    assert.equal(budget.spentMs(60_001), 30)
    assert.equal(budget.allows(70, 60_001), true)
  })
})

describe('the port between them', () => {
  it('rejects pending and later calls when the other side is gone', async () => {
    const { port1, port2 } = new MessageChannel()
    const remote = wrapSafe(port1)
    const alive = setInterval(() => {}, 1000)
    const pending = remote.api.invoke({ name: 'vm.memory' })
    port2.close()
    await assert.rejects(pending, /main thread is gone/)
    await assert.rejects(remote.api.invoke({ name: 'vm.memory' }), /main thread is gone/)
    assert.equal(remote.isClosed(), true)
    clearInterval(alive)
  })

  it('serves one function, and nothing of what comlink would', async () => {
    const { port1, port2 } = new MessageChannel()
    const close = servePort(port1, (request) => ({ ok: true, value: String(request) }))
    const raw = (value: unknown): object => ({ type: 'RAW', value })
    const attacks = [
      { id: 'a', type: 'GET', path: ['invoke', 'constructor'] },
      {
        id: 'b',
        type: 'APPLY',
        path: ['constructor', 'constructor'],
        argumentList: [raw('return process')],
      },
      { id: 'c', type: 'SET', path: ['__proto__', 'x'], value: raw(1) },
      { id: 'd', type: 'APPLY', path: ['invoke'], argumentList: [raw(1), raw(2)] },
      {
        id: 'e',
        type: 'APPLY',
        path: ['invoke'],
        argumentList: [{ type: 'HANDLER', name: 'throw', value: {} }],
      },
      null,
    ]
    for (const attack of attacks) port2.postMessage(attack)
    port2.postMessage({ id: 'f', type: 'APPLY', path: ['invoke'], argumentList: [raw('x')] })
    const [first] = await once(port2, 'message')
    assert.deepEqual(first, { id: 'f', type: 'RAW', value: { ok: true, value: 'x' } })
    close()
    port2.close()
  })
})
