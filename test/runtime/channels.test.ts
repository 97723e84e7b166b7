import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { after, before, describe, it } from 'node:test'
import {
  type ChannelReceiver,
  channel,
  exit,
  type Pid,
  type Placement,
  type Runtime,
  receive,
  self,
  spawn,
  startRuntime,
} from '../../runtime/index.ts'
import { asActor, downOf, until, WAIT } from '../conformance/behaviour-support.ts'
import {
  blocking,
  impatient,
  isSummary,
  readAll,
  readings,
  recordOf,
  type SinkArgs,
  type SourceArgs,
  type Summary,
  sink,
  source,
} from '../fixtures/runtime/channels.ts'

const RECORDS = 20_000
const plain = channel({ name: 'plain', record: { id: 'u32' }, capacity: 4 })

async function summary(): Promise<Summary> {
  const message = await receive(isSummary, WAIT)
  assert.ok(message, 'the summary came in time')
  return message
}

async function opened(): Promise<void> {
  assert.ok(await receive((message) => message === 'opened', WAIT), 'it opened its end in time')
}

async function sent(): Promise<{ readonly sent: number; readonly ended: unknown }> {
  const message = await receive(
    (m): m is { sent: number; ended: unknown } =>
      typeof m === 'object' && m !== null && 'sent' in m,
    WAIT,
  )
  assert.ok(message, 'the source was done in time')
  return message
}

function startSource(args: Partial<SourceArgs> & { handle: unknown }, placement: Placement): Pid {
  const all = { kind: 'readings', count: RECORDS, ending: 'close', ...args } as const
  return spawn(source, all, { placement })
}

function startSink(args: Partial<SinkArgs> & { handle: unknown }, placement: Placement): Pid {
  const all = { kind: 'readings', sleeps: 'actor', probe: self(), ...args } as const
  return spawn(sink, all, { placement })
}

describe('a channel', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  const ways: readonly (readonly [
    string,
    SinkArgs['sleeps'],
    Placement,
    'readings' | 'blocking',
    Placement,
  ])[] = [
    ['from this thread to another', 'actor', 'here', 'readings', 'thread'],
    ['from another thread to this one', 'actor', 'thread', 'readings', 'here'],
    ['within a thread', 'actor', 'here', 'readings', 'here'],
    ['to the root thread', 'actor', 'thread', 'readings', 'root'],
    ['to a thread that sleeps', 'thread', 'thread', 'readings', 'thread'],
    ['from a thread that sleeps', 'actor', 'thread', 'blocking', 'here'],
    ['between threads that sleep', 'thread', 'thread', 'blocking', 'thread'],
  ]
  for (const [title, sleeps, from, kind, to] of ways) {
    it(`brings every record ${title} once, in order, whole`, () =>
      asActor(async () => {
        const handle = (kind === 'readings' ? readings : blocking).create()
        startSink({ kind, handle, sleeps }, to)
        startSource({ kind, handle }, from)
        assert.deepEqual(await summary(), {
          type: 'summary',
          inOrder: RECORDS,
          count: RECORDS,
          ended: { type: 'normal' },
        })
      }))
  }

  const deaths: readonly (readonly [SourceArgs['ending'], string])[] = [
    ['return', 'normal'],
    ['throw', 'error'],
    ['exit', 'worker_exit'],
  ]
  for (const sleeps of ['actor', 'thread'] as const) {
    for (const [ending, type] of deaths) {
      it(`tells a receiver whose ${sleeps} sleeps why the sender has ended (${ending}), after all that it sent`, () =>
        asActor(async () => {
          const handle = readings.create()
          const args = { handle, ending, count: 500, probe: self(), isExpected: true }
          const mayEnd = startSource(args, 'thread')
          await opened()
          startSink({ handle, sleeps, mayEnd }, 'thread')
          const { inOrder, ended } = await summary()
          assert.deepEqual([inOrder, (ended as { type: unknown }).type], [500, type])
        }))
    }
  }

  it('brings what a thread has sent that was killed in a loop', () =>
    asActor(async () => {
      const handle = readings.create()
      const receiver = readings.receiver(handle)
      const pid = startSource({ handle, ending: 'spin', count: 40 }, 'thread')
      await until('all was sent', () => receiver.size === 40)
      exit(pid, { type: 'kill' })
      const { inOrder, ended } = await readAll(receiver)
      assert.deepEqual([inOrder, ended], [40, { type: 'killed' }])
    }))

  it('can be read when its sender has long ended', () =>
    asActor(async () => {
      const handle = readings.create()
      await downOf(startSource({ handle, ending: 'return', count: 10 }, 'thread'))
      const { inOrder, ended } = await readAll(readings.receiver(handle))
      assert.deepEqual([inOrder, ended], [10, { type: 'noproc' }])
    }))

  for (const [ending, type] of [
    ['close', 'normal'],
    ['throw', 'error'],
    ['exit', 'worker_exit'],
  ] as const) {
    for (const kind of ['readings', 'blocking'] as const) {
      it(`tells a sender of ${kind} why the receiver has ended (${ending})`, () =>
        asActor(async () => {
          const handle = (kind === 'readings' ? readings : blocking).create()
          const mayEnd = startSink({ kind, handle, until: 100, ending }, 'thread')
          await opened()
          startSource({ kind, handle, ending: 'stay', probe: self(), mayEnd }, 'thread')
          const { sent: count, ended } = await sent()
          assert.ok(count >= 100 && count < RECORDS, `${count} were sent`)
          assert.equal((ended as { type: unknown }).type, type)
        }))
    }
  }

  it('lets each end be opened once', () =>
    asActor(async () => {
      const handle = plain.create()
      plain.sender(handle)
      plain.receiver(handle)
      const taken = {
        name: 'ChannelTaken',
        code: 'ERR_CHANNEL_TAKEN',
        channel: 'plain',
        pid: self(),
      }
      assert.throws(() => plain.sender(handle), { ...taken, end: 'sender' })
      assert.throws(() => plain.receiver(handle), { ...taken, end: 'receiver' })
    }))

  it('is opened with a handle of its kind only', () => {
    for (const handle of [
      undefined,
      {},
      readings.create(),
      { ...plain.create(), memory: new SharedArrayBuffer(8) },
    ]) {
      assert.throws(() => plain.receiver(handle), {
        name: 'TypeError',
        message: /^plain\.receiver: expected what plain\.create\(\) returned/,
      })
    }
  })

  it('sends nothing through an end that was closed', () => {
    const handle = plain.create()
    const [sender, receiver] = [plain.sender(handle), plain.receiver(handle)]
    sender.close()
    sender.close()
    assert.equal(sender.send({ id: 1 }), false)
    assert.equal(sender.room, 0)
    receiver.close()
    assert.equal(receiver.take(), undefined)
  })

  it('is still read when the sender has closed it, and then over', () =>
    asActor(async () => {
      const handle = plain.create()
      const [sender, receiver] = [plain.sender(handle), plain.receiver(handle)]
      sender.send({ id: 1 })
      sender.close()
      assert.equal(await receiver.wait(), 'ready')
      assert.deepEqual(receiver.take(), { id: 1 })
      assert.equal(await receiver.wait(), 'ended')
    }))

  it('does nothing for leftover code of a dead actor', () =>
    asActor(async () => {
      const handle = plain.create()
      const receiver = plain.receiver(handle)
      let send = (): boolean => true
      const pid = spawn(() => {
        const sender = plain.sender(handle)
        send = () => sender.send({ id: 1 })
      })
      await downOf(pid)
      assert.equal(send(), false)
      assert.equal(receiver.size, 0)
    }))
})

