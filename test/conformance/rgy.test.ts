import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  call,
  cast,
  exit,
  monitor,
  type Pid,
  type Placement,
  processInfo,
  Registry,
  type RegistryRef,
  receive,
  refOf,
  register,
  registry,
  self,
  send,
  spawn,
  startServer,
  trapExit,
  unlink,
  unregister,
} from '../../runtime/index.ts'
import { registrant } from '../fixtures/conformance/registrant.ts'
import { counter } from '../fixtures/runtime/counter.ts'
import {
  asActor,
  assertEmpty,
  Gate,
  nextDown,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const KILL = { type: 'kill' }
type Keys = 'unique' | 'duplicate'
const REGISTRY_PLACES: [string, Placement][] = [
  ['same thread', 'here'],
  ['two threads', { thread: 'registries' }],
]

let registries = 0

/** The case with the registry in each place; it gets a fresh, empty registry. */
function inEachPlace(
  title: string,
  keys: Keys,
  test: (registry: RegistryRef, placement: Placement) => Promise<void>,
): void {
  for (const [place, placement] of REGISTRY_PLACES) {
    it(`${title} [${keys}, ${place}]`, () =>
      asActor(async () => {
        trapExit(true)
        const name = `registry-${++registries}`
        const fresh = await Registry.start({ name, keys }, { placement })
        await test(fresh, placement)
      }))
  }
}

function inEachKind(
  title: string,
  test: (registry: RegistryRef, keys: Keys, placement: Placement) => Promise<void>,
): void {
  for (const keys of ['unique', 'duplicate'] as const) {
    inEachPlace(title, keys, (fresh, placement) => test(fresh, keys, placement))
  }
}

/** Another actor that registers itself and says when it has. */
async function other(
  name: string,
  key: unknown,
  value: unknown,
  placement: Placement = 'here',
): Promise<Pid> {
  const pid = spawn(registrant, { registry: name, key, value, to: self() }, { placement })
  const told = await receive(
    (m) => typeof m === 'object' && m !== null && 'registrant' in m && m.registrant === pid,
    WAIT,
  )
  assert.deepEqual(told, { registrant: pid, registered: true })
  return pid
}

async function kill(pid: Pid): Promise<void> {
  const ref = monitor(pid)
  exit(pid, KILL)
  await nextDown(ref)
}

describe('RGY Registry', () => {
  useRuntime({ children: [registry({ name: 'in-the-tree', keys: 'unique' })] })

  for (const owners of ['here', { thread: 'owners' }, 'thread'] as Placement[]) {
    inEachKind(
      `RGY-001 after the deaths of all owners it is empty, owners ${JSON.stringify(owners)}`,
      async (r) => {
        const pids = [await other(r.name, 'a', 1, owners), await other(r.name, 'b', 2, owners)]
        assert.equal(await r.count(), 2)
        for (const pid of pids) await kill(pid)
        assert.equal(await r.count(), 0)
        assert.deepEqual(await r.entries(), [])
        for (const pid of pids) assert.deepEqual(await r.keys(pid), [])
        assert.deepEqual(await r.lookup('a'), [])
      },
    )
  }

  inEachKind('RGY-007 counts its registrations', async (r, keys) => {
    assert.equal(await r.count(), 0)
    await r.register('a')
    await r.register('b')
    assert.equal(await r.count(), 2)
    if (keys === 'duplicate') await r.register('a')
    assert.equal(await r.count(), keys === 'duplicate' ? 3 : 2)
  })

  inEachPlace('RGY-008 a key is given once, also to the same actor', 'unique', async (r) => {
    await r.register('k', 'first')
    await assert.rejects(r.register('k', 'second'), {
      code: 'ERR_ALREADY_REGISTERED',
      pid: self(),
      key: 'k',
    })
    await r.register('other')
    assert.deepEqual(await r.keys(self()), ['k', 'other'])
    assert.deepEqual(await r.values('k', self()), ['first'])
  })

  inEachPlace(
    'RGY-009 a key that another has is refused, and nothing changes',
    'unique',
    async (r) => {
      const pid = await other(r.name, 'k', 1)
      await r.register('mine')
      const links = async (): Promise<unknown> => processInfo(self(), 'links')
      const before = await links()
      await assert.rejects(r.register('k'), { code: 'ERR_ALREADY_REGISTERED', pid })
      assert.deepEqual(await r.keys(self()), ['mine'])
      assert.deepEqual(await links(), before)
    },
  )

  for (const owners of ['here', { thread: 'owners' }, 'thread'] as Placement[]) {
    inEachPlace(
      `RGY-010 the dead never keep a key, owner ${JSON.stringify(owners)}`,
      'unique',
      async (r) => {
        for (let round = 0; round < (owners === 'thread' ? 3 : 50); round++) {
          const pid = await other(r.name, 'k', round, owners)
          await kill(pid)
          await r.register('k', 'mine')
          assert.deepEqual(await r.lookup('k'), [{ pid: self(), value: 'mine' }])
          await r.unregister('k')
        }
      },
    )
  }

  it('RGY-010 also while the registry is kept from hearing of the death', () =>
    asActor(async () => {
      trapExit(true)
      const placement = { thread: 'held-registry' }
      const r = await Registry.start({ name: 'held', keys: 'unique' }, { placement })
      const pid = await other('held', 'k', 1, { thread: 'owners' })
      const gate = new Gate()
      startPuppet(placement).tell('hold', gate.buffer)
      await gate.reached()
      await kill(pid)
      const registered = r.register('k', 'mine')
      const found = r.lookup('k')
      gate.open()
      await registered
      assert.deepEqual(await found, [{ pid: self(), value: 'mine' }])
    }))

  inEachPlace('RGY-011 an actor may have a key twice', 'duplicate', async (r) => {
    await r.register('k', 1)
    await r.register('k', 2)
    assert.deepEqual(await r.keys(self()), ['k', 'k'])
    assert.deepEqual(await r.values('k', self()), [1, 2])
    assert.deepEqual(await r.lookup('k'), [
      { pid: self(), value: 1 },
      { pid: self(), value: 2 },
    ])
  })

  inEachPlace(
    'RGY-012 two actors may have one key, each with its own values',
    'duplicate',
    async (r) => {
      const pid = await other(r.name, 'k', 'its')
      await r.register('k', 'mine')
      assert.deepEqual(await r.lookup('k'), [
        { pid, value: 'its' },
        { pid: self(), value: 'mine' },
      ])
      assert.deepEqual(await r.keys(pid), ['k'])
      assert.deepEqual(await r.values('k', pid), ['its'])
      assert.deepEqual(await r.values('k', self()), ['mine'])
    },
  )

  inEachKind('RGY-013 keys of different types are different keys', async (r) => {
    const keys = [
      1,
      1n,
      '1',
      true,
      'true',
      null,
      'null',
      undefined,
      Number.NaN,
      [1],
      ['1'],
      { 1: 1 },
    ]
    for (const [n, key] of keys.entries()) await r.register(key, n)
    for (const [n, key] of keys.entries()) {
      assert.deepEqual(await r.lookup(key), [{ pid: self(), value: n }])
    }
    assert.equal(await r.count(), keys.length)
    assert.deepEqual(await r.lookup(-0), [])
  })

  inEachPlace('RGY-013 equal compound keys are one key', 'unique', async (r) => {
    const pairs: [unknown, unknown][] = [
      [0, -0],
      [
        { a: 1, b: [2, { c: 3 }] },
        { b: [2, { c: 3 }], a: 1 },
      ],
      [
        new Map([
          ['x', 1],
          ['y', 2],
        ]),
        new Map([
          ['y', 2],
          ['x', 1],
        ]),
      ],
      [new Set([1, 2]), new Set([2, 1])],
      [new Date(5), new Date(5)],
      [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ]
    for (const [one, same] of pairs) {
      await r.register(one)
      await assert.rejects(r.register(same), { code: 'ERR_ALREADY_REGISTERED' })
      assert.equal(await r.whereis(same), self())
    }
    for (const key of [() => 1, Symbol('s'), { f: () => 1 }, new (class Odd {})()]) {
      await assert.rejects(r.register(key), TypeError)
    }
  })

  inEachPlace('RGY-014 the owner may replace its value, others may not', 'unique', async (r) => {
    await r.register('k', 1)
    assert.deepEqual(await r.updateValue('k', (old) => Number(old) + 1), { value: 2, old: 1 })
    assert.deepEqual(await r.values('k', self()), [2])
    await other(r.name, 'its', 7)
    assert.equal(await r.updateValue('its', () => 8), undefined)
    assert.equal(await r.updateValue('missing', () => 8), undefined)
  })

  inEachPlace('RGY-015 a value of many cannot be replaced', 'duplicate', async (r) => {
    await r.register('k', 1)
    await assert.rejects(
      r.updateValue('k', () => 2),
      /duplicate keys/,
    )
  })

  inEachPlace(
    'RGY-016 dispatch calls in the caller with the one who has the key',
    'unique',
    async (r) => {
      let calls = 0
      await r.dispatch('k', () => calls++)
      assert.equal(calls, 0)
      const pid = await other(r.name, 'k', 'v')
      await r.dispatch('k', (entries) => {
        calls++
        assert.deepEqual(entries, [{ pid, value: 'v' }])
        send(self(), 'dispatched here')
      })
      assert.equal(calls, 1)
      assert.equal(await receive(undefined, WAIT), 'dispatched here')
    },
  )

  inEachPlace(
    'RGY-017 dispatch calls with all who have the key, and only these',
    'duplicate',
    async (r) => {
      const first = await other(r.name, 'k', 1)
      const second = await other(r.name, 'k', 2, { thread: 'owners' })
      await other(r.name, 'another', 3)
      const seen: unknown[] = []
      await r.dispatch('k', (entries) => seen.push(...entries))
      assert.deepEqual(seen, [
        { pid: first, value: 1 },
        { pid: second, value: 2 },
      ])
      await r.dispatch('missing', () => assert.fail('nobody is there'))
    },
  )

  inEachKind(
    'RGY-019 unregister removes all own of one key, and is no error for none',
    async (r, keys) => {
      assert.equal(await r.unregister('k'), true)
      const pid = keys === 'duplicate' ? await other(r.name, 'k', 'its') : undefined
      await r.register('k')
      if (keys === 'duplicate') await r.register('k')
      await r.register('stays')
      assert.equal(await r.unregister('k'), true)
      assert.deepEqual(await r.keys(self()), ['stays'])
      assert.deepEqual(await r.lookup('k'), pid ? [{ pid, value: 'its' }] : [])
    },
  )

  it('RGY-020 listeners hear of registrations', () =>
    asActor(async () => {
      trapExit(true)
      register('rgy-listener', self())
      const listeners = ['rgy-listener', 'nobody']
      const r = await Registry.start({ name: 'heard', keys: 'unique', listeners })
      await r.register('k', 'v')
      await r.unregister('k')
      const told = { registry: 'heard', key: 'k', pid: self() }
      assert.deepEqual(await receive(undefined, WAIT), { type: 'register', ...told, value: 'v' })
      assert.deepEqual(await receive(undefined, WAIT), { type: 'unregister', ...told })
      unregister('rgy-listener')
    }))

  inEachKind('RGY-021 an owner is linked to the registry while it has a key', async (r) => {
    const links = async (): Promise<number> =>
      (await processInfo(self(), 'links'))?.links.length ?? 0
    unlink(refOf(counter, r.name).pid())
    const before = await links()
    await r.register('a')
    await r.register('b')
    assert.equal(await links(), before + 1)
    await r.unregister('a')
    assert.equal(await links(), before + 1)
    await r.unregister('b')
    assert.equal(await links(), before)
  })

  it('RGY-022 a registry that nobody knows is an error', () =>
    asActor(async () => {
      const r = Registry.ref('no-such-registry')
      for (const asked of [r.register('k'), r.lookup('k'), r.count(), r.unregister('k')]) {
        await assert.rejects(asked, { code: 'ERR_NO_PROCESS', target: 'no-such-registry' })
      }
      assert.throws(() => Registry.ref('' as never), TypeError)
    }))

  for (const place of ['here', { thread: 'owners' }, 'thread'] as Placement[]) {
    inEachPlace(
      `RGY-023 a server is started and called by key, server ${JSON.stringify(place)}`,
      'unique',
      async (r) => {
        const via = r.via({ kind: 'counter', id: 1 })
        const started = await startServer(counter, 5, { name: via, placement: place })
        assert.ok(started)
        const pid = await r.whereis({ id: 1, kind: 'counter' })
        assert.equal(pid, started.pid())
        const ref = refOf(counter, via)
        ref.cast('bump', 2)
        assert.equal(await ref.call('read'), 7)
        assert.equal(await call(via, 'read'), 7)
        cast(via, 'bump', 1)
        assert.equal(await call(via, 'read'), 8)
        await assert.rejects(startServer(counter, 9, { name: via, placement: place }), {
          code: 'ERR_ALREADY_STARTED',
          pid,
        })
        assert.equal(await r.count(), 1)
        await kill(pid as Pid)
        await assert.rejects(ref.call('read'), { code: 'ERR_NO_PROCESS' })
        ref.cast('bump', 1)
        // The cast's own question has reached the registry when a later one is answered.
        assert.equal(await r.count(), 0)
        const again = await startServer(counter, 1, { name: via, placement: place })
        assert.equal(await again?.call('read'), 1)
      },
    )
  }

  inEachPlace('RGY-024 the value of a via name is registered', 'unique', async (r) => {
    const started = await startServer(counter, 5, { name: r.via('k', { v: 1 }) })
    assert.deepEqual(await r.lookup('k'), [{ pid: started?.pid(), value: { v: 1 } }])
  })

  inEachPlace('RGY-025 duplicate keys name nobody: no start by key', 'duplicate', async (r) => {
    await assert.rejects(startServer(counter, 5, { name: r.via('k'), link: false }), {
      code: 'ERR_START_FAILED',
      message: /duplicate keys/,
    })
    assert.equal(await r.count(), 0)
    await assert.rejects(
      startServer(counter, 5, { name: Registry.ref('nowhere').via('k'), link: false }),
      /nowhere/,
    )
  })

  for (const options of [
    { name: 'x' },
    { name: 'x', keys: 'some' },
    { name: 'x', keys: ['unique'] },
    { keys: 'unique' },
    { name: 'x', keys: 'unique', listeners: 'me' },
    { name: 'x', keys: 'unique', partition: 2 },
  ]) {
    it(`RGY-026 ${JSON.stringify(options)} is refused at the start`, () =>
      asActor(async () => {
        await assert.rejects(Registry.start(options as never), TypeError)
        assert.throws(() => registry(options as never), TypeError)
      }))
  }

  inEachKind('RGY-030 keys are compared exactly, never as patterns', async (r) => {
    await r.register({ a: 1, b: 2 }, 'both')
    await r.register('_', 'underscore')
    await r.register(['$1', '*'], 'stars')
    for (const key of [{ a: 1 }, {}, { a: 1, b: 2, c: 3 }, { a: 1, b: '_' }, '$1', ['$1']]) {
      assert.deepEqual(await r.lookup(key), [])
      await r.unregister(key)
    }
    assert.equal(await r.count(), 3)
    assert.deepEqual(await r.values(['$1', '*'], self()), ['stars'])
  })

  inEachPlace('RGY-031 lists all registrations', 'unique', async (r) => {
    assert.deepEqual(await r.entries(), [])
    await r.register('a', 1)
    const pid = await other(r.name, 'b', 2)
    assert.deepEqual(await r.entries(), [
      { key: 'a', pid: self(), value: 1 },
      { key: 'b', pid, value: 2 },
    ])
  })

  inEachPlace('RGY-048 a refused registration leaves nothing behind', 'unique', async (r) => {
    await r.register('k', 1)
    const pid = spawn(registrant, { registry: r.name, key: 'k', value: 2, to: self() })
    const told = await receive(
      (m) => typeof m === 'object' && m !== null && 'registrant' in m,
      WAIT,
    )
    assert.deepEqual(told, { registrant: pid, registered: false })
    for (let n = 0; n < 20; n++) await assert.rejects(r.register('k', n))
    assert.equal(await r.count(), 1)
    assert.deepEqual(await r.keys(pid), [])
    assert.deepEqual((await processInfo(pid, 'links'))?.links, [])
  })

  for (const owners of ['here', { thread: 'owners' }, 'thread'] as Placement[]) {
    inEachKind(
      `RGY-049 the dead are never found, owner ${JSON.stringify(owners)}`,
      async (r, keys) => {
        for (let round = 0; round < (owners === 'thread' ? 3 : 50); round++) {
          const pid = await other(r.name, 'k', round, owners)
          assert.equal((await r.lookup('k')).length, 1)
          await kill(pid)
          assert.deepEqual(await r.lookup('k'), [])
          if (keys === 'unique') assert.equal(await r.whereis('k'), undefined)
        }
      },
    )
  }

  it('RGY-049 nor those of a lost thread (WRK-005)', () =>
    asActor(async () => {
      const r = Registry.ref('in-the-tree')
      for (let round = 0; round < 3; round++) {
        const placement = { thread: 'lost-owners' }
        const leaver = startPuppet(placement, { monitor: true })
        const keys = Array.from({ length: 10 }, (_, n) => `rgy-49-${n}`)
        for (const key of keys) await other(r.name, key, 0, placement)
        leaver.tell('leave', 0)
        await nextDown(leaver.ref)
        for (const key of keys) assert.deepEqual(await r.lookup(key), [])
        assert.equal(await r.count(), 0)
      }
    }))

  it('RGY-050 the owners of a registry that dies die with it', () =>
    asActor(async () => {
      trapExit(true)
      const r = await Registry.start({ name: 'mortal', keys: 'unique' }, { link: false })
      const pid = await other('mortal', 'k', 1, { thread: 'owners' })
      const ref = monitor(pid)
      exit(refOf(counter, r.name).pid(), { type: 'gone' })
      exit(refOf(counter, r.name).pid(), KILL)
      assert.equal((await nextDown(ref)).type, 'killed')
      await assertEmpty()
    }))
})
