import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ChildOptions,
  child,
  type ExitReason,
  exit,
  type ForeignDefinition,
  foreignWorker,
  isWireError,
  monitor,
  type Pid,
  type Report,
  type Runtime,
  receive,
  refOf,
  Supervisor,
  self,
  send,
  startRuntime,
  startServer,
  type TreeNode,
} from '../../runtime/index.ts'
import { asActor, nextDown, useRuntime, WAIT } from '../conformance/placements.ts'
import { type ForeignArgs, forked, rough, spawned, worker } from '../fixtures/runtime/foreign.ts'
import { freshPid } from '../fixtures/runtime/fresh-pid.ts'

type Definition = ForeignDefinition<ForeignArgs | undefined>

/** Starts one outside of any supervisor; linked to nobody. */
async function start(definition: Definition, args: ForeignArgs = {}): Promise<Pid> {
  const ref = await startServer(definition, { probe: self(), ...args }, { link: false })
  assert.ok(ref)
  return ref.pid()
}

async function heard(expected: unknown): Promise<void> {
  const matches = (message: unknown): boolean =>
    JSON.stringify(message) === JSON.stringify(expected)
  assert.deepEqual(await receive(matches, WAIT), expected)
}

async function endOf(definition: Definition, order: string): Promise<ExitReason> {
  const pid = await start(definition)
  const ref = monitor(pid)
  send(pid, order)
  return nextDown(ref)
}

/** Whether a process is there. */
function isThere(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}

