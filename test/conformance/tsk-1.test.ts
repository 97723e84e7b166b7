import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  exit,
  isDownMessage,
  isExitMessage,
  isTaskMessage,
  monitor,
  type Runtime,
  receive,
  reportsTo,
  Supervisor,
  self,
  send,
  spawn,
  spawnMonitor,
  startRuntime,
  Task,
} from '../../runtime/index.ts'
import { double, doubleLater, failing, forever } from '../fixtures/conformance/task-bodies.ts'
import {
  asActor,
  BOOM,
  counts,
  DETAILED,
  downOf,
  downWith,
  everywhere,
  exitOf,
  KILL,
  NORMAL,
  nearAndFar,
  nextRuntimeReport,
  none,
  overview,
  pidOf,
  SHUTDOWN,
  until,
  WAIT,
} from './behaviour-support.ts'

describe('TSK starting', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere('TSK-001 a supervised task is temporary', async (placement) => {
    const spec = Task.child(double, { args: 2, placement })
    assert.deepEqual([spec.restart, spec.id, spec.shutdown], ['temporary', 'double', 5000])
    const sup = await Supervisor.start({ children: [spec] })
    await until('it is done and forgotten', async () => (await counts(sup)) === '0,0,0,0')
  })

  it('TSK-001 what is given wins', () => {
    const given = { id: 'x', restart: 'permanent', shutdown: 7, placement: 'root' } as const
    const { id, restart, shutdown, placement } = Task.child(double, given)
    assert.deepEqual({ id, restart, shutdown, placement }, given)
    assert.throws(() => Task.child(() => 1, { placement: 'thread' }), /cannot go to another thread/)
  })

  it('TSK-001 a permanent task runs again when it ends', () =>
    asActor(async () => {
      const me = self()
      const sup = await Supervisor.start({
        maxRestarts: 1000,
        children: [
          Task.child(
            async () => {
              send(me, 'runs')
              await receive((m) => m === 'end', WAIT)
            },
            { id: 'again', restart: 'permanent' },
          ),
        ],
      })
      for (let round = 0; round < 3; round++) {
        assert.equal(await receive((m) => m === 'runs', WAIT), 'runs')
        send(await pidOf(sup, 'again'), 'end')
      }
      assert.deepEqual((await overview(sup)).length, 1)
    }))

  nearAndFar('TSK-002 async: linked, monitored, and its result is mail', async (placement) => {
    const task = Task.async(double, 21, { placement })
    assert.deepEqual([task.owner, task.name], [self(), 'double'])
    const result = await receive(isTaskMessage, WAIT)
    assert.deepEqual(result, { type: 'TASK', ref: task.ref, value: 42 })
    const down = await receive(isDownMessage, WAIT)
    assert.deepEqual(down, { type: 'DOWN', ref: task.ref, pid: task.pid, reason: NORMAL })
    assert.deepEqual(await exitOf(task.pid), NORMAL)
  })

  it('TSK-002 a function of this thread can be a task', () =>
    asActor(async () => {
      assert.equal(await Task.await(Task.async((n: number) => n + 1, 1)), 2)
      assert.throws(() => Task.async(() => 1, undefined, { placement: 'thread' }), TypeError)
      assert.throws(() => Task.async('no' as never), /expected a function/)
    }))

  everywhere('TSK-004 start: not linked, no reply', async (placement) => {
    const pid = Task.start(failing, BOOM, { placement })
    const reason = await downOf(pid)
    assert.ok(['boom', 'noproc'].includes(reason.type))
    await none(() => true)
  })

  everywhere('TSK-005 startLink: linked, no reply', async (placement) => {
    const pid = Task.startLink(failing, BOOM, { placement })
    assert.deepEqual(await exitOf(pid), BOOM)
    const quiet = Task.startLink(double, 1, { placement })
    assert.deepEqual(await exitOf(quiet), NORMAL)
    await none(() => true)
  })

  it('TSK-012 an owner that does not trap dies with its task', () =>
    asActor(async () => {
      const { ref } = spawnMonitor(async () => {
        await Task.await(Task.async(failing, BOOM))
      })
      assert.deepEqual(await downWith(ref), BOOM)
    }))

  everywhere('TSK-012 so does a task with its owner', async (placement) => {
    const probe = self()
    const owner = spawn(async () => {
      const task = Task.async(forever, undefined, { placement })
      send(probe, { task: task.pid })
      await receive(() => false)
    })
    const told = await receive((m) => Object(m).task !== undefined, WAIT)
    const ref = monitor(Object(told).task)
    exit(owner, SHUTDOWN)
    assert.deepEqual(await downWith(ref), SHUTDOWN)
  })

  it('TSK-048 a task that fails is reported', () =>
    asActor(async () => {
      await reportsTo(self())
      const task = Task.async(failing, 'error')
      const { process } = await nextRuntimeReport('crash-report')
      assert.deepEqual([process.pid, process.id], [task.pid, 'failing'])
    }))
})

