import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  alias,
  call,
  demonitor,
  exit,
  isDownMessage,
  isExitMessage,
  link,
  monitor,
  processInfo,
  receive,
  self,
  send,
  spawn,
  startServer,
  sys,
  trapExit,
  unalias,
  unlink,
} from '../../runtime/index.ts'
import { slowpoke } from '../fixtures/runtime/slowpoke.ts'
import { asActor, assertEmpty, inEachPlace, useRuntime, WAIT } from './placements.ts'

const EVERYWHERE = ['same thread', 'two threads', 'own thread', 'root thread'] as const
const KILL = { type: 'kill' }

async function next(count: number): Promise<unknown[]> {
  const messages: unknown[] = []
  while (messages.length < count) messages.push(await receive(undefined, WAIT))
  return messages
}

const flag = async (): Promise<boolean | undefined> =>
  (await processInfo(self(), 'priorityMessages'))?.priorityMessages

describe('SIG priority messages', () => {
  useRuntime()

  inEachPlace(
    'SIG-019 those of a priority alias go before all others, in their order',
    async (start) => {
      const b = start()
      const name = alias({ priority: true })
      await b.ask('sendMixed', self(), '1')
      await b.ask('sendMixed', name, '2', '!a', '3', '!b')
      await b.ask('sendMixed', name, '!c', '4')
      assert.deepEqual(await next(7), ['!a', '!b', '!c', '1', '2', '3', '4'])
      await b.ask('sendMixed', name, '5', '!d')
      assert.deepEqual(await next(1), ['!d'])
      await b.ask('sendMixed', name, '!e')
      assert.deepEqual(await next(2), ['!e', '5'])
      await assertEmpty()
    },
    EVERYWHERE,
  )

  inEachPlace('SIG-019 a sender cannot ask for it where the receiver did not', async (start) => {
    const b = start()
    const name = alias()
    await b.ask('sendMixed', self(), '1', '!a')
    await b.ask('sendMixed', name, '2', '!b')
    assert.deepEqual(await next(4), ['1', '!a', '2', '!b'])
  })

  inEachPlace('SIG-019 equal messages keep their places', async (start) => {
    const b = start()
    const name = alias({ priority: true })
    await b.ask('sendMixed', self(), '!x')
    await b.ask('sendMixed', name, '!x', '!y')
    assert.deepEqual(await next(3), ['!x', '!y', '!x'])
  })

  inEachPlace(
    'SIG-019 the EXIT of a priority link and the DOWN of a priority monitor go first',
    async (start) => {
      trapExit(true)
      const [b, c, d] = [start(), start(), start()]
      link(b.pid, { priority: true })
      const ref = monitor(c.pid, { priority: true })
      link(d.pid)
      const seen = [monitor(b.pid), monitor(c.pid), monitor(d.pid)]
      for (const puppet of [d, b, c]) {
        exit(puppet.pid, KILL)
        const own = seen[[b, c, d].indexOf(puppet)]
        await receive((m) => isDownMessage(m) && m.ref === own, WAIT)
      }
      const [first, second, third] = await next(3)
      assert.ok(isExitMessage(first) && first.pid === b.pid)
      assert.ok(isDownMessage(second) && second.ref === ref)
      assert.ok(isExitMessage(third) && third.pid === d.pid)
    },
  )

  inEachPlace('SIG-020 the flag says whether a priority alias is active', async (start) => {
    const b = start()
    assert.equal(await flag(), false)
    const [one, two] = [alias({ priority: true }), alias({ priority: true, reply: true })]
    alias()
    assert.equal(await flag(), true)
    unalias(one)
    assert.equal(await flag(), true)
    await b.ask('sendMixed', two, 'used')
    assert.equal(await flag(), false)
    assert.deepEqual(await next(1), ['used'])
  })

  inEachPlace('SIG-021 a priority link: the flag ends with the link', async (start) => {
    trapExit(true)
    const [b, c] = [start(), start()]
    link(b.pid, { priority: true })
    link(c.pid)
    assert.equal(await flag(), true)
    unlink(b.pid)
    assert.equal(await flag(), false)
    link(b.pid, { priority: true })
    exit(b.pid, KILL)
    assert.ok(isExitMessage(await receive(isExitMessage, WAIT)))
    assert.equal(await flag(), false)
    unlink(c.pid)
  })

  inEachPlace('SIG-022 a priority monitor: the flag ends with DOWN or demonitor', async (start) => {
    const b = start()
    const ref = monitor(b.pid, { priority: true })
    assert.equal(await flag(), true)
    demonitor(ref)
    assert.equal(await flag(), false)
    monitor(b.pid, { priority: true })
    exit(b.pid, KILL)
    assert.ok(isDownMessage(await receive(isDownMessage, WAIT)))
    assert.equal(await flag(), false)
  })

  it('RCV-014 a priority message is found without looking at the others again', () =>
    asActor(async () => {
      const name = alias({ priority: true })
      for (let index = 0; index < 100_000; index++) send(self(), index)
      let tests = 0
      const found = receive((message) => {
        tests++
        return message === 'wanted'
      }, WAIT)
      const first = tests
      for (let index = 0; index < 10; index++) {
        spawn(() => send(name, index === 9 ? 'wanted' : 'urgent', { priority: true }))
      }
      assert.equal(await found, 'wanted')
      assert.equal(first, 100_000)
      assert.ok(tests <= 100_010, `${tests} tests`)
      assert.deepEqual(await next(10), [...Array.from({ length: 9 }, () => 'urgent'), 0])
    }))

  it('SIG-019 a halted server handles them first when it goes on', () =>
    asActor(async () => {
      const server = await startServer(slowpoke)
      assert.ok(server)
      await sys.suspend(server)
      for (const message of ['a', 'b']) send(server.pid(), message)
      assert.equal((await sys.getStatus(server)).status, 'suspended')
      await sys.resume(server)
      assert.deepEqual(await call(server.target, 'seen'), ['a', 'b'])
    }))

  it('SIG-021 options of link and send are checked', () =>
    asActor(async () => {
      assert.throws(
        () => link(self(), { priority: 1 as never }),
        /priority: expected true or false/,
      )
      assert.throws(() => link(self(), { prio: true } as object), /unknown option 'prio'/)
    }))
})
