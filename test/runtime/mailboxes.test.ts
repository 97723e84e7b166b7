import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { after, before, describe, it } from 'node:test'
import {
  alias,
  call,
  cast,
  child,
  DynamicSupervisor,
  exit,
  isDownMessage,
  isExitMessage,
  link,
  MailboxFull,
  type MailboxOptions,
  monitor,
  type Pid,
  type Placement,
  processInfo,
  type Ref,
  type Runtime,
  receive,
  refOf,
  self,
  send,
  server,
  spawn,
  startRuntime,
  startServer,
  stop,
  sys,
  unlink,
} from '../../runtime/index.ts'
import { asActor, downOf, everywhere, until, WAIT } from '../conformance/behaviour-support.ts'
import { deaf, flooder, marked, slowpoke } from '../fixtures/runtime/slowpoke.ts'

const PLACES = ['[same thread]', '[other thread]', '[own thread]', '[root thread]']
const FULL = { code: 'ERR_MAILBOX_FULL' }
const BOUND_HIT = 'nodelens:mailbox:bound-hit'
const HIGH_WATER = 'nodelens:mailbox:high-water'

interface Held {
  readonly pid: Pid
  /** Lets it go on; resolves when it has. */
  readonly release: () => Promise<void>
}

/** A server with this mailbox that is at work on something long. */
async function held(placement: Placement, mailbox: MailboxOptions): Promise<Held> {
  const ref = await startServer(slowpoke, undefined, { placement, mailbox })
  assert.ok(ref)
  const view = new Int32Array(new SharedArrayBuffer(8))
  const answer = ref.call('hold', view, WAIT)
  answer.catch(() => {})
  await until('it holds', () => Atomics.load(view, 1) === 1)
  return {
    pid: ref.pid(),
    release: async () => {
      Atomics.store(view, 0, 1)
      assert.equal(await answer, 'released')
    },
  }
}

const seenBy = (pid: Pid): Promise<unknown> => call(pid, 'seen', undefined, WAIT)

async function infoOf(pid: Pid): Promise<[number, number, number]> {
  const info = await processInfo(pid, ['messageQueueLength', 'dropped', 'waitingCallers'])
  assert.ok(info)
  return [info.messageQueueLength, info.dropped, info.waitingCallers]
}

/** Asks its thread, so all that was sent before has arrived. */
async function arrived(pid: Pid): Promise<void> {
  await processInfo(pid, 'status')
}

