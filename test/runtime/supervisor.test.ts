import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ChildOptions,
  child,
  DynamicSupervisor,
  type ExitReason,
  exit,
  isDownMessage,
  isExitMessage,
  monitor,
  type Pid,
  type Runtime,
  receive,
  type Strategy,
  Supervisor,
  self,
  send,
  spawnMonitor,
  startRuntime,
  supervisor,
  trapExit,
} from '../../runtime/index.ts'
import { type ReporterArgs, reporter } from '../fixtures/runtime/reporter.ts'

const WAIT = { timeoutMs: 10_000 }
const SHUTDOWN = { type: 'shutdown' }

interface Report {
  readonly type: 'born' | 'gone'
  readonly id: string
  readonly pid: Pid
  readonly reason: ExitReason
}

function isReport(message: unknown): message is Report {
  return typeof message === 'object' && message !== null && 'id' in message
}

async function asActor(body: () => Promise<void>): Promise<void> {
  const { ref } = spawnMonitor(async () => {
    trapExit(true)
    await body()
  })
  const down = await receive((m) => isDownMessage(m) && m.ref === ref, { timeoutMs: 30_000 })
  assert.ok(isDownMessage(down), 'the test actor ended')
  assert.deepEqual(down.reason, { type: 'normal' })
}

/** The next reports, as `born a`, `gone a shutdown`. */
async function reports(count: number): Promise<string[]> {
  const seen: string[] = []
  while (seen.length < count) {
    const next = await receive(isReport, WAIT)
    assert.ok(next, `report ${seen.length + 1} of ${count} came; so far: ${seen.join(', ')}`)
    seen.push(next.type === 'born' ? `born ${next.id}` : `gone ${next.id} ${next.reason.type}`)
  }
  return seen
}

function spec(id: string, options: Partial<ChildOptions<ReporterArgs>> = {}) {
  const args = { probe: self(), id, ...options.args }
  return child(reporter, { id, name: false, placement: 'here', shutdown: 1000, ...options, args })
}

async function pidOf(ref: { call: Supervisor['call'] }, id: string): Promise<Pid> {
  const children = await ref.call('whichChildren')
  const pid = children.find((one) => one.id === id)?.pid
  assert.ok(pid, `${id} is running`)
  return pid
}
type Supervisor = Awaited<ReturnType<typeof Supervisor.start>>

async function downOf(pid: Pid): Promise<ExitReason> {
  const ref = monitor(pid)
  const message = await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
  assert.ok(isDownMessage(message))
  return message.reason
}

