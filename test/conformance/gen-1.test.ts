import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  call,
  cast,
  exit,
  isDownMessage,
  monitor,
  type Runtime,
  receive,
  refOf,
  reportsTo,
  self,
  server,
  spawnMonitor,
  startRuntime,
  startServer,
  stop,
  whereis,
} from '../../runtime/index.ts'
import { leaving, puppet, START, trapper } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  DETAILED,
  downOf,
  downWith,
  everywhere,
  exitOf,
  isPuppetReport,
  KILL,
  KILLED,
  NORMAL,
  newbornIsDead,
  nextReport,
  nextRuntimeReport,
  none,
  SHUTDOWN,
  startPuppet,
  startTrapper,
  WAIT,
} from './behaviour-support.ts'

describe('GEN starting and stopping', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere('GEN-001 answers until it was stopped, then noproc', async (placement) => {
    const ref = await startPuppet({}, { placement, link: false })
    assert.equal(await ref.call('echo', 7), 7)
    const value = await ref.call('stopsWithReply', { reason: NORMAL, value: 'bye' })
    assert.equal(value, 'bye')
    await downOf(ref.pid())
    await assert.rejects(ref.call('echo', 8), {
      code: 'ERR_NO_PROCESS',
      reason: { type: 'noproc' },
      call: { target: ref.pid(), name: 'echo', timeoutMs: 5000 },
    })
  })

  everywhere('GEN-002 a start that is late fails with timeout and is killed', async (placement) => {
    const args = { probe: self(), id: 'late', start: START.hangs }
    await assert.rejects(startPuppet(args, { placement, timeoutMs: 100 }), {
      why: 'timed-out',
      reason: { type: 'timeout' },
    })
    await newbornIsDead()
  })

  everywhere('GEN-003 an init that ignores is no failure', async (placement) => {
    assert.equal(await startServer(puppet, { start: START.ignores }, { placement }), undefined)
  })

  everywhere('GEN-004 refused: the reason is told, the process ended normal', async (placement) => {
    await reportsTo(self())
    const reason = { type: 'not_today' }
    const watched = spawnMonitor(async () => {
      const started = startPuppet({ start: START.refuses, reason }, { placement })
      await assert.rejects(started, { why: 'refused', reason })
    })
    assert.deepEqual(await downWith(watched.ref), NORMAL)
    const ref = await startPuppet({}, { placement })
    ref.cast('stops', BOOM)
    assert.deepEqual((await nextRuntimeReport('crash-report')).reason, BOOM)
  })

  everywhere('GEN-005 stopped in init: told, and ended with the reason', async (placement) => {
    const reason = { type: 'not_today' }
    const watched = spawnMonitor(async () => {
      await startPuppet({ start: START.exits, reason }, { placement })
    })
    assert.deepEqual(await downWith(watched.ref), reason, 'the link carries it')
    const started = startPuppet({ start: START.exits, reason }, { placement })
    await assert.rejects(started, { why: 'exited', reason })
  })

  everywhere('GEN-006 a linked trapping starter gets the EXIT', async (placement) => {
    const ref = await startPuppet({}, { placement })
    ref.cast('stops', { type: 'stopped' })
    assert.deepEqual(await exitOf(ref.pid()), { type: 'stopped' })
  })

  everywhere('GEN-008 a second start of a name tells who has it', async (placement) => {
    const first = await startPuppet({}, { placement, name: 'gen-008' })
    for (const link of [true, false]) {
      const args = { probe: self(), id: 'second' }
      await assert.rejects(startPuppet(args, { placement, name: 'gen-008', link }), {
        code: 'ERR_ALREADY_STARTED',
        pid: first.pid(),
      })
    }
    await none((m) => !isDownMessage(m))
    await stop(first)
  })

  everywhere('GEN-010 the name is registered before init runs', async (placement) => {
    await startPuppet({ probe: self(), id: 'gen-010' }, { placement, name: 'gen-010' })
    const { named, pid } = await nextReport('init')
    assert.equal(named, pid)
    await stop('gen-010')
  })

  for (const [how, start] of [
    ['ignore', START.ignores],
    ['stop', START.exits],
  ] as const) {
    it(`GEN-011 after a start that ends with ${how} the name is free, 100 times`, () =>
      asActor(async () => {
        for (let round = 0; round < 100; round++) {
          await startServer(puppet, { start }, { name: 'gen-011' }).catch(() => {})
          assert.equal(whereis('gen-011'), undefined)
        }
      }))
  }

  everywhere('GEN-014 stop returns when it is dead; the second fails', async (placement) => {
    const ref = await startPuppet({}, { placement })
    await stop(ref.pid())
    assert.deepEqual(await exitOf(ref.pid()), NORMAL)
    await assert.rejects(stop(ref.pid()), { code: 'ERR_NO_PROCESS' })
  })

  everywhere('GEN-015 stop with another reason', async (placement) => {
    const ref = await startPuppet({}, { placement })
    await stop(ref, { type: 'other_reason' }, { timeoutMs: Number.POSITIVE_INFINITY })
    assert.deepEqual(await exitOf(ref.pid()), { type: 'other_reason' })
  })

  everywhere('GEN-016 stop with a bad timeout throws and stops nothing', async (placement) => {
    const ref = await startPuppet({}, { placement })
    assert.throws(() => stop(ref, NORMAL, { timeoutMs: -1 }), RangeError)
    assert.throws(() => stop(ref, NORMAL, { timeoutMs: Number.NaN }), TypeError)
    assert.equal(await ref.call('echo', 1), 1)
  })

  for (const id of ['GEN-017', 'GEN-019']) {
    everywhere(`${id} stop by name, seen from any thread`, async (placement) => {
      await startPuppet({}, { placement, name: id })
      await stop(id)
      await assert.rejects(stop(id), { code: 'ERR_NO_PROCESS' })
    })
  }

  it('GEN-021 stop in another thread; noproc; noconnection once that thread is lost', () =>
    asActor(async () => {
      const ref = await startPuppet({}, { placement: 'thread', link: false })
      await stop(ref)
      await assert.rejects(stop(ref), { code: 'ERR_NO_PROCESS' })
      const placement = { thread: 'gen-021' }
      const doomed = await startPuppet({}, { placement, link: false })
      const leaver = await startServer(leaving, undefined, { placement, link: false })
      const watch = monitor(doomed.pid())
      const stopped = assert.rejects(doomed.call('never', undefined, WAIT), {
        code: 'ERR_PROCESS_DOWN',
      })
      leaver?.cast('leave')
      await stopped
      assert.equal((await downWith(watch)).type, 'noconnection')
      await assert.rejects(stop(doomed))
    }))

  it('GEN-024 stop fails with the actual reason if terminate raises', () =>
    asActor(async () => {
      const ref = await startTrapper({ terminateThrows: 'oops' })
      await assert.rejects(stop(ref), /RangeError: oops/)
    }))

  everywhere('GEN-025 stop gives up; the server goes on ending', async (placement) => {
    const ref = await startTrapper({ terminateMs: 100 }, { placement })
    await assert.rejects(stop(ref, NORMAL, { timeoutMs: 10 }), { code: 'ERR_CALL_TIMEOUT' })
    assert.deepEqual(await exitOf(ref.pid()), NORMAL)
  })

  it('GEN-028 whatever init returns is the state, so there is no bad value', () =>
    asActor(async () => {
      for (const state of [undefined, null, 0, 'text']) {
        const odd = server(import.meta, {
          name: 'odd',
          init: () => state,
          calls: { read: (own: typeof state) => ({ reply: own, state: own }) },
        })
        const ref = await startServer(odd)
        assert.equal(await ref?.call('read'), state)
      }
    }))

  it('GEN-073 without an init there is no server', () => {
    assert.throws(() => server(import.meta, { name: 'none' } as never), /expected init to be/)
  })
})