describe('a wait at an end of a channel', () => {
  let runtime: Runtime
  let receiver: ChannelReceiver<{ readonly id: 'u32' }>
  let handle: unknown
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())
  const open = (): void => {
    handle = plain.create()
    receiver = plain.receiver(handle)
  }

  it('begins before the other end is opened, and ends with the first record', () =>
    asActor(async () => {
      open()
      const ready = receiver.wait(WAIT)
      const sender = plain.sender(handle)
      await new Promise((resolve) => setImmediate(resolve))
      sender.send({ id: 1 })
      assert.equal(await ready, 'ready')
    }))

  it('ends with its time, again and again', () =>
    asActor(async () => {
      open()
      assert.equal(await receiver.wait({ timeoutMs: 0 }), 'timeout')
      for (let round = 0; round < 3; round++) {
        assert.equal(await receiver.wait({ timeoutMs: 1 }), 'timeout')
      }
      const ready = receiver.wait(WAIT)
      plain.sender(handle).send({ id: 1 })
      assert.equal(await ready, 'ready')
    }))

  it('rejects with the reason of its signal', () =>
    asActor(async () => {
      open()
      const controller = new AbortController()
      const waiting = receiver.wait({ ...WAIT, signal: controller.signal })
      controller.abort(new Error('enough'))
      await assert.rejects(waiting, { message: 'enough' })
      await assert.rejects(receiver.wait({ signal: controller.signal }), { message: 'enough' })
    }))

  it('ends when its own side is closed', () =>
    asActor(async () => {
      open()
      const waiting = receiver.wait(WAIT)
      receiver.close()
      assert.equal(await waiting, 'ended')
      assert.equal(await receiver.wait(WAIT), 'ended')
    }))

  it('is one at a time', () =>
    asActor(async () => {
      open()
      const first = receiver.wait(WAIT)
      await assert.rejects(receiver.wait(WAIT), { name: 'TypeError', message: /already waits/ })
      receiver.close()
      assert.equal(await first, 'ended')
    }))

  it('refuses what it does not know', () =>
    asActor(async () => {
      open()
      await assert.rejects(receiver.wait({ timeoutMS: 1 } as never), /Did you mean 'timeoutMs'/)
      await assert.rejects(receiver.wait({ timeoutMs: -1 }), { name: 'RangeError' })
    }))

  it('must not block the main thread', () => {
    open()
    assert.throws(() => receiver.block({ timeoutMs: 1 }), {
      name: 'TypeError',
      message: /the main thread must not block/,
    })
    const other = blocking.create()
    assert.throws(() => blocking.sender(other), {
      name: 'TypeError',
      message: /the main thread must not block/,
    })
    blocking.receiver(other).close()
  })

  it('lets timers have their turn beside a sender that never rests', () =>
    asActor(async () => {
      const full = readings.create()
      const reader = readings.receiver(full)
      const pid = startSource({ handle: full, count: Number.POSITIVE_INFINITY }, 'thread')
      let isOver = false
      setTimeout(() => {
        isOver = true
      }, 1)
      while (!isOver && (await reader.wait(WAIT)) === 'ready') reader.drain(() => {})
      assert.ok(isOver)
      exit(pid, { type: 'kill' })
    }))
})