describe('a supervisor', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [], spare: false })
  })
  after(() => runtime.stop())

  const table: readonly { strategy: Strategy; after: readonly string[] }[] = [
    { strategy: 'one_for_one', after: ['gone b boom', 'born b'] },
    {
      strategy: 'one_for_all',
      after: ['gone b boom', 'gone c shutdown', 'gone a shutdown', 'born a', 'born b', 'born c'],
    },
    { strategy: 'rest_for_one', after: ['gone b boom', 'gone c shutdown', 'born b', 'born c'] },
  ]
  for (const { strategy, after: expected } of table) {
    it(`restarts by ${strategy}: stops in reverse, starts in order`, () =>
      asActor(async () => {
        const ref = await Supervisor.start({
          strategy,
          children: ['a', 'b', 'c'].map((id) => spec(id)),
        })
        assert.deepEqual(await reports(3), ['born a', 'born b', 'born c'])
        send(await pidOf(ref, 'b'), { end: { type: 'boom' } })
        assert.deepEqual(await reports(expected.length), expected)
        exit(ref.pid(), SHUTDOWN)
        assert.deepEqual(await reports(3), [
          'gone c shutdown',
          'gone b shutdown',
          'gone a shutdown',
        ])
      }))
  }

  const verdicts = [
    ['permanent', 'normal', 'running'],
    ['permanent', 'boom', 'running'],
    ['transient', 'normal', 'stopped'],
    ['transient', 'shutdown', 'stopped'],
    ['transient', 'boom', 'running'],
    ['temporary', 'normal', 'gone'],
    ['temporary', 'boom', 'gone'],
  ] as const
  for (const [restart, reason, status] of verdicts) {
    it(`after ${reason} a ${restart} child is ${status}`, () =>
      asActor(async () => {
        const ref = await Supervisor.start({ children: [spec('a', { restart })] })
        await reports(1)
        const pid = await pidOf(ref, 'a')
        send(pid, { end: { type: reason } })
        await downOf(pid)
        const children = await ref.call('whichChildren')
        assert.equal(children[0]?.status ?? 'gone', status)
        exit(ref.pid(), SHUTDOWN)
        await downOf(ref.pid())
      }))
  }

  it('gives up beyond its intensity, with shutdown, and takes its children along', () =>
    asActor(async () => {
      const ref = await Supervisor.start({
        maxRestarts: 2,
        maxSeconds: 60,
        children: [spec('steady'), spec('crashing')],
      })
      const top = ref.pid()
      const ended = monitor(top)
      for (let round = 0; round < 3; round++) {
        const pid = await pidOf(ref, 'crashing')
        send(pid, { end: { type: 'boom' } })
        await downOf(pid)
      }
      const down = await receive((m) => isDownMessage(m) && m.ref === ended, WAIT)
      assert.deepEqual(isDownMessage(down) && down.reason, SHUTDOWN)
      const seen = await reports(8)
      assert.equal(seen.at(-1), 'gone steady shutdown')
    }))

  it('SUP-014 a child that fails to start takes those before it down, in reverse', () =>
    asActor(async () => {
      await assert.rejects(
        Supervisor.start({
          children: [
            spec('a'),
            spec('b'),
            spec('c', { args: { probe: self(), id: 'c', failing: { broken: true } } }),
          ],
        }),
        (error: Error) => {
          assert.match(JSON.stringify(error), /failedToStartChild":"c/)
          assert.match(JSON.stringify(error), /c cannot start/)
          return true
        },
      )
      assert.deepEqual(await reports(4), ['born a', 'born b', 'gone b shutdown', 'gone a shutdown'])
    }))

  it('SUP-019 kills a child that does not end in time', () =>
    asActor(async () => {
      const ref = await Supervisor.start({
        children: [
          spec('a'),
          spec('b', { shutdown: 20, args: { probe: self(), id: 'b', stubborn: true } }),
        ],
      })
      await reports(2)
      const refB = monitor(await pidOf(ref, 'b'))
      exit(ref.pid(), SHUTDOWN)
      const down = await receive((m) => isDownMessage(m) && m.ref === refB, WAIT)
      assert.deepEqual(isDownMessage(down) && down.reason, { type: 'killed' })
      await reports(2)
    }))

  it('retries a restart that fails, and serves requests in between', () =>
    asActor(async () => {
      const failing = { broken: false }
      const ref = await Supervisor.start({
        maxRestarts: 1_000_000,
        maxSeconds: 60,
        children: [spec('a', { args: { probe: self(), id: 'a', failing } })],
      })
      await reports(1)
      const pid = await pidOf(ref, 'a')
      failing.broken = true
      send(pid, { end: { type: 'boom' } })
      await downOf(pid)
      const [row] = await ref.call('whichChildren')
      assert.equal(row?.status, 'restarting')
      failing.broken = false
      assert.deepEqual(await reports(2), ['gone a boom', 'born a'])
      exit(ref.pid(), SHUTDOWN)
    }))

  it('starts, stops, restarts and forgets children by hand', () =>
    asActor(async () => {
      const ref = await Supervisor.start({ children: [] })
      const pid = await ref.call('startChild', spec('a'))
      assert.ok(pid)
      await assert.rejects(ref.call('startChild', spec('a')), { code: 'ERR_ALREADY_STARTED' })
      await assert.rejects(ref.call('deleteChild', 'a'), { code: 'ERR_ALREADY_STARTED' })
      assert.equal(await ref.call('terminateChild', 'a'), true)
      assert.deepEqual(await ref.call('countChildren'), {
        specs: 1,
        active: 0,
        supervisors: 0,
        workers: 1,
      })
      assert.ok(await ref.call('restartChild', 'a'))
      await ref.call('terminateChild', 'a')
      assert.equal(await ref.call('deleteChild', 'a'), true)
      await assert.rejects(ref.call('terminateChild', 'a'), { code: 'ERR_NO_PROCESS' })
      exit(ref.pid(), SHUTDOWN)
    }))

  it('nests: an inner one that gives up is restarted by the outer', () =>
    asActor(async () => {
      const ref = await Supervisor.start({
        children: [supervisor('inner-of-test', { maxRestarts: 0, children: [spec('leaf')] })],
      })
      await reports(1)
      const inner = Supervisor.ref(await pidOf(ref, 'inner-of-test'))
      send(await pidOf(inner, 'leaf'), { end: { type: 'boom' } })
      assert.deepEqual(await reports(2), ['gone leaf boom', 'born leaf'])
      exit(ref.pid(), SHUTDOWN)
      const seen = await receive((m) => isExitMessage(m) && m.pid === ref.target, WAIT)
      assert.ok(seen)
    }))

  it('dynamic: restarts its own, bounds their number, ends them all at once', () =>
    asActor(async () => {
      const ref = await DynamicSupervisor.start({ maxChildren: 2 })
      const first = await ref.call('startChild', spec('a'))
      await ref.call('startChild', spec('b'))
      assert.ok(first)
      await assert.rejects(ref.call('startChild', spec('c')), { code: 'ERR_MAX_CHILDREN' })
      await reports(2)
      send(first, { end: { type: 'boom' } })
      assert.deepEqual(await reports(2), ['gone a boom', 'born a'])
      assert.equal((await ref.call('whichChildren')).length, 2)
      exit(ref.pid(), SHUTDOWN)
      assert.deepEqual((await reports(2)).toSorted(), ['gone a shutdown', 'gone b shutdown'])
    }))
})

describe('bad specs', () => {
  it('are refused before anything starts', async () => {
    assert.throws(() => child({} as never), /what server\(\) returned/)
    assert.throws(
      () => child(reporter, { restrat: 'permanent' } as never),
      /Did you mean 'restart'/,
    )
    assert.throws(() => child(reporter, { restart: 'always' as never }), /'permanent', 'transient'/)
    assert.throws(() => child(reporter, { shutdown: -1 }), RangeError)
    assert.throws(() => supervisor('x', { children: 'none' as never }), /expected children: \[/)
    assert.throws(
      () => supervisor('x', { children: [child(reporter), child(reporter)] }),
      /two children have the id 'reporter'/,
    )
    await assert.rejects(startRuntime({ stratgy: 'x' } as never), /Did you mean 'strategy'/)
    await assert.rejects(startRuntime({ children: [], strategy: 'all' as never }), /'one_for_one'/)
  })
})
