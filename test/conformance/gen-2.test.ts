import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  call,
  exit,
  isExitMessage,
  monitor,
  type Next,
  type Pid,
  type Placement,
  type Runtime,
  receive,
  refOf,
  reportsTo,
  self,
  send,
  server,
  spawn,
  startRuntime,
  startServer,
  stop,
} from '../../runtime/index.ts'
import { bare, puppet, trapper } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  everywhere,
  exitOf,
  KILL,
  KILLED,
  NORMAL,
  nextReport,
  nextRuntimeReport,
  none,
  SHUTDOWN,
  startPuppet,
  startTrapper,
  WAIT,
} from './behaviour-support.ts'

const TIMEOUT = { type: 'timeout' }

describe('GEN messages, timeouts and continuations', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('GEN-030 a call cancels the timeout of the reply before it', () =>
    asActor(async () => {
      const ref = await startPuppet({ probe: self() })
      await ref.call('next', { timeoutMs: 30 })
      await ref.call('next', {})
      assert.equal(await ref.call('slow', 60), 'slow')
      assert.deepEqual(await ref.call('seen'), ['slow'])
    }))

  everywhere('GEN-030 without a call it comes, and before the next call', async (placement) => {
    const ref = await startPuppet({ probe: self() }, { placement })
    await ref.call('next', { timeoutMs: 5 })
    assert.deepEqual((await nextReport('info')).message, TIMEOUT)
    assert.deepEqual(await ref.call('seen'), [TIMEOUT])
  })

  everywhere('GEN-049 a plain message is handled, also late, also to stop', async (placement) => {
    const ref = await startTrapper({ probe: self() }, { placement })
    send(ref.pid(), 'plain')
    assert.equal((await nextReport('info')).message, 'plain')
    send(ref.pid(), { after: { timeoutMs: 5 } })
    assert.deepEqual((await nextReport('info')).message, TIMEOUT)
    send(ref.pid(), { end: BOOM })
    assert.deepEqual((await nextReport('gone')).reason, BOOM)
  })

  /** What a server saw that got `before` while it was busy, then the queued rest. */
  const chain = ['first', 'second', 'third']
  const ways = {
    call: (ref: PuppetRef) => void ref.call('next', { continue: chain }),
    cast: (ref: PuppetRef) => ref.cast('next', { continue: chain }),
    info: (ref: PuppetRef) => send(ref.pid(), { after: { continue: chain } }),
  }
  for (const [way, act] of Object.entries(ways)) {
    everywhere(
      `GEN-050 a continuation of a ${way} runs before anything queued, and chains`,
      async (placement) => {
        const ref = await startPuppet({}, { placement })
        void ref.call('slow', 10)
        act(ref)
        ref.cast('note', 'queued')
        const seen = await ref.call('seen')
        assert.deepEqual(
          seen.filter((what) => what !== 'cast' && what !== 'after'),
          ['slow', ...chain, 'queued'],
        )
      },
      ['[same thread]', '[other thread]'],
    )
  }

  everywhere('GEN-050 a continuation of init runs before anything queued', async (placement) => {
    const started = startPuppet({ after: { continue: chain } }, { placement, name: 'gen-050' })
    const ref = await started
    ref.cast('note', 'queued')
    assert.deepEqual(await ref.call('seen'), [...chain, 'queued'])
    await stop(ref)
  })

  everywhere('GEN-050 a continuation can stop; the reply was sent before', async (placement) => {
    const ref = await startPuppet({}, { placement })
    assert.equal(await ref.call('next', { continue: ['one', BOOM] }), 'ok')
    assert.deepEqual(await exitOf(ref.pid()), BOOM)
  })

  it('GEN-050 a chain of a hundred thousand needs no deep stack', () =>
    asActor(async () => {
      const ref = await startServer(countdown)
      assert.equal(await ref?.call('from', 100_000), 'ok')
      assert.equal(await ref?.call('read'), 0)
    }))

  it('GEN-051 after a pause: the queued cast, its continuation, then the message', () =>
    asActor(async () => {
      const ref = await startPuppet()
      void ref.call('slow', 10)
      ref.cast('next', { continue: ['continued'] })
      send(ref.pid(), 'message')
      assert.deepEqual(await ref.call('seen'), ['slow', 'cast', 'continued', 'message'])
    }))

  everywhere('GEN-054 looking at the tree does not cancel a timeout', async (placement) => {
    const ref = await startPuppet({ probe: self() }, { placement })
    await ref.call('next', { timeoutMs: 50 })
    await runtime.tree()
    assert.deepEqual((await nextReport('info')).message, TIMEOUT)
  })

  for (const [what, act] of Object.entries({
    message: (ref: PuppetRef): void => send(ref.pid(), 'noise'),
    cast: (ref: PuppetRef): void => ref.cast('note', 'noise'),
    call: (ref: PuppetRef): void => void ref.call('echo', 1),
  })) {
    it(`GEN-054 any ${what} cancels it`, () =>
      asActor(async () => {
        const ref = await startPuppet({})
        await ref.call('next', { timeoutMs: 20 })
        act(ref)
        await ref.call('slow', 40)
        assert.ok(!(await ref.call('seen')).some((one) => JSON.stringify(one).includes('timeout')))
      }))
  }

  it('GEN-055 with timeout 0 a queued message wins', () =>
    asActor(async () => {
      const ref = await startPuppet({})
      void ref.call('slow', 5)
      ref.cast('next', { timeoutMs: 0 })
      ref.cast('note', 'queued')
      assert.deepEqual(await ref.call('seen'), ['slow', 'cast', 'queued'])
    }))

  everywhere('GEN-055 with timeout 0 and nothing queued it comes at once', async (placement) => {
    const ref = await startPuppet({ probe: self() }, { placement })
    await ref.call('next', { timeoutMs: 0 })
    assert.deepEqual((await nextReport('info')).message, TIMEOUT)
  })

  it('GEN-056 noise before it is due cancels it for good', () =>
    asActor(async () => {
      const ref = await startPuppet({})
      await ref.call('next', { timeoutMs: 40 })
      ref.cast('note', 'noise')
      await ref.call('slow', 80)
      assert.deepEqual(await ref.call('seen'), ['noise', 'slow'])
    }))
})

