import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ExitReason,
  exit,
  isAlive,
  isExitMessage,
  link,
  type Pid,
  processInfo,
  receive,
  self,
  spawn,
  spawnMonitor,
  trapExit,
  unlink,
} from '../../runtime/index.ts'
import {
  asActor,
  assertEmpty,
  inEachPlace,
  nextDown,
  nextExit,
  startPuppet,
  useRuntime,
} from './placements.ts'

const boom: ExitReason = { type: 'boom' }
const died: ExitReason = { type: 'died' }
const NOPROC: ExitReason = { type: 'noproc' }
const ALL_PLACES = ['same thread', 'two threads', 'own thread'] as const

async function links(pid: Pid): Promise<readonly Pid[] | undefined> {
  return (await processInfo(pid, 'links'))?.links
}

describe('LNK links', () => {
  useRuntime()

  it('LNK-001 a link to itself is no link', () =>
    asActor(async () => {
      assert.equal(link(self()), true)
      assert.deepEqual(await links(self()), [])
      assert.equal(unlink(self()), true)
    }))

  inEachPlace(
    'LNK-002 a link of birth is seen on both sides at once',
    async (start) => {
      const child = start({ link: true })
      assert.deepEqual(await links(self()), [child.pid])
      assert.deepEqual(await links(child.pid), [self()])
      unlink(child.pid)
    },
    ALL_PLACES,
  )

  inEachPlace('LNK-003 either side may remove it, for both', async (start) => {
    const [a, b] = [start({ link: true }), start({ link: true })]
    unlink(a.pid)
    assert.deepEqual(await links(a.pid), [])
    await b.ask('unlink', self())
    assert.deepEqual(await links(b.pid), [])
    assert.deepEqual(await links(self()), [])
  })

  inEachPlace('LNK-004 after EXIT no entry remains', async (start) => {
    const [a, b] = [start(), start({ trapExit: true })]
    await b.ask('link', a.pid)
    await b.ask('unlink', a.pid)
    await b.ask('link', a.pid)
    a.tell('die', died)
    assert.deepEqual(await b.ask('next'), { type: 'EXIT', pid: a.pid, reason: died })
    assert.deepEqual(await links(b.pid), [])
  })

  inEachPlace(
    'LNK-005 an abnormal end takes the linked with it and leaves no entry',
    async (start) => {
      const [b, c, outside] = [start(), start({ monitor: true }), start({ trapExit: true })]
      await c.ask('link', b.pid)
      await outside.ask('link', c.pid)
      b.tell('die', died)
      assert.deepEqual(await nextDown(c.ref), died)
      assert.deepEqual(await outside.ask('next'), { type: 'EXIT', pid: c.pid, reason: died })
      assert.deepEqual(await links(outside.pid), [])
      assert.equal(await links(c.pid), undefined)
    },
  )

  inEachPlace('LNK-006 two links are one: one unlink removes it', async (start) => {
    const b = start()
    link(b.pid)
    link(b.pid)
    assert.deepEqual(await links(b.pid), [self()])
    unlink(b.pid)
    assert.deepEqual(await links(b.pid), [])
    assert.deepEqual(await links(self()), [])
  })

  it('LNK-007 to the dead of the same thread is an error for who does not trap', () =>
    asActor(async () => {
      const { pid, ref } = spawnMonitor(() => {})
      await nextDown(ref)
      assert.throws(() => link(pid), { code: 'ERR_NO_PROCESS' })
      assert.deepEqual(await links(self()), [])
    }))

  inEachPlace(
    'LNK-008 to the dead is true and an EXIT noproc for who traps',
    async (start) => {
      trapExit(true)
      const b = start({ monitor: true })
      b.tell('finish')
      await nextDown(b.ref)
      assert.equal(link(b.pid), true)
      assert.deepEqual(await nextExit(b.pid), NOPROC)
      assert.deepEqual(await links(self()), [])
    },
    ALL_PLACES,
  )

  inEachPlace(
    'LNK-009 to the dead of another thread ends who does not trap with noproc',
    async (start) => {
      const [a, b] = [startPuppet('here', { monitor: true }), start({ monitor: true })]
      b.tell('finish')
      await nextDown(b.ref)
      a.tell('link', b.pid)
      assert.deepEqual(await nextDown(a.ref), NOPROC)
    },
    ['two threads', 'own thread'],
  )

  inEachPlace(
    'LNK-010 after unlink no EXIT comes, once the queue was looked through',
    async (start, place) => {
      trapExit(true)
      const other = start()
      for (let round = 0; round < (place === 'own thread' ? 2 : 50); round++) {
        const b = start({ link: true, monitor: true })
        exit(b.pid, boom)
        unlink(b.pid)
        await receive((m) => isExitMessage(m) && m.pid === b.pid, { timeoutMs: 0 })
        assert.deepEqual(await nextDown(b.ref), boom)
        await other.ask('ping')
        await assertEmpty()
      }
    },
    ALL_PLACES,
  )

  inEachPlace('LNK-011 an EXIT that is already there stays after unlink', async (start) => {
    trapExit(true)
    const b = start({ link: true, monitor: true })
    b.tell('die', boom)
    await nextDown(b.ref)
    unlink(b.pid)
    assert.deepEqual(await nextExit(b.pid), boom)
  })

  inEachPlace(
    'LNK-013 a link of birth holds though the child ends at once',
    async (start, place) => {
      trapExit(true)
      for (let round = 0; round < (place === 'own thread' ? 2 : 50); round++) {
        const b = start({ link: true })
        b.tell('die', { type: 'early' })
        assert.deepEqual(await nextExit(b.pid), { type: 'early' })
      }
      const pid = spawn(() => exit(boom), undefined, { link: true })
      assert.deepEqual(await nextExit(pid), boom)
    },
    ALL_PLACES,
  )

  inEachPlace('LNK-014 an abnormal end takes all its linked with it', async (start) => {
    const a = start()
    const others = Array.from({ length: 20 }, () => start({ monitor: true }))
    for (const { pid } of others) await a.ask('link', pid)
    a.tell('die', boom)
    for (const { ref } of others) assert.deepEqual(await nextDown(ref), boom)
  })

  inEachPlace('LNK-015 a ring of links dies once', async (start) => {
    const ring = Array.from({ length: 20 }, (_, n) =>
      n % 2 ? start({ monitor: true }) : startPuppet('here', { monitor: true }),
    )
    for (const [n, one] of ring.entries()) {
      await one.ask('link', ring[(n + 1) % ring.length]?.pid as Pid)
    }
    ring[7]?.tell('die', boom)
    for (const { ref } of ring) assert.deepEqual(await nextDown(ref), boom)
    await assertEmpty()
  })

  it('LNK-016 the loss of a shared thread is noconnection to all that were linked', () =>
    asActor(async () => {
      trapExit(true)
      const [a, b] = [1, 2].map(() => startPuppet({ thread: 'lnk-16' }, { link: true }))
      const linked = startPuppet('here', { monitor: true })
      await linked.ask('link', a?.pid as Pid)
      await b?.ask('ping')
      a?.tell('leave', 3)
      for (const one of [a, b]) {
        const reason = await nextExit(one?.pid as Pid)
        assert.equal(reason.type, 'noconnection')
        assert.deepEqual('cause' in reason && reason.cause, { type: 'worker_exit', code: 3 })
      }
      assert.equal((await nextDown(linked.ref)).type, 'noconnection')
    }))

  for (const [what, placement, expected] of [
    ['a shared thread', { thread: 'lnk-17' }, 'noconnection'],
    ['an own thread', 'thread', 'noproc'],
  ] as const) {
    it(`LNK-017 a link to an actor of ${what} that is gone is answered`, () =>
      asActor(async () => {
        trapExit(true)
        const b = startPuppet(placement, { monitor: true })
        b.tell('leave', 0)
        await nextDown(b.ref)
        assert.equal(link(b.pid), true)
        assert.deepEqual((await nextExit(b.pid)).type, expected)
        assert.equal(await isAlive(b.pid), false)
      }))
  }

  inEachPlace('LNK-012 a parent that unlinks its child and ends leaves no entry', async (start) => {
    const parent = start({ monitor: true })
    const child = startPuppet('here')
    for (let round = 0; round < 10; round++) {
      await parent.ask('link', child.pid)
      await parent.ask('unlink', child.pid)
    }
    parent.tell('finish')
    await nextDown(parent.ref)
    assert.deepEqual(await links(child.pid), [])
  })
})