describe('TSK await', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  nearAndFar('TSK-008 after a timeout nothing comes any more', async (placement) => {
    const task = Task.async(doubleLater, { value: 1, ms: 20 }, { placement })
    await assert.rejects(Task.await(task, { timeoutMs: 0 }), { code: 'ERR_CALL_TIMEOUT' })
    assert.deepEqual(await exitOf(task.pid), NORMAL)
    await none(() => true)
  })

  nearAndFar('TSK-009 a timeout is told, by await and by awaitMany', async (placement) => {
    const timeout = { code: 'ERR_CALL_TIMEOUT', reason: { type: 'timeout' }, timeoutMs: 5 }
    const one = Task.async(forever, undefined, { placement })
    await assert.rejects(Task.await(one, { timeoutMs: 5 }), { ...timeout, pid: one.pid })
    const two = Task.async(forever, undefined, { placement })
    await assert.rejects(Task.awaitMany([two], { timeoutMs: 5 }), timeout)
    for (const { pid } of [one, two]) exit(pid, KILL)
  })

  nearAndFar('TSK-010 a task that exits normal without a result', async (placement) => {
    const task = Task.async(failing, NORMAL, { placement })
    await assert.rejects(Task.await(task), { code: 'ERR_TASK_EXITED', reason: NORMAL })
  })

  for (const [how, expected] of [
    ['throw', /"NonError".*"a value"/],
    ['error', /"RangeError".*"in the task"/],
    [BOOM, /"boom"/],
    [DETAILED, /"shutdown".*"x"/],
  ] as const) {
    nearAndFar(`TSK-011 a task that fails: ${JSON.stringify(how)}`, async (placement) => {
      const task = Task.async(failing, how, { placement })
      await assert.rejects(Task.await(task), (error: Error & { reason?: unknown }) => {
        assert.match(JSON.stringify(error.reason), expected)
        return true
      })
    })
  }

  it('TSK-011 a task that is a missing function', () =>
    asActor(async () => {
      const missing: { fn?: () => number } = {}
      const task = Task.async(() => Object(missing).fn())
      await assert.rejects(Task.await(task), /TypeError/)
    }))

  it('TSK-013 only the owner may ask', () =>
    asActor(async () => {
      const task = Task.async(forever)
      const asks = [
        () => Task.await(task),
        () => Task.awaitMany([task]),
        () => Task.yield(task),
        () => Task.yieldMany([task]),
        () => Task.shutdown(task),
        () => Task.ignore(task),
      ]
      const { ref } = spawnMonitor(async () => {
        for (const ask of asks) await assert.rejects(async () => ask(), /only its owner/)
      })
      assert.deepEqual(await downWith(ref), NORMAL)
      await Task.shutdown(task)
    }))

  nearAndFar('TSK-019 awaitMany: results in the order of the tasks', async (placement) => {
    assert.deepEqual(await Task.awaitMany([]), [])
    const tasks = [30, 1, 10].map((ms, n) =>
      Task.async(doubleLater, { value: n, ms }, { placement }),
    )
    assert.deepEqual(await Task.awaitMany(tasks), [0, 2, 4])
  })

  nearAndFar('TSK-020 other messages stay where they are', async (placement) => {
    send(self(), 'before')
    const tasks = [1, 2].map((n) => Task.async(double, n, { placement }))
    send(self(), 'between')
    assert.deepEqual(await Task.awaitMany(tasks), [2, 4])
    send(self(), 'after')
    const seen = []
    while (seen.length < 3) {
      const next = await receive((m) => !isExitMessage(m), WAIT)
      seen.push(next)
    }
    assert.deepEqual(seen, ['before', 'between', 'after'])
  })

  for (const how of [NORMAL, BOOM, 'error', 'throw'] as const) {
    nearAndFar(
      `TSK-021 awaitMany fails with the first (${JSON.stringify(how)})`,
      async (placement) => {
        const endless = Task.async(forever, undefined, { placement })
        const tasks = [endless, Task.async(failing, how, { placement })]
        await assert.rejects(Task.awaitMany(tasks, { timeoutMs: Number.POSITIVE_INFINITY }), {
          code: 'ERR_TASK_EXITED',
        })
        exit(endless.pid, KILL)
        assert.equal((await exitOf(endless.pid)).type, 'killed')
        await none(isDownMessage)
      },
    )
  }
})