describe('GEN missing callbacks', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  async function startBare(placement: Placement): Promise<Pid> {
    const ref = await startServer(bare, undefined, { placement })
    assert.ok(ref)
    return ref.pid()
  }

  everywhere('GEN-069 a call without a handler ends the server with undef', async (placement) => {
    const pid = await startBare(placement)
    const reason = { type: 'undef', kind: 'call', name: 'pinf', hint: "Did you mean 'ping'?" }
    await assert.rejects(call(pid, 'pinf'), { reason })
    assert.deepEqual(await exitOf(pid), reason)
  })

  everywhere('GEN-070 so does a cast', async (placement) => {
    const pid = await startBare(placement)
    refOf(puppet, pid).cast('note', 'x')
    assert.equal((await exitOf(pid)).type, 'undef')
  })

  everywhere('GEN-070 and a continuation', async (placement) => {
    const pid = await startBare(placement)
    assert.equal(await refOf(bare, pid).call('onward'), 'ok')
    assert.equal((await exitOf(pid)).type, 'undef')
  })

  everywhere('GEN-071 a message is only reported', async (placement) => {
    await reportsTo(self())
    const pid = await startBare(placement)
    send(pid, 'hello')
    const report = await nextRuntimeReport('unhandled-message', (one) => one.pid === pid)
    assert.deepEqual([report.level, report.message], ['warning', 'hello'])
    assert.equal(await refOf(bare, pid).call('ping'), 'pong')
  })

  everywhere('GEN-072 a missing function inside of info ends it', async (placement) => {
    const ref = await startPuppet({}, { placement })
    send(ref.pid(), 'undefined function')
    assert.match(JSON.stringify(await exitOf(ref.pid())), /TypeError.*no such function/)
  })

  for (const reason of [NORMAL, { type: 'error_of_test' }]) {
    everywhere(`GEN-074 without terminate it ends ${reason.type}`, async (placement) => {
      const pid = await startBare(placement)
      await stop(pid, reason)
      assert.deepEqual(await exitOf(pid), reason)
    })
  }

  it('GEN-075 a missing function inside of terminate is what stop tells', () =>
    asActor(async () => {
      const careless = server(import.meta, {
        name: 'careless',
        init: () => ({}),
        terminate: (state: object) => Object(state)['no such function'](),
      })
      const ref = await startServer(careless)
      assert.ok(ref)
      await assert.rejects(stop(ref), /TypeError/)
    }))
})

