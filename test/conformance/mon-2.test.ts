import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  demonitor,
  type ExitReason,
  exit,
  isAlive,
  isDownMessage,
  monitor,
  type Pid,
  processInfo,
  receive,
  register,
  self,
  spawnMonitor,
  unregister,
  whereis,
} from '../../runtime/index.ts'
import {
  asActor,
  assertEmpty,
  inEachPlace,
  nextDown,
  PLACES,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const NORMAL: ExitReason = { type: 'normal' }
const NOPROC: ExitReason = { type: 'noproc' }
const KILL: ExitReason = { type: 'kill' }
const frop: ExitReason = { type: 'frop' }

async function monitors(pid: Pid): Promise<unknown> {
  return (await processInfo(pid, 'monitors'))?.monitors
}

async function monitoredBy(pid: Pid): Promise<readonly Pid[]> {
  return (await processInfo(pid, 'monitoredBy'))?.monitoredBy ?? []
}

/** How often the acting actor monitors the other; the question itself counts once nowhere. */
async function ownEntries(pid: Pid): Promise<number> {
  return (await monitoredBy(pid)).filter((by) => by === self()).length
}

describe('MON monitors: lists, names, lost threads', () => {
  useRuntime()

  inEachPlace(
    'MON-021 two monitors of one are two, with two DOWNs',
    async (start) => {
      const b = start()
      const [first, second] = [monitor(b.pid), monitor(b.pid)]
      assert.notEqual(first, second)
      exit(b.pid, frop)
      assert.deepEqual(await nextDown(first), frop)
      assert.deepEqual(await nextDown(second), frop)
      await assertEmpty()
    },
    ['same thread', 'two threads', 'own thread'],
  )

  inEachPlace('MON-022 an entry is on both sides exactly while it is active', async (start) => {
    const b = start({ name: 'mon-22' })
    await b.ask('ping')
    const byPid = monitor(b.pid)
    const byName = monitor('mon-22')
    assert.deepEqual(await monitors(self()), [b.pid, 'mon-22'])
    assert.equal(await ownEntries(b.pid), 2)
    await b.ask('demonitor', byPid, {})
    assert.equal(await ownEntries(b.pid), 2)
    demonitor(byPid)
    demonitor(byName)
    assert.deepEqual(await monitors(self()), [])
    assert.equal(await ownEntries(b.pid), 0)
    const again = monitor('mon-22')
    b.tell('die', { type: 'bye' })
    assert.deepEqual(await nextDown(again), { type: 'bye' })
    assert.deepEqual(await monitors(self()), [])
    assert.deepEqual(await nextDown(monitor(b.pid)), NOPROC)
    assert.deepEqual(await nextDown(monitor('mon-22')), NOPROC)
    assert.deepEqual(await monitors(self()), [])
  })

  it('MON-023 a monitor of itself, by pid or by name, is no entry', () =>
    asActor(async () => {
      register('mon-23', self())
      const refs = [monitor(self()), monitor('mon-23')]
      assert.deepEqual(await monitors(self()), [])
      assert.equal(await ownEntries(self()), 0)
      await assertEmpty()
      for (const ref of refs) assert.equal(demonitor(ref), true)
      unregister('mon-23')
    }))

  for (const what of ['demonitor', 'the monitored ends', 'the owner ends'] as const) {
    inEachPlace(`MON-024 the lists are empty after: ${what}`, async (start) => {
      const [a, b] = [start(), start({ name: 'mon-24' })]
      await b.ask('ping')
      const refs = [await a.ask('monitor', b.pid), await a.ask('monitor', 'mon-24')]
      assert.deepEqual(await monitors(a.pid), [b.pid, 'mon-24'])
      assert.deepEqual(await monitoredBy(b.pid), [a.pid, a.pid])
      if (what === 'demonitor') for (const ref of refs) await a.ask('demonitor', ref, {})
      else {
        const ended = what === 'the monitored ends' ? b : a
        const ref = monitor(ended.pid)
        ended.tell('finish')
        await nextDown(ref)
      }
      if (what !== 'the owner ends') assert.deepEqual(await monitors(a.pid), [])
      if (what !== 'the monitored ends') assert.deepEqual(await monitoredBy(b.pid), [])
      exit(b.pid, KILL)
      await nextDown(monitor(b.pid))
    })
  }

  inEachPlace(
    'MON-025 under load a name can be taken again as soon as its DOWN is there',
    async (start, place) => {
      const load = Array.from({ length: 5 }, () => start())
      for (let round = 0; round < (place === 'own thread' ? 3 : 100); round++) {
        for (const one of load) one.tell('ping')
        const b = start({ name: 'mon-25' })
        await b.ask('ping')
        const ref = monitor('mon-25')
        exit(b.pid, KILL)
        assert.deepEqual(await nextDown(ref), { type: 'killed' })
        assert.equal(register('mon-25', self()), true)
        unregister('mon-25')
      }
    },
    ['same thread', 'two threads', 'own thread'],
  )

  for (const [id, check] of [
    ['MON-026 whereis is undefined', async () => assert.equal(whereis('mon-26'), undefined)],
    ['MON-027 is not alive', async (pid: Pid) => assert.equal(await isAlive(pid), false)],
  ] as const) {
    inEachPlace(
      `${id} when DOWN is seen`,
      async (_, place) => {
        const rounds = { 'same thread': 300, 'two threads': 200, 'own thread': 3, 'root thread': 1 }
        for (let round = 0; round < rounds[place]; round++) {
          const b = startPuppet(PLACES[place], { name: 'mon-26', monitor: true })
          b.tell('finish')
          await nextDown(b.ref)
          await check(b.pid)
        }
      },
      ['same thread', 'two threads', 'own thread'],
    )
  }

  for (const by of ['pid', 'name'] as const) {
    it(`MON-035 a lost shared thread is noconnection, for later monitors too [by ${by}]`, () =>
      asActor(async () => {
        const b = startPuppet({ thread: 'mon-35' }, { name: 'mon-35' })
        await b.ask('ping')
        const ref = monitor(by === 'pid' ? b.pid : 'mon-35')
        b.tell('leave', 1)
        const down = await receive(isDownMessage, WAIT)
        assert.equal(down?.ref, ref)
        assert.equal(down.pid, by === 'pid' ? b.pid : 'mon-35')
        assert.equal(down.reason.type, 'noconnection')
        assert.equal((await nextDown(monitor(b.pid))).type, 'noconnection')
        assert.deepEqual(await nextDown(monitor('mon-35')), NOPROC)
      }))

    for (const [how, end, expected] of [
      ['a normal end', { type: 'normal' }, NORMAL],
      ['an exit', frop, frop],
    ] as const) {
      inEachPlace(
        `MON-036 across threads ${how} is told as it was, by ${by}`,
        async (start) => {
          const b = start({ name: 'mon-36' })
          await b.ask('ping')
          const ref = monitor(by === 'pid' ? b.pid : 'mon-36')
          b.tell('exitSelf', end)
          assert.deepEqual(await nextDown(ref), expected)
          assert.deepEqual(await nextDown(monitor(by === 'pid' ? b.pid : 'mon-36')), NOPROC)
        },
        ['two threads', 'own thread', 'root thread'],
      )
    }
  }

  it('MON-038 an actor of an earlier thread of the same name is noproc, at once', () =>
    asActor(async () => {
      const placement = { thread: 'mon-38' }
      const old = startPuppet(placement, { monitor: true })
      old.tell('leave', 0)
      assert.equal((await nextDown(old.ref)).type, 'noconnection')
      const { pid } = startPuppet(placement)
      assert.ok(await isAlive(pid))
      assert.notEqual(pid, old.pid)
      assert.deepEqual(await nextDown(monitor(old.pid)), NOPROC)
      const { ref } = spawnMonitor(() => {})
      assert.deepEqual(await nextDown(ref), NORMAL)
    }))
})
