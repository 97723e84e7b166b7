import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ExitReason,
  isDownMessage,
  isExitMessage,
  isReport,
  link,
  monitor,
  type Placement,
  type Runtime,
  receive,
  reportsTo,
  self,
  send,
  spawn,
  spawnMonitor,
  startRuntime,
  startServer,
  stop,
  trapExit,
  whereis,
} from '../../runtime/index.ts'
import { puppet, START, trapper } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  DETAILED,
  downWith,
  everywhere,
  exitOf,
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

describe('PLB the start protocol', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere('PLB-001 start waits for the init that takes its time', async (placement) => {
    const ref = await startPuppet({ probe: self(), initMs: 20 }, { placement, link: false })
    const { pid } = await nextReport('born')
    assert.equal(ref.pid(), pid)
  })

  everywhere('PLB-002 a linked start waits, and the link is there', async (placement) => {
    const ref = await startPuppet({ initMs: 20 }, { placement })
    ref.cast('stops', BOOM)
    assert.deepEqual(await exitOf(ref.pid()), BOOM)
  })

  for (const linked of [true, false]) {
    everywhere(
      `PLB-003 a crash before the answer fails the ${linked ? 'linked ' : ''}start`,
      async (placement) => {
        const args = { start: START.throws, id: 'x' }
        await assert.rejects(startPuppet(args, { placement, link: linked }), {
          code: 'ERR_START_FAILED',
          why: 'threw',
        })
      },
    )
  }

  everywhere('PLB-004 a failed start is told when the name is free again', async (placement) => {
    for (let round = 0; round < 5; round++) {
      const options = { name: 'plb-004', placement, link: false }
      await assert.rejects(startPuppet({ start: START.throws }, options), {
        code: 'ERR_START_FAILED',
      })
      assert.equal(whereis('plb-004'), undefined)
    }
    const ref = await startPuppet({}, { name: 'plb-004', placement })
    await stop(ref)
  })

  const ways = [
    ['stop', START.exits, 'ERR_START_FAILED'],
    ['ignore', START.ignores, undefined],
    ['error', START.refuses, 'ERR_START_FAILED'],
    ['raise', START.throws, 'ERR_START_FAILED'],
    ['timeout', START.hangs, 'ERR_START_FAILED'],
  ] as const
  for (const [way, start, code] of ways) {
    it(`PLB-005 a start that fails by ${way} has given up its resource by then`, () =>
      asActor(async () => {
        for (const link of [true, false]) {
          for (let round = 0; round < 5; round++) {
            const args = { start, resource: 'plb-005' }
            const options = way === 'timeout' ? { link, timeoutMs: 20 } : { link }
            const started = startServer(puppet, args, options)
            if (code) await assert.rejects(started, { code })
            else assert.equal(await started, undefined)
            assert.equal(whereis('plb-005'), undefined)
          }
        }
      }))
  }

  everywhere('PLB-006 no EXIT of a failed linked start is left behind', async (placement) => {
    await assert.rejects(startPuppet({ start: START.exits }, { placement }))
    await none(isExitMessage)
    const other = await startPuppet({}, { placement })
    await other.call('echo', 1)
    await none(isExitMessage)
  })

  const fates = [
    ['stops with a reason: the link ends the starter', START.exits, { type: 'why' }],
    ['is ignored: the starter lives', START.ignores, NORMAL],
    ['is refused: the starter lives', START.refuses, NORMAL],
  ] as const
  for (const [fate, start, expected] of fates) {
    everywhere(`PLB-007 without trapping, a linked start ${fate}`, async (placement) => {
      const { ref } = spawnMonitor(async () => {
        await startServer(puppet, { start }, { placement }).catch(() => {})
      })
      assert.deepEqual(await downWith(ref), expected)
    })
  }

  everywhere('PLB-008 a start that is late is killed and dead', async (placement) => {
    const options = { placement, timeoutMs: 100, name: 'plb-008' }
    const args = { start: START.hangs, probe: self(), id: 'late' }
    await assert.rejects(startPuppet(args, options), {
      code: 'ERR_START_FAILED',
      why: 'timed-out',
    })
    await newbornIsDead()
    assert.equal(whereis('plb-008'), undefined)
    await none(isExitMessage)
  })
})