describe('GEN exits', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  /** A parent that starts a server, tells its pid, and ends as it is told. */
  async function orphan(
    definition: typeof puppet,
    placement: Placement,
  ): Promise<{ parent: Pid; child: Pid }> {
    const probe = self()
    const parent = spawn(async () => {
      await startServer(definition, { probe }, { placement })
      await receive((m) => m === 'end', WAIT)
      exit(BOOM)
    })
    const { pid: child } = await nextReport('born')
    return { parent, child }
  }

  everywhere('GEN-079 trapping: the end of the parent runs terminate', async (placement) => {
    const { parent, child } = await orphan(trapper, placement)
    const ref = monitor(child)
    send(parent, 'end')
    assert.deepEqual((await nextReport('gone')).reason, BOOM)
    const down = await receive((m) => Object(m).ref === ref, WAIT)
    assert.deepEqual(Object(down).reason, BOOM)
    await none((m) => Object(m).type === 'info')
  })

  everywhere('GEN-080 not trapping: it just dies of it', async (placement) => {
    const { parent, child } = await orphan(puppet, placement)
    const ref = monitor(child)
    send(parent, 'end')
    const down = await receive((m) => Object(m).ref === ref, WAIT)
    assert.deepEqual(Object(down).reason, BOOM)
    await none((m) => Object(m).type === 'gone')
  })

  everywhere('GEN-081 an exit from anybody else is a message', async (placement) => {
    const ref = await startTrapper({ probe: self() }, { placement })
    const other = spawn(() => exit(ref.pid(), { type: 'foo' }))
    const { message } = await nextReport('info')
    assert.deepEqual(message, { type: 'EXIT', pid: other, reason: { type: 'foo' } })
    assert.ok(isExitMessage(message))
  })

  for (const [how, act, seen] of [
    ['raises', (ref: PuppetRef) => ref.call('throws', 'x'), ['before']],
    ['returns garbage', (ref: PuppetRef) => ref.call('garbage'), ['before']],
    ['stops', (ref: PuppetRef) => ref.cast('next', { stop: BOOM }), ['before', 'cast']],
  ] as const) {
    everywhere(`GEN-082 terminate gets the state when a handler ${how}`, async (placement) => {
      const ref = await startPuppet({ probe: self() }, { placement })
      ref.cast('note', 'before')
      const result = act(ref)
      if (result) await assert.rejects(result)
      assert.deepEqual((await nextReport('gone')).seen, seen)
    })
  }

  everywhere('GEN-083 a kill runs no terminate', async (placement) => {
    const ref = await startTrapper({ probe: self() }, { placement })
    exit(ref.pid(), KILL)
    assert.deepEqual(await exitOf(ref.pid()), KILLED)
    await none((m) => Object(m).type === 'gone')
    const other = await startTrapper({ probe: self() }, { placement })
    exit(other.pid(), SHUTDOWN)
    assert.deepEqual((await nextReport('gone')).pid, other.pid())
  })
})

type PuppetRef = Awaited<ReturnType<typeof startPuppet>>

const countdown = server(import.meta, {
  name: 'countdown',
  init: (): { left: number } => ({ left: 0 }),
  calls: {
    from: (_: { left: number }, left: number) => ({ reply: 'ok', state: { left }, continue: 1 }),
    read: (state: { left: number }) => ({ reply: state.left, state }),
  },
  continue: ({ left }): Next<{ left: number }> =>
    left > 0 ? { state: { left: left - 1 }, continue: 1 } : { state: { left } },
})
