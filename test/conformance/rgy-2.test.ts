import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  exit,
  isExitMessage,
  monitor,
  type Pid,
  type Placement,
  Registry,
  type RegistryRef,
  receive,
  self,
  send,
  spawn,
  trapExit,
} from '../../runtime/index.ts'
import { locker } from '../fixtures/conformance/registrant.ts'
import { asActor, assertEmpty, nextDown, useRuntime, WAIT } from './placements.ts'

const KILL = { type: 'kill' }
type Keys = 'unique' | 'duplicate'
const PLACES: [string, Placement][] = [
  ['same thread', 'here'],
  ['two threads', { thread: 'registries-2' }],
]

let registries = 0

function inEachPlace(
  title: string,
  keys: readonly Keys[],
  test: (registry: RegistryRef, keys: Keys, placement: Placement) => Promise<void>,
): void {
  for (const [place, placement] of PLACES) {
    for (const kind of keys) {
      it(`${title} [${kind}, ${place}]`, () =>
        asActor(async () => {
          trapExit(true)
          const name = `registry-2-${++registries}`
          await test(await Registry.start({ name, keys: kind }, { placement }), kind, placement)
        }))
    }
  }
}

const BOTH: readonly Keys[] = ['unique', 'duplicate']

/** Another actor that wants the lock; says when it has it, and keeps it until it is told. */
function rival(registry: RegistryRef, key: unknown, placement: Placement = 'here'): Pid {
  return spawn(locker, { registry: registry.name, key, to: self() }, { placement })
}

async function hasIt(pid: Pid): Promise<void> {
  const told = await receive(
    (m) => typeof m === 'object' && m !== null && 'locked' in m && m.locked === pid,
    WAIT,
  )
  assert.ok(told, `${pid} has the lock`)
}

async function kill(pid: Pid): Promise<void> {
  const ref = monitor(pid)
  exit(pid, KILL)
  await nextDown(ref)
}

describe('RGY locks', () => {
  useRuntime()

  inEachPlace('RGY-002 different keys do not lock each other', ['unique'], async (r, _, place) => {
    const held = rival(r, 'a', place)
    await hasIt(held)
    assert.equal(await r.lock('b', () => 'done'), 'done')
    await kill(held)
  })

  inEachPlace(
    'RGY-003 who wants the same key waits until it is free',
    ['unique'],
    async (r, _, place) => {
      const [first, second] = [rival(r, 'k', place), rival(r, 'k', 'thread')]
      const order: unknown[] = []
      for (let count = 0; count < 2; count++) {
        const told = await receive(
          (m): m is { locked: Pid } => typeof m === 'object' && m !== null && 'locked' in m,
          WAIT,
        )
        assert.ok(told)
        order.push(told.locked)
        await assertEmpty()
        send(told.locked, 'go on')
      }
      assert.deepEqual(new Set(order), new Set([first, second]))
    },
  )

  inEachPlace('RGY-004 work that fails frees the lock', ['unique'], async (r) => {
    const failure = new RangeError('cannot')
    await assert.rejects(
      r.lock('k', () => Promise.reject(failure)),
      failure,
    )
    assert.equal(await r.lock('k', () => 1), 1)
  })

  inEachPlace('RGY-004 a holder that dies frees the lock', ['unique'], async (r, _, place) => {
    for (const owners of [place, 'thread'] as const) {
      const first = rival(r, 'k', owners)
      await hasIt(first)
      const second = rival(r, 'k')
      exit(first, KILL)
      await hasIt(second)
      await kill(second)
    }
  })

  inEachPlace(
    'RGY-005 a waiter that dies leaves the lock usable',
    ['unique'],
    async (r, _, place) => {
      const first = rival(r, 'k', place)
      await hasIt(first)
      const [second, third] = [rival(r, 'k', place), rival(r, 'k', place)]
      await kill(second)
      send(first, 'go on')
      await hasIt(third)
      await kill(third)
      assert.equal(await r.lock('k', () => 1), 1)
    },
  )
})

describe('RGY dispatch and matches', () => {
  useRuntime()

  inEachPlace(
    'RGY-018 a parallel dispatch runs for all at once and leaves no exit behind',
    ['duplicate'],
    async (r) => {
      for (let value = 0; value < 8; value++) await r.register('k', value)
      const begun: unknown[] = []
      let release: () => void = () => {}
      const all = new Promise<void>((resolve) => {
        release = resolve
      })
      await r.dispatch(
        'k',
        async ([entry]) => {
          begun.push(entry?.value)
          if (begun.length === 8) release()
          await all
        },
        { parallel: true },
      )
      assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7])
      await r.dispatch('nobody', () => assert.fail('nobody is there'), { parallel: true })
      await assert.rejects(
        r.dispatch('k', () => Promise.reject(new Error('one failed')), { parallel: true }),
        /one failed/,
      )
      assert.equal(await receive(isExitMessage, { timeoutMs: 0 }), undefined)
      await assert.rejects(
        r.dispatch('k', () => 0, { paralel: true } as object),
        /Did you mean 'parallel'/,
      )
    },
  )

  inEachPlace('RGY-027 only those whose value passes', BOTH, async (r, keys) => {
    const pid = self()
    await r.register('k', { size: 3 })
    if (keys === 'duplicate') await r.register('k', { size: 5 })
    const size = (value: unknown): number =>
      typeof value === 'object' && value !== null && 'size' in value ? Number(value.size) : 0
    assert.deepEqual(await r.match('k', (value) => size(value) < 4), [{ pid, value: { size: 3 } }])
    assert.deepEqual(await r.match('k', (value) => size(value) > 9), [])
    assert.deepEqual(await r.match('other', () => true), [])
  })

  inEachPlace('RGY-028 counts those whose value passes', BOTH, async (r, keys) => {
    await r.register('k', 1)
    if (keys === 'duplicate') await r.register('k', 2)
    assert.equal(await r.countMatch('k', () => true), keys === 'duplicate' ? 2 : 1)
    assert.equal(await r.countMatch('k', (value) => value === 2), keys === 'duplicate' ? 1 : 0)
  })

  inEachPlace('RGY-029 removes only its own, and only what passes', BOTH, async (r, keys) => {
    await r.register('mine', 1)
    if (keys === 'duplicate') {
      await r.register('mine', 2)
      await r.register('mine', 1)
    }
    const boss = self()
    const ready = { other: 'ready' }
    const other = spawn(async () => {
      await r.register(keys === 'duplicate' ? 'mine' : 'theirs', 1)
      send(boss, ready)
      await receive()
    })
    assert.deepEqual(await receive((m) => m === ready, WAIT), ready)
    assert.equal(await r.unregisterMatch('mine', (value) => value === 1), true)
    assert.equal(await r.unregisterMatch('theirs', () => true), true)
    const left =
      keys === 'duplicate'
        ? [
            { pid: self(), value: 2 },
            { pid: other, value: 1 },
          ]
        : []
    assert.deepEqual(await r.lookup('mine'), left)
    assert.equal(await r.count(), keys === 'duplicate' ? 2 : 1)
    await kill(other)
  })
})