describe('GEN calls and casts', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  for (const [way, reason] of [
    ['exits', DETAILED],
    ['stops', DETAILED],
    ['exits', SHUTDOWN],
    ['stops', SHUTDOWN],
  ] as const) {
    everywhere(
      `GEN-026 a handler that ${way} with ${JSON.stringify(reason)}: call and link tell it, no report`,
      async (placement) => {
        await reportsTo(self())
        const ref = await startPuppet({}, { placement })
        await assert.rejects(ref.call(way, reason), { code: 'ERR_PROCESS_DOWN', reason })
        assert.deepEqual(await exitOf(ref.pid()), reason)
        const other = await startPuppet({}, { placement })
        await assert.rejects(other.call('exits', BOOM))
        assert.deepEqual((await nextRuntimeReport('server-report')).reason, BOOM)
        assert.deepEqual((await nextRuntimeReport('crash-report')).reason, BOOM)
      },
      ['[same thread]', '[other thread]'],
    )
  }

  everywhere('GEN-027 a crash: one server report and one crash report', async (placement) => {
    await reportsTo(self())
    const ref = await startPuppet({ id: 'state' }, { placement, name: 'gen-027' })
    const pid = ref.pid()
    await assert.rejects(ref.call('throws', 'crashed'), /RangeError: crashed/)
    const report = await nextRuntimeReport('server-report')
    assert.deepEqual([report.pid, report.server, report.client], [pid, 'gen-027', self()])
    assert.equal(report.lastMessage, 'crashed')
    assert.match(JSON.stringify(report.state), /"id":"state"/)
    assert.match(JSON.stringify(report.reason), /crashed.*puppet\.[jt]s/)
    assert.equal((await nextRuntimeReport('crash-report')).process.pid, pid)
    const other = await startPuppet({}, { placement })
    other.cast('stops', BOOM)
    assert.equal((await nextRuntimeReport('server-report')).pid, other.pid())
    assert.equal((await nextRuntimeReport('crash-report')).process.pid, other.pid())
  })

  everywhere('GEN-029 a reply may come later, from outside the handler', async (placement) => {
    const ref = await startPuppet({}, { placement })
    assert.equal(await ref.call('late', 5), 'late')
  })

  everywhere(
    'GEN-031 a call that takes too long fails, and its caller goes on',
    async (placement) => {
      const ref = await startPuppet({}, { placement })
      await assert.rejects(ref.call('never', undefined, { timeoutMs: 1 }), {
        code: 'ERR_CALL_TIMEOUT',
        reason: { type: 'timeout' },
        call: { target: ref.pid(), name: 'never', timeoutMs: 1 },
      })
      assert.equal(await ref.call('echo', 2), 2)
    },
  )

  everywhere('GEN-032 a handler that returns garbage ends the server', async (placement) => {
    const ref = await startPuppet({}, { placement })
    const reason = { type: 'bad_return_value', value: 'garbage' }
    await assert.rejects(ref.call('garbage'), { reason })
    assert.deepEqual(await exitOf(ref.pid()), reason)
  })

  everywhere('GEN-033 a late reply never gets into the mailbox', async (placement) => {
    const ref = await startPuppet({}, { placement })
    await assert.rejects(ref.call('late', 20, { timeoutMs: 1 }), { code: 'ERR_CALL_TIMEOUT' })
    assert.equal(await ref.call('slow', 40), 'slow')
    await none(() => true)
  })

  everywhere('GEN-034 the server still does what nobody waits for', async (placement) => {
    const ref = await startPuppet({}, { placement })
    await assert.rejects(ref.call('slow', 20, { timeoutMs: 1 }), { code: 'ERR_CALL_TIMEOUT' })
    assert.deepEqual(await ref.call('seen'), ['slow'])
  })

  everywhere('GEN-035 a death ends the call at once', async (placement) => {
    const ref = await startPuppet({}, { placement })
    const pending = assert.rejects(ref.call('never', undefined, { timeoutMs: 600_000 }), {
      reason: KILLED,
    })
    exit(ref.pid(), KILL)
    await pending
  })

  everywhere(
    'GEN-036 stopping without a reply fails the call with the reason',
    async (placement) => {
      const ref = await startPuppet({}, { placement })
      await assert.rejects(ref.call('stops', NORMAL), { code: 'ERR_PROCESS_DOWN', reason: NORMAL })
    },
  )

  everywhere(
    'GEN-037 stop with reply: terminate, then the reply, then the end',
    async (placement) => {
      const ref = await startTrapper({ probe: self(), terminateMs: 20 }, { placement })
      await nextReport('born')
      assert.equal(await ref.call('stopsWithReply', { reason: BOOM, value: 'bye' }), 'bye')
      const gone = await receive((m) => isPuppetReport(m) && m.type === 'gone', { timeoutMs: 0 })
      assert.ok(gone, 'terminate ran before the reply')
      assert.deepEqual(await exitOf(ref.pid()), BOOM)
    },
  )

  everywhere('GEN-038 the reply comes even if terminate raises', async (placement) => {
    const ref = await startTrapper({ terminateThrows: 'E' }, { placement })
    assert.equal(await ref.call('stopsWithReply', { reason: BOOM, value: 'bye' }), 'bye')
    assert.match(JSON.stringify(await exitOf(ref.pid())), /RangeError.*"E"/)
  })

  it('GEN-040 calling oneself fails at once, by pid and by name', () =>
    asActor(async () => {
      const ref = await startPuppet({}, { name: 'gen-040' })
      for (const target of [ref.pid(), 'gen-040']) {
        const call = (): Promise<string> =>
          refOf(puppet, target)
            .call('echo', 1)
            .then(String, (error: Error & { code?: string }) => String(error.code))
        assert.equal(await ref.call('callSelf', call), 'ERR_CALLING_SELF')
      }
      await assert.rejects(call(self(), 'anything'), {
        code: 'ERR_CALLING_SELF',
        reason: { type: 'calling_self' },
      })
      await stop(ref)
    }))

  everywhere('GEN-043 casts: handled, with a timeout, to stop', async (placement) => {
    const ref = await startTrapper({ probe: self() }, { placement, name: 'gen-043' })
    cast('gen-043', 'note', 'one')
    cast('gen-043', 'next', { timeoutMs: 5 })
    assert.deepEqual((await nextReport('info')).message, { type: 'timeout' })
    assert.deepEqual(await ref.call('seen'), ['one', 'cast', { type: 'timeout' }])
    cast('gen-043', 'stops', BOOM)
    assert.deepEqual((await nextReport('gone')).reason, BOOM)
  })

  it('GEN-044 a cast to the unknown or the dead does nothing', () =>
    asActor(async () => {
      const ref = await startPuppet()
      await stop(ref)
      cast(ref.pid(), 'note', 'x')
      cast('nobody at all', 'note', 'x')
      refOf(trapper, 'nobody at all').cast('note', 'x')
    }))

  for (const by of ['pid', 'name'] as const) {
    everywhere(
      `GEN-066 a call by ${by} right after an exit fails and never hangs`,
      async (placement) => {
        const ref = await startPuppet({}, { placement, name: 'gen-066' })
        exit(ref.pid(), BOOM)
        const target = by === 'pid' ? ref.pid() : 'gen-066'
        await assert.rejects(call(target, 'echo', 1, { timeoutMs: 600_000 }), (error: Error) =>
          /boom|no actor/.test(error.message),
        )
        await exitOf(ref.pid())
      },
      ['[same thread]', '[own thread]', '[root thread]'],
    )
  }

  it('GEN-067 a call without limit fails promptly when the thread is gone', () =>
    asActor(async () => {
      const placement = { thread: 'gen-067' }
      const ref = await startPuppet({}, { placement, link: false })
      const leaver = await startServer(leaving, undefined, { placement, link: false })
      const options = { timeoutMs: Number.POSITIVE_INFINITY }
      const pending = assert.rejects(ref.call('never', undefined, options), /noconnection/)
      leaver?.cast('leave')
      await pending
    }))
})