describe('a full mailbox', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere(
    'with drop-oldest keeps the newest',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 3, policy: 'drop-oldest' })
      for (let index = 0; index < 10; index++) cast(pid, 'note', index)
      assert.deepEqual(await infoOf(pid), [3, 7, 0])
      await release()
      assert.deepEqual(await seenBy(pid), [7, 8, 9])
    },
    PLACES,
  )

  everywhere(
    'with drop-newest keeps the oldest',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 3, policy: 'drop-newest' })
      for (let index = 0; index < 10; index++) send(pid, index)
      assert.deepEqual(await infoOf(pid), [3, 7, 0])
      await release()
      assert.deepEqual(await seenBy(pid), [0, 1, 2])
    },
    PLACES,
  )

  everywhere(
    'with reject fails a call at once with MailboxFull, and drops what is no call',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 2, policy: 'reject' })
      cast(pid, 'note', 1)
      const accepted = call(pid, 'ask', 2, WAIT)
      await assert.rejects(call(pid, 'ask', 3, WAIT), MailboxFull)
      await assert.rejects(call(pid, 'ask', 3, WAIT), {
        name: 'MailboxFull',
        ...FULL,
        pid,
        highWater: 2,
        policy: 'reject',
      })
      cast(pid, 'note', 4)
      send(pid, 5)
      assert.deepEqual(await infoOf(pid), [2, 4, 0])
      await release()
      assert.equal(await accepted, 2)
      assert.deepEqual(await seenBy(pid), [1, 2])
    },
    PLACES,
  )

  everywhere(
    'with block has callers wait in line and answers each',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 2, policy: 'block' })
      const answers = Array.from({ length: 10 }, (_, index) => call(pid, 'ask', index, WAIT))
      send(pid, 'dropped')
      await arrived(pid)
      assert.deepEqual(await infoOf(pid), [2, 1, 8])
      await release()
      assert.deepEqual(await Promise.all(answers), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      assert.deepEqual(await seenBy(pid), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    },
    PLACES,
  )

  everywhere(
    'with block never does what its caller has given up on in the line',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 1, policy: 'block' })
      cast(pid, 'note', 'first')
      await assert.rejects(call(pid, 'ask', 'late', { timeoutMs: 30 }), {
        code: 'ERR_CALL_TIMEOUT',
      })
      assert.deepEqual(await infoOf(pid), [1, 0, 0])
      await release()
      assert.deepEqual(await seenBy(pid), ['first'])
    },
  )

  everywhere('with block tells those in line when it dies', async (placement) => {
    const { pid } = await held(placement, { highWater: 1, policy: 'block' })
    unlink(pid)
    cast(pid, 'note', 'first')
    const waiting = call(pid, 'ask', 1, WAIT)
    await arrived(pid)
    exit(pid, { type: 'kill' })
    await assert.rejects(waiting, { code: 'ERR_PROCESS_DOWN', reason: { type: 'killed' } })
  })

  everywhere('with drop-oldest fails the call that it drops', async (placement) => {
    const { pid, release } = await held(placement, { highWater: 1, policy: 'drop-oldest' })
    const dropped = call(pid, 'ask', 'old', WAIT)
    dropped.catch(() => {})
    cast(pid, 'note', 'new')
    await assert.rejects(dropped, FULL)
    await release()
    assert.deepEqual(await seenBy(pid), ['new'])
  })

  everywhere('takes exits and DOWNs all the same', async (placement) => {
    const { pid, release } = await held(placement, { highWater: 1, policy: 'drop-oldest' })
    send(pid, 'waits')
    const dying = spawn(() => {
      link(pid)
      exit({ type: 'fell' })
    })
    await downOf(dying)
    await until('the exit came', async () => (await infoOf(pid))[0] === 2)
    send(pid, 'newer')
    assert.equal((await infoOf(pid))[0], 2)
    await release()
    const seen = await seenBy(pid)
    assert.ok(Array.isArray(seen))
    assert.ok(isExitMessage(seen[0]), JSON.stringify(seen))
    assert.equal(seen.at(-1), 'newer')
  })

  everywhere('answers sys and stop all the same', async (placement) => {
    const { pid, release } = await held(placement, { highWater: 1, policy: 'reject' })
    cast(pid, 'note', 1)
    const state = sys.getState(pid, WAIT)
    const ref = monitor(pid)
    const stopped = stop(pid)
    await release()
    assert.deepEqual(await state, { seen: [1] })
    await stopped
    const down = await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
    assert.ok(isDownMessage(down))
    assert.deepEqual(down.reason, { type: 'normal' })
  })

  it('of a function that does not receive drops too', () =>
    asActor(async () => {
      const pid = spawn(() => new Promise(() => {}), undefined, {
        mailbox: { highWater: 2, policy: 'drop-oldest' },
      })
      for (let index = 0; index < 5; index++) send(pid, index)
      const info = await processInfo(pid, ['messages', 'dropped'])
      assert.deepEqual(info, { messages: [3, 4], dropped: 3 })
    }))

  it('never drops what came with priority', () =>
    asActor(async () => {
      const boss = self()
      const pid = spawn(
        async () => {
          send(boss, { name: alias({ priority: true }) })
          await new Promise(() => {})
        },
        undefined,
        { mailbox: { highWater: 2, policy: 'drop-oldest' } },
      )
      const told = await receive(
        (m): m is { name: Ref } => typeof m === 'object' && m !== null && 'name' in m,
        WAIT,
      )
      assert.ok(told)
      for (const message of ['a', 'b']) send(pid, message)
      send(told.name, 'urgent', { priority: true })
      for (const message of ['c', 'd']) send(pid, message)
      const info = await processInfo(pid, ['messages', 'dropped'])
      assert.deepEqual(info, { messages: ['urgent', 'c', 'd'], dropped: 2 })
    }))

  it('of a function that waits for something else loses the oldest, and is still found', () =>
    asActor(async () => {
      const boss = self()
      const pid = spawn(
        async () => {
          send(boss, await receive((message) => message === 'wanted'))
          send(boss, await receive())
        },
        undefined,
        { mailbox: { highWater: 3, policy: 'drop-oldest' } },
      )
      for (const message of ['a', 'b', 'c', 'd']) send(pid, message)
      await processInfo(pid, 'status')
      for (const message of ['e', 'wanted']) send(pid, message)
      assert.equal(await receive(undefined, WAIT), 'wanted')
      assert.equal(await receive(undefined, WAIT), 'd')
    }))
})

