import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  alias,
  demonitor,
  exit,
  isDownMessage,
  type MonitorOptions,
  monitor,
  processInfo,
  type Ref,
  receive,
  self,
  send,
  spawn,
  spawnMonitor,
  unalias,
} from '../../runtime/index.ts'
import { puppet } from '../fixtures/conformance/signal-puppet.ts'
import {
  asActor,
  assertEmpty,
  inEachPlace,
  nextDown,
  PLACES,
  Puppet,
  reasonOfDeath,
  type Start,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const EVERYWHERE = ['same thread', 'two threads', 'own thread', 'root thread'] as const
const KILL = { type: 'kill' }

async function next(count: number): Promise<unknown[]> {
  const messages: unknown[] = []
  while (messages.length < count) messages.push(await receive(undefined, WAIT))
  return messages
}

/** Kills it and takes its DOWN. */
async function down(b: Puppet, ref: Ref): Promise<void> {
  exit(b.pid, KILL)
  assert.equal((await nextDown(ref)).type, 'killed')
}

describe('ALS aliases', () => {
  useRuntime()

  inEachPlace(
    'ALS-001 what is sent to an alias arrives until it is taken back',
    async (start) => {
      const b = start()
      const name = alias()
      await b.ask('send', name, 1, 2)
      assert.equal(unalias(name), true)
      await b.ask('send', name, 3, 4)
      assert.deepEqual(await next(2), [1, 2])
      await assertEmpty()
      assert.equal(unalias(name), false)
    },
    EVERYWHERE,
  )

  inEachPlace(
    'ALS-002, ALS-004 a reply alias takes one message',
    async (start) => {
      const b = start()
      const name = alias({ reply: true })
      await b.ask('send', name, 1, 2, 3, 4)
      assert.deepEqual(await next(1), [1])
      await assertEmpty()
      assert.equal(unalias(name), false)
    },
    EVERYWHERE,
  )

  inEachPlace(
    'ALS-003 a reply that comes after the alias was taken back is dropped',
    async (start) => {
      const b = start()
      const name = alias({ reply: true })
      unalias(name)
      await b.ask('send', name, 'late')
      await assertEmpty()
    },
  )

  inEachPlace(
    'ALS-001 an alias ends with its actor, and another cannot take it back',
    async (start) => {
      const b = start()
      let name: Ref | undefined
      const owner = spawn(async () => {
        name = alias()
        await receive()
      })
      await processInfo(owner, 'status')
      assert.ok(name)
      assert.equal(unalias(name), false)
      await b.ask('send', name, 'go on')
      await reasonOfDeath(owner)
      await b.ask('send', name, 'nobody')
      await assertEmpty()
    },
  )

  inEachPlace(
    'ALS-005 a monitor can be an alias: the message and the DOWN arrive',
    async (start) => {
      const b = start()
      const ref = monitor(b.pid, { alias: 'explicit_unalias' })
      b.tell('sendAndDie', ref, ['bye'], { type: 'done' })
      assert.equal(await receive(undefined, WAIT), 'bye')
      assert.deepEqual(await nextDown(ref), { type: 'done' })
      await assertEmpty()
    },
    EVERYWHERE,
  )

  it('ALS-007 options that cannot be meant are errors', () =>
    asActor(async () => {
      const bad: [object, RegExp][] = [
        [{ alias: 'reply' }, /alias: expected 'explicit_unalias', 'demonitor', 'reply_demonitor'/],
        [{ alias: true }, /alias: expected/],
        [{ priority: 1 }, /priority: expected true or false/],
        [{ alais: 'demonitor' }, /unknown option 'alais'. Did you mean 'alias'/],
      ]
      for (const [options, message] of bad) {
        assert.throws(() => monitor(self(), options), { message })
        assert.throws(() => spawnMonitor(() => 0, undefined, { monitor: options }), { message })
      }
      assert.throws(() => alias({ reply: 1 as never }), /reply: expected true or false/)
      assert.throws(() => unalias('x' as Ref), /expected what alias\(\) returned/)
      await assertEmpty()
    }))

  inEachPlace(
    'ALS-001 what cannot be cloned is the sender’s error, as with a pid',
    async (_, place) => {
      const b = startPuppet(PLACES[place])
      await b.ask('ping')
      const name = alias()
      send(name, () => 0)
      assert.equal(typeof (await receive(undefined, WAIT)), 'function')
      exit(b.pid, KILL)
    },
  )
})

/** The same with a monitor that was set, and with one of birth. */
for (const born of [false, true]) {
  const id = born ? 'ALS-007 by spawn' : 'ALS-006 by monitor'
  const watched = (
    start: Start,
    place: keyof typeof PLACES,
    mode: MonitorOptions['alias'] & string,
  ): [Puppet, Ref] => {
    const options = { alias: mode }
    if (!born) {
      const b = start()
      return [b, monitor(b.pid, options)]
    }
    const { pid, ref } = spawnMonitor(puppet, undefined, {
      placement: PLACES[place],
      monitor: options,
    })
    return [new Puppet(pid, ref), ref]
  }

  describe(`${id}: how long an alias that is a monitor lives`, () => {
    useRuntime()

    inEachPlace(
      `${id}: explicit_unalias survives demonitor and DOWN`,
      async (start, place) => {
        const [b, ref] = watched(start, place, 'explicit_unalias')
        await b.ask('send', ref, 1)
        await down(b, ref)
        const c = start()
        await c.ask('send', ref, 2)
        assert.equal(unalias(ref), true)
        await c.ask('send', ref, 3)
        assert.deepEqual(await next(2), [1, 2])
        await assertEmpty()
      },
      EVERYWHERE,
    )

    inEachPlace(
      `${id}: demonitor ends it, and so does DOWN`,
      async (start, place) => {
        const [b, ref] = watched(start, place, 'demonitor')
        await b.ask('send', ref, 1, 2)
        demonitor(ref)
        await b.ask('send', ref, 3)
        assert.deepEqual(await next(2), [1, 2])
        const [c, other] = watched(start, place, 'demonitor')
        await down(c, other)
        await b.ask('send', other, 4)
        await assertEmpty()
        exit(b.pid, KILL)
      },
      EVERYWHERE,
    )

    inEachPlace(
      `${id}: reply_demonitor ends alias and monitor with the first message`,
      async (start, place) => {
        const [b, ref] = watched(start, place, 'reply_demonitor')
        await b.ask('send', ref, 1, 2)
        assert.deepEqual(await next(1), [1])
        const gone = monitor(b.pid)
        exit(b.pid, KILL)
        await nextDown(gone)
        await assertEmpty()
        const [c, other] = watched(start, place, 'reply_demonitor')
        await down(c, other)
        await start().ask('send', other, 3)
        await assertEmpty()
      },
      EVERYWHERE,
    )
  })
}

describe('ALS aliases beside their monitor', () => {
  useRuntime()

  inEachPlace('ALS-008, MON-030 demonitor leaves an explicit alias alone', async (start) => {
    const [b, local] = [start(), startPuppet('here')]
    const ref = monitor(b.pid, { alias: 'explicit_unalias' })
    assert.equal(demonitor(ref), true)
    assert.equal(demonitor(ref, { flush: true }), true)
    await b.ask('send', ref, 'far')
    await local.ask('send', ref, 'near')
    assert.deepEqual(await next(2), ['far', 'near'])
    exit(local.pid, KILL)
  })

  inEachPlace('ALS-009 and so does a DOWN that was taken', async (start) => {
    const [b, c] = [start(), start()]
    const ref = monitor(b.pid, { alias: 'explicit_unalias' })
    await down(b, ref)
    await c.ask('send', ref, 'still')
    assert.deepEqual(await next(1), ['still'])
  })

  inEachPlace(
    'MON-028 after demonitor with flush a reply_demonitor alias is dead',
    async (start) => {
      const b = start()
      const ref = monitor(b.pid, { alias: 'reply_demonitor' })
      demonitor(ref, { flush: true })
      await b.ask('send', ref, 'late')
      await assertEmpty()
    },
  )

  inEachPlace(
    'MON-029 no DOWN comes after demonitor with flush, whenever the target dies',
    async (start) => {
      for (let round = 0; round < 50; round++) {
        const b = start()
        const ref = monitor(b.pid, { alias: 'explicit_unalias' })
        b.tell('die', round % 2 === 0 ? { type: 'bye' } : { type: 'bye', more: [round] })
        demonitor(ref, { flush: true })
        await reasonOfDeath(b.pid)
        assert.equal(
          await receive((m) => isDownMessage(m) && m.ref === ref, { timeoutMs: 0 }),
          undefined,
        )
        unalias(ref)
      }
    },
  )

  it('MON-031 the monitor of a name that nobody has: DOWN at once, the alias works on', () =>
    asActor(async () => {
      const ref = monitor('als-nobody', { alias: 'explicit_unalias' })
      assert.equal((await nextDown(ref)).type, 'noproc')
      send(ref, 'still')
      assert.equal(await receive(undefined, WAIT), 'still')
      const bound = monitor('als-nobody', { alias: 'demonitor' })
      assert.equal((await nextDown(bound)).type, 'noproc')
      send(bound, 'dropped')
      await assertEmpty()
    }))
})
