/** Extended cases that hold by what the core cases need. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  call,
  cancelTimer,
  cast,
  child,
  exit,
  formatReport,
  isReport,
  monitor,
  type Pid,
  processInfo,
  readTimer,
  receive,
  reportsTo,
  Supervisor,
  self,
  send,
  sendAfter,
  spawn,
  startServer,
  sys,
} from '../../runtime/index.ts'
import { open } from '../fixtures/conformance/sys-subject.ts'
import { slowpoke } from '../fixtures/runtime/slowpoke.ts'
import {
  asActor,
  eventually,
  inEachPlace,
  nextDown,
  PLACES,
  useRuntime,
  WAIT,
} from './placements.ts'

const KILL = { type: 'kill' }

describe('PRO process info', () => {
  useRuntime()

  inEachPlace('PRO-016 keys may be many, and the same twice', async (start) => {
    const b = start()
    const keys = Array.from({ length: 5000 }, (_, index) =>
      index % 2 === 0 ? ('handled' as const) : ('status' as const),
    )
    const info = await processInfo(b.pid, keys)
    assert.deepEqual(Object.keys(info ?? {}), ['handled', 'status'])
  })

  inEachPlace('PRO-018 looking at a mailbox loses nothing of it', async (start) => {
    const senders = Array.from({ length: 10 }, () => start())
    for (const sender of senders)
      sender.tell('send', self(), ...Array.from({ length: 50 }, () => 'x'))
    const isSent = (message: unknown): boolean => message === 'x'
    await eventually(async () => {
      const info = await processInfo(self(), 'messages')
      return info?.messages.filter(isSent).length === 500
    })
    for (let count = 0; count < 500; count++) assert.ok(await receive(isSent, { timeoutMs: 0 }))
    assert.equal(await receive(isSent, { timeoutMs: 0 }), undefined)
  })

  inEachPlace('PRO-021 length and messages are of the same moment', async (start) => {
    const b = start()
    b.tell('send', self(), ...Array.from({ length: 200 }, (_, index) => index))
    for (let round = 0; round < 20; round++) {
      const info = await processInfo(self(), ['messageQueueLength', 'messages'])
      assert.equal(info?.messages.length, info?.messageQueueLength)
    }
  })

  inEachPlace('PRO-023 asking for several things does not change the status', async (start) => {
    const b = start()
    await b.ask('ping')
    const keys = ['messages', 'status', 'links'] as const
    await eventually(async () => (await processInfo(b.pid, keys))?.status === 'waiting')
  })

  inEachPlace('PRO-031 every key of a busy actor is answered', async (start) => {
    const b = start()
    await b.ask('monitor', self())
    b.tell('send', b.pid, 1, 2, 3)
    const info = await processInfo(b.pid)
    const known = info ?? {}
    for (const key of [
      'busyMs',
      'currentFunction',
      'dropped',
      'links',
      'monitors',
      'priorityMessages',
    ])
      assert.ok(key in known, key)
  })

  inEachPlace('PRO-032 what stands for reductions never falls', async (start) => {
    const b = start()
    let before = 0
    for (let round = 0; round < 20; round++) {
      await b.ask('ping')
      const handled = (await processInfo(b.pid, 'handled'))?.handled ?? 0
      assert.ok(handled > before, `${handled} after ${before}`)
      before = handled
    }
  })

  inEachPlace('PRO-033 what was given at the spawn is the same seen from inside', async (start) => {
    const b = start({ trapExit: true, name: 'pro-033' })
    const keys = ['parent', 'ancestors', 'initialCall', 'trapExit', 'registeredName'] as const
    const outside = await processInfo(b.pid, keys)
    assert.deepEqual(await b.ask('ownInfo', keys), outside)
    assert.deepEqual([outside?.trapExit, outside?.registeredName], [true, 'pro-033'])
  })

  inEachPlace('PRO-037 a message to a halted or waiting actor wakes it', async (_, place) => {
    const server = await startServer(slowpoke, undefined, { placement: PLACES[place] })
    assert.ok(server)
    for (let round = 0; round < 20; round++) {
      await sys.suspend(server)
      cast(server.target, 'note', round)
      await sys.resume(server)
      assert.equal(await call(server.target, 'ask', 'x', WAIT), 'x')
    }
    const seen = await server.call('seen')
    assert.equal(seen.length, 40)
  })
})

describe('RCV, TMR, MON', () => {
  useRuntime()

  inEachPlace(
    'RCV-013 messages and a monitor that come while it is busy are all found',
    async (start) => {
      const b = start()
      const ref = monitor(b.pid)
      b.tell(
        'sendAndDie',
        self(),
        Array.from({ length: 200 }, (_, index) => index + 1),
        { type: 'done' },
      )
      for (let wanted = 1; wanted <= 200; wanted++) {
        assert.equal(await receive((message) => message === wanted, WAIT), wanted)
      }
      assert.deepEqual(await nextDown(ref), { type: 'done' })
    },
  )

  it('TMR-012 reading and cancelling agree; the answers that are messages come in order', () =>
    asActor(async () => {
      const timer = sendAfter(self(), 'never', 60_000)
      const left = readTimer(timer)
      assert.equal(readTimer(timer, { async: true }), true)
      assert.equal(cancelTimer(timer, { async: true }), true)
      const isAnswer = (m: unknown): m is { type: string; result: number } =>
        typeof m === 'object' && m !== null && 'result' in m
      const [read, cancelled] = [await receive(isAnswer, WAIT), await receive(isAnswer, WAIT)]
      assert.deepEqual([read?.type, cancelled?.type], ['read_timer', 'cancel_timer'])
      assert.ok(Math.abs(Number(left) - Number(read?.result)) <= 1000)
      assert.ok(Number(cancelled?.result) <= Number(read?.result))
      assert.equal(readTimer(timer), false)
    }))

  inEachPlace('MON-034 monitors in both directions leave nothing behind', async (start) => {
    const [b, c] = [start(), start()]
    for (let round = 0; round < 10; round++) {
      const back = await b.ask('monitor', c.pid)
      const forth = await c.ask('monitor', b.pid)
      await b.ask('demonitor', back, { flush: true })
      await c.ask('demonitor', forth, { flush: true })
    }
    await c.ask('monitor', b.pid)
    const gone = monitor(b.pid)
    exit(b.pid, KILL)
    await nextDown(gone)
    await c.ask('ping')
    const info = await processInfo(c.pid, ['monitors', 'monitoredBy'])
    assert.deepEqual(info, { monitors: [], monitoredBy: [] })
  })
})

describe('WRK bytes and floods', () => {
  useRuntime()

  inEachPlace(
    'WRK-011 a buffer in the transfer list is moved, to the dead too',
    async (start) => {
      const b = start()
      await b.ask('ping')
      for (const round of ['alive', 'dead']) {
        const buffer = new ArrayBuffer(8)
        send(b.pid, buffer, { transfer: [buffer] })
        assert.equal(buffer.byteLength, 0, round)
        const ref = monitor(b.pid)
        exit(b.pid, KILL)
        await nextDown(ref)
      }
    },
    ['two threads', 'root thread'],
  )

  inEachPlace(
    'WRK-018 what floods a blocked actor is bounded where that was asked for',
    async (_, place) => {
      const mailbox = { highWater: 10, policy: 'drop-oldest' } as const
      const server = await startServer(slowpoke, undefined, { placement: PLACES[place], mailbox })
      assert.ok(server)
      await sys.suspend(server)
      for (let index = 0; index < 1000; index++) cast(server.target, 'note', index)
      const info = await processInfo(server.pid(), ['messageQueueLength', 'dropped'])
      assert.deepEqual(info, { messageQueueLength: 10, dropped: 990 })
      await sys.resume(server)
      assert.deepEqual(
        await call(server.target, 'seen'),
        [990, 991, 992, 993, 994, 995, 996, 997, 998, 999],
      )
    },
  )
})

describe('PLB, SUP, EGS', () => {
  useRuntime()

  it('PLB-014 a spawned function is known by its name', () =>
    asActor(async () => {
      const toil = (): Promise<unknown> => receive()
      const info = await processInfo(spawn(toil), 'initialCall')
      assert.deepEqual(info, { initialCall: 'toil' })
    }))

  it('PLB-022, SUP-124 reports of huge and odd data are one bounded line', () =>
    asActor(async () => {
      await reportsTo(self())
      const odd: Record<string, unknown> = { text: 'x'.repeat(1_000_000), call: () => 0 }
      odd['self'] = odd
      spawn(() => exit({ type: 'odd', odd }))
      const report = await receive(isReport, WAIT)
      assert.ok(report)
      const line = formatReport(report, { maxLength: 300 })
      assert.ok(line.length <= 300 && !line.includes('\n'))
    }))

  it('SUP-046 a start by hand is a report for debugging, one with the supervisor for information', () =>
    asActor(async () => {
      await reportsTo(self())
      const spec = (id: string) => child(open, { id, name: false, placement: 'here' })
      const supervisor = await Supervisor.start({ children: [spec('a')] })
      await Supervisor.startChild(supervisor, spec('b'))
      const levels: string[] = []
      while (levels.length < 2) {
        const report = await receive(isReport, WAIT)
        assert.ok(report)
        if (report.type === 'progress-report') levels.push(`${report.started.id} ${report.level}`)
      }
      assert.deepEqual(levels, ['a info', 'b debug'])
      await Supervisor.stop(supervisor)
    }))

  it('EGS-006 no name is no registration', () =>
    asActor(async () => {
      const server = await startServer(open)
      assert.ok(server)
      const pid: Pid = server.pid()
      assert.deepEqual(await processInfo(pid, 'registeredName'), { registeredName: undefined })
    }))
})