describe('the mark of a mailbox', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere(
    'holds against a flood from another thread',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 100, policy: 'drop-newest' })
      const count = 20_000
      spawn(flooder, { to: pid, count, boss: self() }, { placement: { thread: 'flood' } })
      await receive(
        (m) => typeof m === 'object' && m !== null && 'type' in m && m.type === 'flooded',
        WAIT,
      )
      await until('all of it came', async () => {
        const [waiting, dropped] = await infoOf(pid)
        assert.ok(waiting <= 100, `${waiting} wait`)
        return waiting + dropped === count
      })
      await release()
      const seen = await seenBy(pid)
      assert.deepEqual(
        seen,
        Array.from({ length: 100 }, (_, index) => index),
      )
    },
    PLACES,
  )

  it('can be given to a child, a dynamic child, a definition and a spawn', () =>
    asActor(async () => {
      const mailbox: MailboxOptions = { highWater: 1, policy: 'drop-newest' }
      const supervisor = await DynamicSupervisor.start()
      const dynamic = await DynamicSupervisor.startChild(
        supervisor,
        child(slowpoke, { name: false, mailbox }),
      )
      const defined = await startServer(marked)
      const spawned = spawn(deaf, undefined, { placement: 'thread' })
      const own = spawn(deaf, undefined, { mailbox })
      assert.ok(dynamic && defined)
      const targets: [Pid, number][] = [
        [dynamic, 4],
        [defined.pid(), 3],
        [spawned, 3],
        [own, 4],
      ]
      for (const [pid, dropped] of targets) {
        // A function answers no call: what it is asked stays in its mailbox.
        const isFunction = pid === spawned || pid === own
        const suspended = sys.suspend(pid, isFunction ? { timeoutMs: 10 } : {})
        await (isFunction ? suspended.catch(() => {}) : suspended)
        for (let index = 0; index < 5; index++) send(pid, index)
        if (isFunction) {
          assert.equal((await processInfo(pid, 'dropped'))?.dropped, dropped + 1)
        } else assert.equal((await processInfo(pid, 'dropped'))?.dropped, dropped)
      }
      assert.equal(refOf(marked, defined.pid()).target, defined.pid())
    }))

  const bad: [unknown, RegExp][] = [
    [{ highWater: 0 }, /mailbox.highWater: expected an integer from 1/],
    [{ highWater: '5' }, /mailbox.highWater: expected a number/],
    [{ highWater: 5, policy: 'drop' }, /mailbox.policy: expected 'drop-oldest', 'drop-newest'/],
    [{ highwater: 5 }, /unknown option 'highwater'. Did you mean 'highWater'/],
    [5, /mailbox: expected an object of options/],
  ]
  for (const [mailbox, message] of bad) {
    it(`is refused as ${JSON.stringify(mailbox)}`, () => {
      const options = { mailbox: mailbox as MailboxOptions }
      const spec = { name: 'bad', init: () => 0, ...options }
      assert.throws(() => child(slowpoke, options), { message })
      assert.throws(() => spawn(() => 0, undefined, options), { message })
      assert.throws(() => startServer(slowpoke, undefined, options), { message })
      assert.throws(() => server(import.meta, spec), { message })
    })
  }
})

describe('the events of mailboxes', () => {
  let runtime: Runtime
  const heard: { readonly name: string; readonly event: Record<string, unknown> }[] = []
  const note = (event: unknown, name: string | symbol): void => {
    heard.push({ name: String(name), event: event as Record<string, unknown> })
  }
  before(async () => {
    for (const name of [BOUND_HIT, HIGH_WATER]) diagnosticsChannel.subscribe(name, note)
    runtime = await startRuntime({ children: [] })
  })
  after(async () => {
    await runtime.stop()
    for (const name of [BOUND_HIT, HIGH_WATER]) diagnosticsChannel.unsubscribe(name, note)
  })

  const of = (pid: Pid, name: string): Record<string, unknown>[] =>
    heard.filter((one) => one.name === name && one.event['pid'] === pid).map(({ event }) => event)

  everywhere(
    'tell of every hit, the first at once, the others summed up',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 1, policy: 'drop-newest' })
      for (let index = 0; index < 5001; index++) send(pid, index)
      await until('all hits were told', () => {
        const counts = of(pid, BOUND_HIT).map(({ count }) => Number(count))
        return counts.reduce((sum, count) => sum + count, 0) === 5000
      })
      const events = of(pid, BOUND_HIT)
      assert.ok(events.length <= 5, `${events.length} events`)
      assert.equal(events[0]?.['count'], 1)
      assert.equal(events.at(-1)?.['total'], 5000)
      assert.equal(events[0]?.['policy'], 'drop-newest')
      await release()
    },
    PLACES,
  )

  everywhere(
    'tell once of a mailbox without a policy that is over its mark',
    async (placement) => {
      const { pid, release } = await held(placement, { highWater: 50 })
      for (let index = 0; index < 500; index++) send(pid, index)
      await until('it was told', () => of(pid, HIGH_WATER).length > 0)
      assert.equal(of(pid, HIGH_WATER)[0]?.['highWater'], 50)
      assert.deepEqual(await infoOf(pid), [500, 0, 0])
      for (let index = 0; index < 500; index++) send(pid, index)
      await arrived(pid)
      await release()
      assert.equal(of(pid, HIGH_WATER).length, 1)
    },
    PLACES,
  )

  it('tell of a mailbox that nobody has set a mark for at 10000', () =>
    asActor(async () => {
      const pid = spawn(() => new Promise(() => {}))
      for (let index = 0; index < 10_000; index++) send(pid, index)
      await arrived(pid)
      assert.deepEqual(of(pid, HIGH_WATER), [])
      send(pid, 'one more')
      await until('it was told', () => of(pid, HIGH_WATER).length > 0)
      assert.equal(of(pid, HIGH_WATER)[0]?.['highWater'], 10_000)
    }))
})