async function untilGone(id: number): Promise<void> {
  const until = Date.now() + WAIT.timeoutMs
  while (isThere(id)) {
    assert.ok(Date.now() < until, `process ${id} ended in time`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('a foreign child', () => {
  useRuntime()

  for (const [title, definition] of [
    ['worker', worker],
    ['process', forked],
  ] as const) {
    it(`that is a ${title} gets what is sent to its pid, and is heard`, () =>
      asActor(async () => {
        const pid = await start(definition)
        send(pid, { n: 1 })
        send(pid, { n: 2 })
        await heard({ echo: { n: 1 } })
        await heard({ echo: { n: 2 } })
        exit(pid, { type: 'kill' })
      }))

    it(`that is a ${title} ends normally with exit code 0`, () =>
      asActor(async () => assert.deepEqual(await endOf(definition, 'done'), { type: 'normal' })))

    it(`that is a ${title} and cannot start fails the start with its own reason`, () =>
      asActor(async () => {
        await assert.rejects(start(definition, { how: 'fails' }), (error: unknown) => {
          assert.ok(error instanceof Error && 'reason' in error)
          const { type, code } = error.reason as { type: string; code: number }
          assert.deepEqual([type.endsWith('_exit'), code], [true, 9])
          return true
        })
      }))

    it(`that is a ${title} and is never ready fails the start with a timeout of the starter`, () =>
      asActor(async () => {
        const args = { how: 'never ready', probe: self() }
        await assert.rejects(startServer(definition, args, { link: false, timeoutMs: 300 }), {
          code: 'ERR_START_FAILED',
          why: 'timed-out',
        })
      }))

    it(`that is a ${title} and gets what it cannot take goes on`, () =>
      asActor(async () => {
        const pid = await start(definition)
        send(pid, () => 1)
        send(pid, 'still there')
        await heard({ echo: 'still there' })
        exit(pid, { type: 'kill' })
      }))
  }

  it('has the exit code of a worker as reason', () =>
    asActor(async () =>
      assert.deepEqual(await endOf(worker, 'leave'), { type: 'worker_exit', code: 3 }),
    ))

  it('has the exit code of a process as reason', () =>
    asActor(async () => {
      const reason = await endOf(forked, 'leave')
      assert.deepEqual(reason, { type: 'process_exit', code: 3, signal: null })
    }))

  it('has the signal that ended a process as reason', () =>
    asActor(async () => {
      const { type, code, signal } = (await endOf(forked, 'abort')) as Record<string, unknown>
      assert.deepEqual([type, code, signal], ['process_exit', null, 'SIGABRT'])
    }))

  it('has the error that a worker did not catch as reason', () =>
    asActor(async () => {
      const reason = await endOf(worker, 'throw')
      assert.ok(reason.type === 'error' && 'error' in reason && isWireError(reason.error))
      assert.equal(reason.error.message, 'thrown by a stranger')
      assert.match(reason.error.stack ?? '', /foreign-program/)
    }))

  it('has the last words of a process in its reason', () =>
    asActor(async () => {
      const { type, stderr } = (await endOf(forked, 'throw')) as Record<string, unknown>
      assert.equal(type, 'process_exit')
      assert.match(String(stderr), /RangeError: thrown by a stranger/)
    }))

  it('that is a worker and fills its heap is out of memory', () =>
    asActor(async () =>
      assert.deepEqual(await endOf(worker, 'exhaust'), { type: 'out_of_memory', limitMb: 24 }),
    ))

  it('that is a process and fills its heap is out of memory', () =>
    asActor(async () => assert.equal((await endOf(forked, 'exhaust')).type, 'out_of_memory')))

  it('that is a program that is not there fails the start with the reason of the system', () =>
    asActor(async () => {
      await assert.rejects(start(spawned, { how: 'missing' }), (error: unknown) => {
        assert.ok(error instanceof Error && 'reason' in error)
        const reason = error.reason as ExitReason
        assert.ok(reason.type === 'error' && 'error' in reason && isWireError(reason.error))
        assert.equal(reason.error.code, 'ENOENT')
        return true
      })
    }))

  it('is killed when the actor that stands for it is', () =>
    asActor(async () => {
      const pid = await start(spawned)
      const { id } = await refOf(spawned, pid).call('identity')
      assert.ok(isThere(id))
      exit(pid, { type: 'kill' })
      await untilGone(id)
    }))

  it('cannot be defined with unknown options', () => {
    assert.throws(
      () => foreignWorker(import.meta, { name: 'x', start: rough as never, readyMS: 3 } as never),
      { message: /Did you mean 'readyMs'/ },
    )
  })
})

describe('a foreign child of a supervisor', () => {
  let runtime: Runtime
  const add = (
    definition: Definition,
    options: ChildOptions<ForeignArgs | undefined> = {},
  ): Promise<Pid | undefined> =>
    Supervisor.startChild('root', child(definition, { restart: 'transient', ...options }))

  before(async () => {
    runtime = await startRuntime({ maxRestarts: 100, children: [] })
  })
  after(() => runtime.stop())

  const nodeOf = async (id: string): Promise<TreeNode | undefined> => {
    const root = (await runtime.tree()).find((node) => node.id === 'root')
    return root?.children.find((node) => node.id === id)
  }

  it('lives in the thread that started the runtime, and is shown with what it is', () =>
    asActor(async () => {
      await add(worker, { args: { probe: self() } })
      const { id } = await refOf(worker).call('identity')
      const node = await nodeOf('foreign-worker')
      assert.deepEqual([node?.label, node?.thread.name], [`worker ${id}`, 'main'])
      await Supervisor.terminateChild('root', 'foreign-worker')
      await Supervisor.deleteChild('root', 'foreign-worker')
    }))

  for (const definition of [worker, forked]) {
    const name = definition.spec.name
    it(`is started again when it crashes, and not when it is done: ${name}`, () =>
      asActor(async () => {
        const pid = await add(definition, { args: { probe: self() } })
        const first = await refOf(definition).call('identity')
        const gone = monitor(pid as Pid)
        send(name, 'throw')
        await nextDown(gone)
        await freshPid(name, pid)
        const second = await refOf(definition).call('identity')
        assert.notEqual(second.id, first.id)
        const ref = monitor(name)
        send(name, 'done')
        assert.deepEqual(await nextDown(ref), { type: 'normal' })
        const { pid: now } = await Supervisor.whichChild('root', name)
        assert.equal(now, undefined)
        await Supervisor.deleteChild('root', name)
      }))

    it(`is asked to end before it is made to: ${name}`, () =>
      asActor(async () => {
        await add(definition, { args: { probe: self() } })
        await Supervisor.terminateChild('root', name)
        await heard('ending')
        await Supervisor.deleteChild('root', name)
      }))

    it(`is made to end after its time: ${name}`, () =>
      asActor(async () => {
        await add(definition, { args: { probe: self() }, shutdown: 100 })
        const { type, id } = await refOf(definition).call('identity')
        send(name, 'spin')
        await Supervisor.terminateChild('root', name)
        if (type === 'process') await untilGone(id)
        await Supervisor.deleteChild('root', name)
      }))
  }

  it('gets SIGKILL when it does not end by its signal', () =>
    asActor(async () => {
      await add(spawned, { args: { how: 'stubborn' }, shutdown: 100 })
      const { id } = await refOf(spawned).call('identity')
      await Supervisor.terminateChild('root', 'spawned')
      await untilGone(id)
      await Supervisor.deleteChild('root', 'spawned')
    }))

  it('ends by its signal in good order', () =>
    asActor(async () => {
      await add(spawned)
      const { id } = await refOf(spawned).call('identity')
      await Supervisor.terminateChild('root', 'spawned')
      assert.equal(isThere(id), false)
      await Supervisor.deleteChild('root', 'spawned')
    }))

  it('can live beside its supervisor, out of the way of the main thread', () =>
    asActor(async () => {
      await add(rough, { placement: 'root' })
      const node = await nodeOf('rough')
      assert.equal(node?.thread.name, 'root')
      await Supervisor.terminateChild('root', 'rough')
    }))

  it('makes the supervisor report the reason of its end', () =>
    asActor(async () => {
      const abort = new AbortController()
      const reports = runtime.reports({ signal: abort.signal })[Symbol.asyncIterator]()
      const next = reports.next()
      await runtime.tree()
      await add(worker, { args: { probe: self() }, id: 'told', restart: 'temporary' })
      send('foreign-worker', 'leave')
      let report: Report | undefined = (await next).value
      while (report?.type !== 'supervisor-report') report = (await reports.next()).value
      assert.deepEqual(report.reason, { type: 'worker_exit', code: 3 })
      abort.abort()
    }))
})
