import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  actor,
  exit,
  getLabel,
  isAlive,
  isPid,
  isWireError,
  monitor,
  type Pid,
  processes,
  processInfo,
  receive,
  register,
  self,
  send,
  setLabel,
  sleep,
  spawn,
  spawnMonitor,
  startServer,
  trapExit,
  unregister,
} from '../../runtime/index.ts'
import { briefParent, echoArgs } from '../fixtures/conformance/signal-puppet.ts'
import { slow } from '../fixtures/conformance/signal-servers.ts'
import {
  asActor,
  eventually,
  inEachPlace,
  nextDown,
  nextExit,
  PLACES,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const KILL = { type: 'kill' }
const ALL_PLACES = ['same thread', 'two threads', 'own thread', 'root thread'] as const
const missing = actor(
  { url: new URL('./there-is-no-such-module.js', import.meta.url).href },
  { name: 'missing', run: () => {} },
)

function assertNotFound(reason: { readonly type: string }): void {
  assert.equal(reason.type, 'error')
  assert.ok('error' in reason && isWireError(reason.error))
  assert.equal(reason.error.code, 'ERR_MODULE_NOT_FOUND')
}

describe('PRO spawning, process info', () => {
  useRuntime()

  for (const place of ['two threads', 'own thread', 'root thread'] as const) {
    it(`PRO-003 a module that cannot be loaded is a DOWN with the error [${place}]`, () =>
      asActor(async () => {
        const { ref } = spawnMonitor(missing, undefined, { placement: PLACES[place] })
        assertNotFound(await nextDown(ref))
      }))

    it(`PRO-004 a module that cannot be loaded is an EXIT with the error [${place}]`, () =>
      asActor(async () => {
        trapExit(true)
        const pid = spawn(missing, undefined, { placement: PLACES[place], link: true })
        assertNotFound(await nextExit(pid))
      }))
  }

  for (const [id, reason, rounds] of [
    ['PRO-005', { type: 'gone' }, 100],
    ['PRO-006', { type: 'gone', with: [{ nested: new Map([[1, [2]]]) }, 'x'.repeat(1000)] }, 20],
  ] as const) {
    for (const parentPlace of ['here', { thread: 'pro-5-parents' }, 'thread'] as const) {
      const where = typeof parentPlace === 'string' ? parentPlace : 'shared thread'
      it(`${id} no linked child survives a parent that ends at once [parent ${where}]`, () =>
        asActor(async () => {
          const count = parentPlace === 'thread' ? 1 : rounds
          for (let round = 0; round < count; round++) {
            const args = { thread: 'pro-5-children', count: 100, top: self(), reason }
            const parent = spawnMonitor(briefParent, args, { placement: parentPlace })
            const isChildren = (m: unknown): m is { pids: Pid[] } =>
              typeof m === 'object' && m !== null && 'pids' in m
            const told = await receive(isChildren, WAIT)
            const ends = (told?.pids ?? []).map((pid) => monitor(pid))
            assert.equal(ends.length, 100)
            assert.deepEqual(await nextDown(parent.ref), reason)
            for (const ref of ends) {
              const end = await nextDown(ref)
              if (end.type !== 'noproc') assert.deepEqual(end, reason)
            }
          }
        }))
    }
  }

  for (const place of ALL_PLACES) {
    it(`PRO-010 arguments of many megabytes arrive as they were [${place}]`, () =>
      asActor(async () => {
        const args = { to: self(), bytes: new Uint8Array(4_000_000).fill(7), text: 'é'.repeat(1e6) }
        const { ref } = spawnMonitor(echoArgs, args, { placement: PLACES[place] })
        const echo = await receive((m) => typeof m === 'object' && m !== null && 'bytes' in m, WAIT)
        assert.deepEqual(echo, args)
        await nextDown(ref)
      }))
  }

  inEachPlace('PRO-012 a pid is never used again', async (start) => {
    const seen = new Set<Pid>()
    for (let n = 0; n < 3000; n++) seen.add(spawn(() => {}))
    for (let n = 0; n < 300; n++) {
      const b = start()
      b.tell('finish')
      seen.add(b.pid)
    }
    assert.equal(seen.size, 3300)
  })

  it('PRO-013 about itself: running, no name, then its name', () =>
    asActor(async () => {
      assert.deepEqual(await processInfo(self(), ['status', 'registeredName']), {
        status: 'running',
        registeredName: undefined,
      })
      register('pro-13', self())
      assert.deepEqual(await processInfo(self(), 'registeredName'), { registeredName: 'pro-13' })
      unregister('pro-13')
      await assert.rejects(processInfo('pro-13' as never), TypeError)
      await assert.rejects(processInfo(self(), 'color' as never), /'registeredName', 'label'/)
    }))

  inEachPlace(
    'PRO-014 the dead have no info, whatever is asked',
    async (start) => {
      const b = start({ monitor: true })
      assert.deepEqual(await processInfo(b.pid, 'trapExit'), { trapExit: false })
      assert.deepEqual(await processInfo(b.pid, ['trapExit', 'links']), {
        trapExit: false,
        links: [],
      })
      assert.equal((await processInfo(b.pid))?.initialCall, 'puppet')
      exit(b.pid, KILL)
      await nextDown(b.ref)
      assert.equal(await processInfo(b.pid, 'trapExit'), undefined)
      assert.equal(await processInfo(b.pid, ['trapExit', 'links']), undefined)
      assert.equal(await processInfo(b.pid), undefined)
    },
    ALL_PLACES,
  )

  inEachPlace(
    'PRO-015 the registered name: none, the name, and of the dead nothing',
    async (start) => {
      const [named, nameless] = [start({ name: 'pro-15', monitor: true }), start()]
      assert.deepEqual(await processInfo(nameless.pid, 'registeredName'), {
        registeredName: undefined,
      })
      assert.deepEqual(await processInfo(named.pid, 'registeredName'), { registeredName: 'pro-15' })
      named.tell('finish')
      await nextDown(named.ref)
      assert.equal(await processInfo(named.pid, 'registeredName'), undefined)
    },
  )

  inEachPlace('PRO-017 messages are listed in the order of arrival', async (start) => {
    const b = start()
    const sent: unknown[] = []
    for (const message of ['a', { b: [1] }, 3n]) {
      sent.push(message)
      send(b.pid, message)
      assert.deepEqual(await processInfo(b.pid, 'messages'), { messages: sent })
    }
    await b.ask('drain')
    assert.deepEqual(await processInfo(b.pid, 'messages'), { messages: [] })
  })

  it('PRO-019 a message to itself is there at once', () =>
    asActor(async () => {
      send(self(), 'note')
      assert.deepEqual(await processInfo(self(), 'messages'), { messages: ['note'] })
    }))

  inEachPlace(
    'PRO-020 the length of the mailbox is told while the actor waits for something else',
    async (start) => {
      const b = start()
      b.tell('doze')
      const length = async (): Promise<number | undefined> =>
        (await processInfo(b.pid, 'messageQueueLength'))?.messageQueueLength
      await eventually(async () => (await length()) === 0)
      send(b.pid, 'x')
      assert.equal(await length(), 1)
    },
    ALL_PLACES,
  )

  inEachPlace(
    'PRO-022 one that waits is waiting, also when it is asked again and again',
    async (start) => {
      const b = start()
      await b.ask('ping')
      for (let n = 0; n < 20; n++) {
        assert.deepEqual(await processInfo(b.pid, 'status'), { status: 'waiting' })
      }
    },
    ALL_PLACES,
  )

  inEachPlace(
    'PRO-024 the parent is who spawned it; plain code has none',
    async (start) => {
      const b = start()
      assert.deepEqual(await processInfo(b.pid, 'parent'), { parent: self() })
      const child = await b.ask('spawnPuppet', {})
      assert.deepEqual(await processInfo(child, 'parent'), { parent: b.pid })
      exit(child, KILL)
    },
    ALL_PLACES,
  )

  it('PRO-024 the actor that stands for plain code has no parent', async () => {
    assert.deepEqual(await processInfo(self(), 'parent'), { parent: undefined })
  })

  inEachPlace('PRO-027 a label is told', async (start) => {
    const b = start()
    await b.ask('setLabel', 'worker 3')
    assert.deepEqual(await processInfo(b.pid, 'label'), { label: 'worker 3' })
  })

  it('PRO-028 a label set is the label got', () =>
    asActor(async () => {
      setLabel('me')
      assert.equal(await getLabel(), 'me')
      assert.throws(() => setLabel(7 as never), TypeError)
    }))

  inEachPlace('PRO-029 no label, and no actor, is undefined', async (start) => {
    const b = start({ monitor: true })
    assert.equal(await getLabel(b.pid), undefined)
    await b.ask('setLabel', 'short')
    b.tell('finish')
    await nextDown(b.ref)
    assert.equal(await getLabel(b.pid), undefined)
  })

  inEachPlace('PRO-030 a label is seen by others', async (start) => {
    const b = start()
    await b.ask('setLabel', 'seen')
    assert.equal(await getLabel(b.pid), 'seen')
  })

  it('PRO-034 the list of actors has all that live, each once, and no dead', () =>
    asActor(async () => {
      const living = Object.values(PLACES).flatMap((placement) =>
        Array.from({ length: placement === 'thread' ? 1 : 200 }, () => startPuppet(placement)),
      )
      const dead = Array.from({ length: 100 }, () => startPuppet('here', { monitor: true }))
      for (const { pid } of dead) exit(pid, KILL)
      for (const { ref } of dead) await nextDown(ref)
      const churn = spawn(async () => {
        for (;;) {
          await nextDown(startPuppet({ thread: 'away' }, { monitor: true }).ref)
        }
      })
      for (let round = 0; round < 3; round++) {
        const list = await processes()
        const set = new Set(list)
        assert.equal(set.size, list.length)
        for (const { pid } of living) assert.ok(set.has(pid), `${pid} is in the list`)
        for (const { pid } of dead) assert.equal(set.has(pid), false)
      }
      for (const pid of [churn, ...living.map((one) => one.pid)]) exit(pid, KILL)
    }))

  inEachPlace(
    'PRO-035 a message to one that is just being born is not lost',
    async (start, place) => {
      for (let round = 0; round < (place === 'own thread' ? 2 : 50); round++) {
        const infant = start()
        send(infant.pid, { hello: round })
        const list = await processes()
        assert.ok(list.includes(infant.pid))
        assert.deepEqual(await infant.ask('next'), { hello: round })
      }
    },
    ['same thread', 'two threads', 'own thread'],
  )

  it('PRO-035 nor when the message comes from a third thread', () =>
    asActor(async () => {
      const [spawner, sender] = ['pro-35-a', 'pro-35-b'].map((thread) => startPuppet({ thread }))
      assert.ok(spawner && sender)
      await spawner.ask('spawnIn', 'pro-35-c')
      await sender.ask('send', await spawner.ask('spawnIn', 'pro-35-c'), 'first contact')
      for (let round = 0; round < 200; round++) {
        const infant: Pid = await spawner.ask('spawnIn', 'pro-35-c')
        await sender.ask('send', infant, { round })
        assert.equal(await sender.ask('messageCount', infant), 1)
      }
    }))

  it('PRO-043 sleep(0) returns', () =>
    asActor(async () => {
      assert.equal(await sleep(0), undefined)
      await assert.rejects(async () => sleep(-1), RangeError)
    }))

  for (const ms of [2 ** 31, 2 ** 32, Number.POSITIVE_INFINITY]) {
    it(`PRO-043 sleep(${ms}) does not return early`, () =>
      asActor(async () => {
        const me = self()
        const pid = spawn(async () => {
          await sleep(ms)
          send(me, 'awake')
        })
        await sleep(30)
        assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
        assert.equal(await isAlive(pid), true)
        exit(pid, KILL)
      }))
  }

  for (const what of ['receive', 'call'] as const) {
    it(`PRO-043 a ${what} with a timeout of 2^32 ms does not end early`, () =>
      asActor(async () => {
        const me = self()
        const timeoutMs = 2 ** 32
        const server = await startServer(slow)
        assert.ok(server)
        const pid = spawn(async () => {
          if (what === 'receive') await receive(isPid, { timeoutMs })
          else await server.call('hold', undefined, { timeoutMs })
          send(me, 'over')
          await receive()
        })
        await sleep(30)
        assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
        assert.equal(await isAlive(pid), true)
        exit(pid, KILL)
      }))
  }
})