it('a wait at an end of a channel rejects when the runtime stops', async () => {
  const runtime = await startRuntime({ children: [] })
  const waiting = plain.receiver(plain.create()).wait(WAIT)
  await Promise.all([assert.rejects(waiting, { code: 'ERR_NOT_RUNNING' }), runtime.stop()])
})

describe('a full channel', () => {
  const heard: Readonly<Record<string, unknown>>[] = []
  const note = (event: unknown): void => {
    heard.push(event as Readonly<Record<string, unknown>>)
  }
  let runtime: Runtime
  before(async () => {
    diagnosticsChannel.subscribe('nodelens:channel:bound-hit', note)
    runtime = await startRuntime({ children: [] })
  })
  after(async () => {
    await runtime.stop()
    diagnosticsChannel.unsubscribe('nodelens:channel:bound-hit', note)
  })
  const told = (name: string): Readonly<Record<string, unknown>> | undefined =>
    heard.find((event) => event['channel'] === name)

  it('with reject refuses, counts and tells', () =>
    asActor(async () => {
      const handle = plain.create()
      const [sender, receiver] = [plain.sender(handle), plain.receiver(handle)]
      for (let id = 0; id < 4; id++) sender.send({ id })
      assert.throws(() => sender.send({ id: 4 }), {
        name: 'ChannelFull',
        code: 'ERR_CHANNEL_FULL',
        capacity: 4,
      })
      assert.equal(sender.dropped, 1)
      const { at, ...event } = told('plain') ?? {}
      assert.deepEqual(event, {
        pid: self(),
        thread: 0,
        channel: 'plain',
        policy: 'reject',
        capacity: 4,
        count: 1,
        total: 1,
      })
      assert.equal(typeof at, 'number')
      receiver.take()
      assert.equal(sender.send({ id: 5 }), true)
    }))

  it('with drop-newest keeps the oldest, and tells of many at once', () =>
    asActor(async () => {
      const handle = readings.create()
      const [sender, receiver] = [readings.sender(handle), readings.receiver(handle)]
      const taken = Array.from({ length: 60 }, (_, id) => sender.send(recordOf(id)))
      assert.deepEqual([taken.indexOf(false), sender.dropped], [50, 10])
      sender.close()
      const events = heard.filter((event) => event['channel'] === 'readings')
      assert.deepEqual(
        events.map(({ count, total }) => [count, total]),
        [
          [1, 1],
          [9, 10],
        ],
      )
      assert.equal((await readAll(receiver)).inOrder, 50)
    }))

  it('with block refuses when the time is over, in another thread too', () =>
    asActor(async () => {
      const handle = impatient.create()
      const receiver = impatient.receiver(handle)
      const reason = await downOf(startSource({ kind: 'impatient', handle, count: 3 }, 'thread'))
      assert.ok('error' in reason)
      assert.equal((reason['error'] as { code: unknown }).code, 'ERR_CHANNEL_FULL')
      assert.equal((await readAll(receiver)).inOrder, 2)
      await until('it was told', () => told('impatient')?.['policy'] === 'block')
    }))

  it('with block refuses to wait for a receiver of its own thread', () =>
    asActor(async () => {
      const handle = impatient.create()
      const thread = { thread: 'both-ends' }
      startSink({ kind: 'impatient', handle, until: 99 }, thread)
      const pid = startSource({ kind: 'impatient', handle, count: 3 }, thread)
      const reason = await downOf(pid)
      assert.ok('error' in reason)
      assert.match(
        (reason['error'] as { message: string }).message,
        /the same thread; it would never wake up/,
      )
    }))
})
