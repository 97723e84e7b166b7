import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  exit,
  isAlive,
  isPid,
  monitor,
  processInfo,
  receive,
  register,
  self,
  send,
  spawn,
  spawnMonitor,
  unregister,
  whereis,
} from '../../runtime/index.ts'
import { asActor, inEachPlace, nextDown, startPuppet, useRuntime } from './placements.ts'

const KILL = { type: 'kill' }

describe('REG names', () => {
  useRuntime()

  inEachPlace(
    'REG-001 a name belongs to whoever registered it last, round after round',
    async (start, place) => {
      for (let round = 0; round < (place === 'same thread' ? 300 : 100); round++) {
        const b = start()
        try {
          unregister('reg-1')
        } catch {
          assert.equal(whereis('reg-1'), undefined)
        }
        await b.ask('register', 'reg-1')
        assert.equal(whereis('reg-1'), b.pid)
        exit(b.pid, KILL)
      }
    },
  )

  for (const name of ['', undefined, 7, {}, 'x'.repeat(101)]) {
    it(`REG-002 ${JSON.stringify(name)?.slice(0, 12)} is no name`, () =>
      asActor(async () => {
        assert.throws(() => register(name as never, self()), TypeError)
        assert.throws(() => send(name as never, 'x'), TypeError)
      }))
  }

  it('REG-002 the dead, and what is no pid, get no name', () =>
    asActor(async () => {
      const { pid, ref } = spawnMonitor(() => {})
      await nextDown(ref)
      assert.throws(() => register('reg-2', pid), /is dead/)
      assert.throws(() => register('reg-2', 'somebody' as never), TypeError)
      assert.equal(whereis('reg-2'), undefined)
      assert.throws(() => send('reg-2', 'x'), { code: 'ERR_NO_PROCESS' })
    }))

  inEachPlace('REG-003 a name that is taken is refused', async (start) => {
    const b = start({ name: 'reg-3' })
    await b.ask('ping')
    assert.throws(() => register('reg-3', self()), /belongs to/)
    assert.equal(whereis('reg-3'), b.pid)
    exit(b.pid, KILL)
    await nextDown(monitor(b.pid))
  })

  inEachPlace(
    'REG-003 a spawn under a taken name is a death, not a nameless life',
    async (start) => {
      register('reg-3', self())
      const b = start({ name: 'reg-3', monitor: true })
      assert.deepEqual(await nextDown(b.ref), { type: 'already_started', pid: self() })
      assert.equal(await isAlive(b.pid), false)
      const { ref } = spawnMonitor(() => receive(), undefined, { name: 'reg-3' })
      assert.deepEqual(await nextDown(ref), { type: 'already_started', pid: self() })
      unregister('reg-3')
    },
  )

  it('REG-004 an actor has one name at most', () =>
    asActor(async () => {
      register('reg-4', self())
      assert.throws(() => register('reg-4-too', self()), /already has the name 'reg-4'/)
      unregister('reg-4')
    }))

  it('REG-005 a message to a name that nobody has is refused at once', () => {
    assert.throws(() => send('reg-5-nobody', 1), { code: 'ERR_NO_PROCESS' })
  })

  inEachPlace('REG-006 any actor may take a name away; the holder lives on', async (start) => {
    const b = start({ name: 'reg-6' })
    await b.ask('ping')
    unregister('reg-6')
    assert.equal(whereis('reg-6'), undefined)
    assert.equal(await b.ask('whereis', 'reg-6'), undefined)
    assert.equal(await isAlive(b.pid), true)
    assert.deepEqual(await processInfo(b.pid, 'registeredName'), { registeredName: undefined })
    assert.throws(() => unregister('reg-6'), /nobody is called/)
    assert.equal(await b.ask('register', 'reg-6-new'), true)
    assert.equal(whereis('reg-6-new'), b.pid)
  })

  for (const [how, end] of [
    ['a normal end', { type: 'normal' }],
    ['an exit', { type: 'boom' }],
    ['a kill', KILL],
  ] as const) {
    inEachPlace(
      `REG-007 after ${how} the name is free when DOWN is there`,
      async (start) => {
        const b = start({ name: 'reg-7', monitor: true })
        await b.ask('ping')
        b.tell('exitSelf', end)
        await nextDown(b.ref)
        assert.equal(whereis('reg-7'), undefined)
      },
      ['same thread', 'two threads', 'own thread'],
    )
  }

  it('REG-007 the names of a lost thread are free when DOWN is there', () =>
    asActor(async () => {
      const [a, b] = ['reg-7-a', 'reg-7-b'].map((name) =>
        startPuppet({ thread: 'reg-7' }, { name, monitor: true }),
      )
      await b?.ask('ping')
      a?.tell('leave', 0)
      await nextDown(b?.ref)
      assert.deepEqual(['reg-7-a', 'reg-7-b'].map(whereis), [undefined, undefined])
    }))

  it('REG-007 names by which spawn was asked are seen at once', () =>
    asActor(async () => {
      const pid = spawn(() => receive(), undefined, { name: 'reg-7-here' })
      assert.ok(isPid(pid))
      assert.equal(whereis('reg-7-here'), pid)
    }))
})