describe('PLB crash reports', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  /** Ends one puppet with each reason in turn; the last must be abnormal. */
  async function crash(placement: Placement, ...reasons: ExitReason[]): Promise<void> {
    for (const reason of reasons) {
      const ref = await startPuppet({}, { placement })
      ref.cast('stops', reason)
      await exitOf(ref.pid())
    }
  }

  everywhere(
    'PLB-011 there is none for shutdown, with or without detail, and for normal',
    async (placement) => {
      await reportsTo(self())
      await crash(placement, SHUTDOWN, DETAILED, NORMAL, BOOM)
      const first = await nextRuntimeReport('crash-report')
      assert.deepEqual(first.reason, BOOM)
    },
    ['[same thread]', '[other thread]'],
  )

  everywhere('PLB-012 says who crashed, of what, and below whom', async (placement) => {
    await reportsTo(self())
    const ref = await startPuppet({}, { placement, name: 'plb-012' })
    const pid = ref.pid()
    await assert.rejects(ref.call('throws', 'die'))
    const { process, reason, level } = await nextRuntimeReport('crash-report')
    assert.equal(level, 'error')
    assert.equal(process.pid, pid)
    assert.equal(process.initialCall, 'puppet')
    assert.equal(process.name, 'plb-012')
    assert.equal(process.ancestors[0], self())
    assert.deepEqual(process.links, [self()])
    assert.match(JSON.stringify(reason), /RangeError.*die.*puppet\.[jt]s/)
  })

  it('PLB-012 names the neighbours that will die too', () =>
    asActor(async () => {
      await reportsTo(self())
      const ref = await startPuppet()
      const near = spawn(async () => {
        link(ref.pid())
        await receive()
      })
      const trapping = spawn(async () => {
        trapExit(true)
        link(ref.pid())
        await receive()
      })
      await ref.call('echo', 1)
      ref.cast('stops', BOOM)
      const { neighbours } = await nextRuntimeReport('crash-report')
      assert.deepEqual(
        neighbours.map(({ pid }) => pid),
        [near],
      )
      send(trapping, 'end')
    }))
})

describe('PLB stop', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere('PLB-015 returns after a death with reason normal', async (placement) => {
    const ref = await startPuppet({}, { placement })
    const watch = monitor(ref.pid())
    await stop(ref.pid())
    const down = await receive(isDownMessage, WAIT)
    assert.deepEqual([down?.ref, down?.reason], [watch, NORMAL])
  })

  everywhere('PLB-016 of the dead or the unknown fails with noproc', async (placement) => {
    const ref = await startPuppet({}, { placement })
    await stop(ref)
    await assert.rejects(stop(ref), { code: 'ERR_NO_PROCESS', reason: { type: 'noproc' } })
    await assert.rejects(stop('plb-016'), { code: 'ERR_NO_PROCESS' })
  })

  everywhere('PLB-017 fails with the other reason of a death meanwhile', async (placement) => {
    const ref = await startTrapper({ lastReason: BOOM }, { placement })
    await assert.rejects(stop(ref), { code: 'ERR_PROCESS_DOWN', reason: BOOM })
  })

  it('PLB-018 gives up on one that does not listen, which lives on', () =>
    asActor(async () => {
      const me = self()
      const deaf = spawn(async () => {
        await receive((m) => m === 'end')
        send(me, 'ended')
      })
      await assert.rejects(stop(deaf, NORMAL, { timeoutMs: 10 }), {
        code: 'ERR_CALL_TIMEOUT',
        reason: { type: 'timeout' },
      })
      send(deaf, 'end')
      assert.equal(await receive((m) => m === 'ended', WAIT), 'ended')
    }))

  everywhere('PLB-019 ends it with any reason', async (placement) => {
    const ref = await startTrapper({}, { placement })
    await stop(ref, { type: 'other_reason' }, { timeoutMs: Number.POSITIVE_INFINITY })
    assert.deepEqual(await exitOf(ref.pid()), { type: 'other_reason' })
  })

  everywhere('PLB-020 fails with the error of terminate', async (placement) => {
    const ref = await startTrapper({ terminateThrows: 'in terminate' }, { placement })
    await assert.rejects(stop(ref, { type: 'crash' }), (error: Error) => {
      assert.match(JSON.stringify(error), /RangeError.*in terminate/)
      return true
    })
  })

  everywhere('PLB-021 by name frees the name', async (placement) => {
    await startServer(trapper, {}, { placement, name: 'plb-021' })
    await stop('plb-021')
    assert.equal(whereis('plb-021'), undefined)
  })

  it('PLB-011 the reports end with their reader', () =>
    asActor(async () => {
      const reader = spawnMonitor(async () => {
        await reportsTo(self())
        await receive(isReport, WAIT)
      })
      await asActor(async () => {
        await reportsTo(self())
        const ref = await startPuppet()
        ref.cast('stops', KILLED)
        await nextRuntimeReport('crash-report')
      })
      assert.deepEqual(await downWith(reader.ref), NORMAL)
    }))
})
