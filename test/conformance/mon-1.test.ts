import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type DownMessage,
  demonitor,
  type ExitReason,
  exit,
  isAlive,
  isDownMessage,
  monitor,
  receive,
  self,
  sendAfter,
  spawn,
  spawnMonitor,
} from '../../runtime/index.ts'
import {
  asActor,
  assertEmpty,
  inEachPlace,
  nextDown,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const NORMAL: ExitReason = { type: 'normal' }
const NOPROC: ExitReason = { type: 'noproc' }
const frop: ExitReason = { type: 'frop' }
const ALL_PLACES = ['same thread', 'two threads', 'own thread'] as const

async function takeDown(): Promise<DownMessage> {
  const message = await receive(isDownMessage, WAIT)
  assert.ok(message, 'a DOWN came in time')
  return message
}

describe('MON monitors: what DOWN says', () => {
  useRuntime()

  inEachPlace(
    'MON-001 a monitor of the living tells a normal end',
    async (start) => {
      const b = start()
      const ref = monitor(b.pid)
      b.tell('finish')
      assert.deepEqual(await takeDown(), { type: 'DOWN', ref, pid: b.pid, reason: NORMAL })
    },
    ALL_PLACES,
  )

  inEachPlace(
    'MON-002 a monitor of birth never says noproc',
    async (start, place) => {
      for (let round = 0; round < (place === 'own thread' ? 2 : 50); round++) {
        const b = start({ monitor: true })
        b.tell('finish')
        assert.deepEqual(await nextDown(b.ref), NORMAL)
      }
      assert.deepEqual(await nextDown(spawnMonitor(() => {}).ref), NORMAL)
    },
    ALL_PLACES,
  )

  inEachPlace(
    'MON-003 a monitor tells the reason of an exit from outside',
    async (start) => {
      const b = start()
      const ref = monitor(b.pid)
      exit(b.pid, frop)
      assert.deepEqual(await nextDown(ref), frop)
    },
    ALL_PLACES,
  )

  inEachPlace(
    'MON-004 a monitor of the dead says noproc, whatever it died of',
    async (start) => {
      const b = start({ monitor: true })
      b.tell('die', frop)
      assert.deepEqual(await nextDown(b.ref), frop)
      assert.deepEqual(await nextDown(monitor(b.pid)), NOPROC)
    },
    ALL_PLACES,
  )

  inEachPlace('MON-005 a monitor by name tells the name', async (start) => {
    const b = start({ name: 'jeeves' })
    await b.ask('ping')
    const ref = monitor('jeeves')
    b.tell('finish')
    assert.deepEqual(await takeDown(), { type: 'DOWN', ref, pid: 'jeeves', reason: NORMAL })
  })

  it('MON-006 a monitor of a name that nobody has says noproc, with the name', () =>
    asActor(async () => {
      const ref = monitor('mon-6-nobody')
      assert.deepEqual(await takeDown(), {
        type: 'DOWN',
        ref,
        pid: 'mon-6-nobody',
        reason: NOPROC,
      })
    }))

  for (const [id, birth] of [
    ['MON-007', false],
    ['MON-008', true],
  ] as const) {
    inEachPlace(
      `${id} the owner dies by the hand of the monitored: no entry is left${birth ? ' (monitor of birth)' : ''}`,
      async (start) => {
        const a = start({ monitor: true })
        const b = birth
          ? await a.ask('spawnPuppet', { monitor: true })
          : await a.ask('spawnPuppet', {})
        if (!birth) await a.ask('monitor', b)
        const other = startPuppet('here')
        const entries = async (): Promise<unknown> => other.ask('info', b, 'monitoredBy')
        assert.ok(((await entries()) as unknown[]).includes(a.pid))
        exit(a.pid, { type: 'kill' })
        assert.deepEqual(await nextDown(a.ref), { type: 'killed' })
        assert.equal(((await entries()) as unknown[]).includes(a.pid), false)
        assert.equal(await isAlive(b), true)
        exit(b, { type: 'kill' })
      },
    )
  }

  inEachPlace('MON-007 the monitored kills the owner and ends', async (start) => {
    const [a, b, other] = [start({ monitor: true }), start({ monitor: true }), start()]
    await a.ask('monitor', b.pid)
    b.tell('killAndDie', a.pid, NORMAL)
    assert.deepEqual(await nextDown(a.ref), { type: 'killed' })
    assert.deepEqual(await nextDown(b.ref), NORMAL)
    assert.equal(await other.ask('ping'), 'pong')
  })

  inEachPlace('MON-009 demonitor by another than the owner has no effect', async (start) => {
    const b = start()
    const ref = monitor(b.pid)
    assert.equal(await b.ask('demonitor', ref, {}), true)
    assert.equal(await b.ask('demonitor', ref, { flush: true }), true)
    b.tell('finish')
    assert.deepEqual(await nextDown(ref), NORMAL)
  })

  inEachPlace('MON-010 the same for a monitor of birth', async (start) => {
    const b = start({ monitor: true })
    assert.ok(b.ref)
    assert.equal(await b.ask('demonitor', b.ref, {}), true)
    b.tell('finish')
    assert.deepEqual(await nextDown(b.ref), NORMAL)
  })

  for (const target of [7, ['a'], null, undefined, '', {}]) {
    it(`MON-011 a monitor of ${JSON.stringify(target)} is refused`, () => {
      assert.throws(() => monitor(target as never), TypeError)
    })
  }

  for (const ref of [7, 'x', undefined, '<0.1>', {}]) {
    it(`MON-012 demonitor of ${JSON.stringify(ref)} is refused`, () => {
      assert.throws(() => demonitor(ref as never), TypeError)
    })
  }

  it('MON-013 demonitor of a reference that is no monitor is true', () =>
    asActor(async () => {
      assert.equal(demonitor(sendAfter(self(), 'never', 60_000)), true)
    }))

  it('MON-014 a monitor of itself says nothing', () =>
    asActor(async () => {
      const ref = monitor(self())
      assert.equal(demonitor(ref), true)
      assert.equal(demonitor(ref), true)
      await assertEmpty()
    }))

  inEachPlace('MON-015 after demonitor no DOWN comes', async (start) => {
    const b = start({ monitor: true })
    demonitor(monitor(b.pid))
    exit(b.pid, frop)
    assert.deepEqual(await nextDown(b.ref), frop)
    await start().ask('ping')
    await assertEmpty()
  })

  inEachPlace(
    'MON-016 after demonitor and one look into the queue no late DOWN comes',
    async (start, place) => {
      const other = start()
      for (let round = 0; round < (place === 'own thread' ? 2 : 50); round++) {
        const b = start({ monitor: true })
        const ref = monitor(b.pid)
        exit(b.pid, frop)
        demonitor(ref)
        await receive((m) => isDownMessage(m) && m.ref === ref, { timeoutMs: 0 })
        await nextDown(b.ref)
        await other.ask('ping')
        await assertEmpty()
      }
    },
    ALL_PLACES,
  )

  inEachPlace(
    'MON-017 flush takes a DOWN that is there; plain demonitor leaves it',
    async (start) => {
      const b = start({ monitor: true })
      const [m1, m2, m3, m4] = [1, 2, 3, 4].map(() => monitor(b.pid))
      assert.ok(m1 && m2 && m3 && m4)
      demonitor(m1, { flush: true })
      exit(b.pid, frop)
      await nextDown(b.ref)
      await start().ask('ping')
      demonitor(m3, { flush: true })
      demonitor(m4)
      const left = [await takeDown(), await takeDown()].map(({ ref }) => ref)
      assert.deepEqual(left.toSorted(), [m2, m4].toSorted())
      await assertEmpty()
    },
  )

  it('MON-018 unknown options of demonitor are refused', () =>
    asActor(async () => {
      const ref = monitor(spawn(() => receive()))
      assert.throws(() => demonitor(ref, { flsh: true } as never), /Did you mean 'flush'/)
      assert.throws(() => demonitor(ref, 'flush' as never), TypeError)
      assert.throws(() => demonitor(undefined as never, { flush: true }), TypeError)
      assert.equal(demonitor(ref, { info: true }), true)
    }))

  inEachPlace(
    'MON-019 demonitor tells whether a DOWN will never be or already is there',
    async (start) => {
      const other = start()
      for (let round = 0; round < 40; round++) {
        const b = start()
        const refs = Array.from({ length: 40 }, () => monitor(b.pid))
        b.tell('finish')
        if (round % 2) await new Promise((resolve) => setImmediate(resolve))
        const dropped = new Set(refs.filter((ref) => demonitor(ref, { info: true })))
        await other.ask('ping')
        if (await isAlive(b.pid)) await nextDown(monitor(b.pid))
        const came = new Set<unknown>()
        for (;;) {
          const down = await receive(isDownMessage, { timeoutMs: 0 })
          if (!down) break
          came.add(down.ref)
        }
        for (const ref of refs) assert.notEqual(dropped.has(ref), came.has(ref))
      }
    },
  )

  inEachPlace(
    'MON-020 demonitor with info: true for the living, false after DOWN',
    async (start) => {
      const b = start()
      assert.equal(demonitor(monitor(b.pid), { info: true }), true)
      const ref = monitor(b.pid)
      b.tell('finish')
      await nextDown(ref)
      assert.equal(demonitor(ref, { info: true }), false)
    },
  )
})
