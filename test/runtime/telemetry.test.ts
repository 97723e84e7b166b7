import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { after, before, describe, it } from 'node:test'
import {
  call,
  cast,
  child,
  exit,
  meter,
  type Pid,
  processInfo,
  type Runtime,
  receive,
  reportsTo,
  runtimeEvents,
  Supervisor,
  self,
  send,
  spawn,
  startRuntime,
  startServer,
} from '../../runtime/index.ts'
import {
  asActor,
  everywhere,
  nextRuntimeReport,
  until,
  WAIT,
} from '../conformance/behaviour-support.ts'
import { toiler } from '../fixtures/runtime/worker.ts'

const PLACES = ['[same thread]', '[other thread]', '[own thread]', '[root thread]']
type Event = Readonly<Record<string, unknown>>

describe('telemetry of the runtime', () => {
  let runtime: Runtime
  const heard: { readonly name: string; readonly event: Event }[] = []
  const note = (event: unknown, name: string | symbol): void => {
    heard.push({ name: String(name), event: event as Event })
  }
  const names = Object.entries(runtimeEvents).flatMap(([group, events]) =>
    events.map((event) => `nodelens:${group}:${event}`),
  )
  const find = (name: string, matches: (event: Event) => boolean): Event | undefined =>
    heard.find((one) => one.name === `nodelens:${name}` && matches(one.event))?.event
  const ofPid =
    (pid: Pid) =>
    (event: Event): boolean =>
      event['pid'] === pid

  before(async () => {
    for (const name of names) diagnosticsChannel.subscribe(name, note)
    runtime = await startRuntime({ children: [] })
  })
  after(async () => {
    await runtime.stop()
    for (const name of names) diagnosticsChannel.unsubscribe(name, note)
  })

  everywhere(
    'tells in the main thread of births and deaths in every thread',
    async (placement) => {
      const ref = await startServer(toiler, undefined, { placement, link: false })
      assert.ok(ref)
      const pid = ref.pid()
      exit(pid, { type: 'bye' })
      await until('the death was told', () => find('process:exited', ofPid(pid)) !== undefined)
      const born = find('process:started', ofPid(pid))
      assert.deepEqual([born?.['initialCall'], born?.['parent']], ['toiler', self()])
      assert.deepEqual(find('process:exited', ofPid(pid))?.['reason'], { type: 'bye' })
      assert.equal(typeof born?.['at'], 'number')
    },
    PLACES,
  )

  everywhere(
    'tells of a crash with the last message and the ancestors',
    async (placement) => {
      const ref = await startServer(toiler, undefined, { placement, link: false })
      assert.ok(ref)
      await assert.rejects(ref.call('crash', 'why not'))
      const isIts = ({ process }: Event): boolean =>
        typeof process === 'object' &&
        process !== null &&
        'pid' in process &&
        process.pid === ref.target
      await until('the crash was told', () => find('report:crash', isIts) !== undefined)
      const crash = find('report:crash', isIts)
      assert.equal(crash?.['lastMessage'], 'why not')
      const facts = crash?.['process']
      assert.ok(typeof facts === 'object' && facts !== null && 'ancestors' in facts)
      assert.ok(Array.isArray(facts.ancestors) && facts.ancestors[0] === self())
    },
    PLACES,
  )

  everywhere('tells of restarts and of threads', async (placement) => {
    const children = [child(toiler, { name: false, placement: 'thread' })]
    const supervisor = await Supervisor.start({ children }, { placement })
    const [row] = await Supervisor.whichChildren(supervisor)
    assert.ok(row?.pid)
    exit(row.pid, { type: 'kill' })
    const isIts = ({ oldPid }: Event): boolean => oldPid === row.pid
    await until('the restart was told', () => find('process:restarted', isIts) !== undefined)
    assert.equal(find('process:restarted', isIts)?.['supervisor'], supervisor.target)
    const ordinal = Number(row.pid.slice(1, row.pid.indexOf('.')))
    const isThread = (event: Event): boolean => event['ordinal'] === ordinal
    await until('the thread was told of', () => find('thread:exited', isThread) !== undefined)
    assert.ok(find('thread:started', isThread))
  })
})

describe('a crash report', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('of a function has the message that it had received last', () =>
    asActor(async () => {
      await reportsTo(self())
      const pid = spawn(async () => {
        await receive()
        await receive()
        throw new RangeError('cannot')
      })
      send(pid, 'first')
      send(pid, { last: true })
      const report = await nextRuntimeReport('crash-report', (one) => one.process.pid === pid)
      assert.deepEqual(report.lastMessage, { last: true })
      assert.deepEqual(report.process.ancestors[0], self())
    }))
})

describe('process info', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  const ask = async (
    pid: Pid,
  ): Promise<{ handled: number; busyMs: number; messagesPerSecond: number }> => {
    const info = await processInfo(pid, ['handled', 'busyMs', 'messagesPerSecond'])
    assert.ok(info)
    return info
  }

  everywhere(
    'has how long handlers held the thread, while somebody measures',
    async (placement) => {
      const ref = await startServer(toiler, undefined, { placement })
      assert.ok(ref)
      const pid = ref.pid()
      await ref.call('toil', 5)
      assert.equal((await ask(pid)).busyMs, 0)
      const stop = meter()
      await ref.call('toil', 30, WAIT)
      stop()
      stop()
      const { busyMs } = await ask(pid)
      assert.ok(busyMs >= 29, `${busyMs} ms`)
      await ref.call('toil', 5)
      assert.equal((await ask(pid)).busyMs, busyMs)
    },
    PLACES,
  )

  everywhere('counts messages, and tells a rate', async (placement) => {
    const ref = await startServer(toiler, undefined, { placement })
    assert.ok(ref)
    for (let index = 0; index < 100; index++) cast(ref.target, 'nothing')
    await ref.call('toil', 1, WAIT)
    const { handled, messagesPerSecond } = await ask(ref.pid())
    assert.equal(handled, 101)
    assert.ok(messagesPerSecond > 0 && Number.isFinite(messagesPerSecond))
  })

  everywhere('names the handler that it waits for, and since when', async (placement) => {
    const ref = await startServer(toiler, undefined, { placement })
    assert.ok(ref)
    const currentFunction = async (): Promise<unknown> =>
      (await processInfo(ref.pid(), 'currentFunction'))?.currentFunction
    assert.equal(await currentFunction(), undefined)
    const view = new Int32Array(new SharedArrayBuffer(4))
    const done = call(ref.target, 'wait', view, WAIT)
    await until('it waits', async () => (await currentFunction()) !== undefined)
    const now = await currentFunction()
    Atomics.store(view, 0, 1)
    assert.ok(typeof now === 'object' && now !== null && 'name' in now && 'since' in now)
    assert.equal(now.name, 'wait')
    assert.ok(typeof now.since === 'number' && Math.abs(Date.now() - now.since) < 20_000)
    await done
    assert.equal(await currentFunction(), undefined)
  })

  it('names the function that an actor is, while it runs', () =>
    asActor(async () => {
      const toil = (): Promise<never> => new Promise(() => {})
      const pid = spawn(toil)
      await until('it runs', async () => (await processInfo(pid, 'status'))?.status === 'running')
      const info = await processInfo(pid, 'currentFunction')
      assert.deepEqual(info, { currentFunction: { name: 'toil' } })
      const waiting = spawn(() => receive())
      await until(
        'it waits',
        async () => (await processInfo(waiting, 'status'))?.status === 'waiting',
      )
      assert.deepEqual(await processInfo(waiting, 'currentFunction'), {
        currentFunction: undefined,
      })
    }))
})
