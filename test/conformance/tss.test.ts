import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  exit,
  isDownMessage,
  isExitMessage,
  isTaskMessage,
  monitor,
  type Pid,
  type Runtime,
  receive,
  Supervisor,
  self,
  send,
  spawnMonitor,
  startRuntime,
  Task,
  TaskSupervisor,
  taskSupervisor,
} from '../../runtime/index.ts'
import {
  double,
  doubleLater,
  failing,
  forever,
  stubborn,
} from '../fixtures/conformance/task-bodies.ts'
import {
  asActor,
  BOOM,
  counts,
  DETAILED,
  downOf,
  downWith,
  exitOf,
  KILL,
  KILLED,
  NORMAL,
  nearAndFar,
  none,
  SHUTDOWN,
  until,
  WAIT,
} from './behaviour-support.ts'

describe('TSS', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [taskSupervisor('tasks')] })
  })
  after(() => runtime.stop())

  it('TSS-001 is a child like any other, and several can be', () =>
    asActor(async () => {
      assert.deepEqual(await TaskSupervisor.children('tasks'), [])
      const children = [taskSupervisor('tasks-a'), taskSupervisor('tasks-b')]
      const sup = await Supervisor.start({ children })
      assert.equal(await counts(sup), '2,2,2,0')
      await assert.rejects(Supervisor.startChild(sup, taskSupervisor('tasks-a')), {
        code: 'ERR_ALREADY_STARTED',
      })
      await Supervisor.stop(sup)
    }))

  it('TSS-002 an empty one', () =>
    asActor(async () => {
      const sup = await TaskSupervisor.start()
      assert.deepEqual(await TaskSupervisor.children(sup), [])
      assert.equal(await counts(sup), '0,0,0,0')
    }))

  nearAndFar('TSS-003 async: a child of it, linked and monitored', async (placement) => {
    const sup = await TaskSupervisor.start()
    const task = await TaskSupervisor.async(sup, forever, undefined, { placement })
    assert.deepEqual(await TaskSupervisor.children(sup), [task.pid])
    exit(task.pid, BOOM)
    assert.deepEqual(await exitOf(task.pid), BOOM)
    assert.deepEqual(await Task.yield(task), { type: 'exit', reason: BOOM })
    const other = await TaskSupervisor.async(sup, double, 4, { placement })
    assert.deepEqual(await receive(isTaskMessage, WAIT), { type: 'TASK', ref: other.ref, value: 8 })
    const down = await receive(isDownMessage, WAIT)
    assert.deepEqual([down?.ref, down?.reason], [other.ref, NORMAL])
  })

  it('TSS-003 under one in the root thread, in every thread', () =>
    asActor(async () => {
      for (const placement of ['here', 'root', 'thread', 'caller'] as const) {
        const task = await TaskSupervisor.async('tasks', double, 5, { placement })
        assert.equal(await Task.await(task), 10)
      }
      await assert.rejects(
        TaskSupervisor.async('tasks', () => 1),
        { code: 'ERR_NOT_SENDABLE' },
      )
    }))

  nearAndFar('TSS-004 brutal_kill at the end of the supervisor', async (placement) => {
    const sup = await TaskSupervisor.start()
    const options = { placement, shutdown: 'brutal_kill' } as const
    const task = await TaskSupervisor.async(sup, forever, undefined, options)
    exit(sup.pid(), SHUTDOWN)
    assert.deepEqual(await Task.yield(task), { type: 'exit', reason: KILLED })
  })

  for (const start of [TaskSupervisor.async, TaskSupervisor.asyncNolink]) {
    it(`TSS-005 beyond maxChildren it fails in the caller (${start.name})`, () =>
      asActor(async () => {
        const sup = await TaskSupervisor.start({ maxChildren: 1 })
        await start(sup, forever)
        await assert.rejects(start(sup, forever), { code: 'ERR_MAX_CHILDREN' })
      }))
  }

  nearAndFar('TSS-007 asyncNolink: its crash is only an outcome', async (placement) => {
    const sup = await TaskSupervisor.start()
    const { ref } = spawnMonitor(async () => {
      const options = { placement }
      const bad = await TaskSupervisor.asyncNolink(sup, failing, BOOM, options)
      assert.deepEqual(await Task.yield(bad), { type: 'exit', reason: BOOM })
      const good = await TaskSupervisor.asyncNolink(sup, double, 1, options)
      assert.equal(await Task.await(good), 2)
    })
    assert.deepEqual(await downWith(ref), NORMAL)
    const task = await TaskSupervisor.asyncNolink(sup, failing, BOOM, { placement })
    const down = await receive(isDownMessage, WAIT)
    assert.deepEqual([down?.ref, down?.reason], [task.ref, BOOM])
    await none(isExitMessage)
  })

  nearAndFar('TSS-008 startChild: no link, no reply', async (placement) => {
    const sup = await TaskSupervisor.start()
    const pid = await TaskSupervisor.startChild(sup, forever, undefined, { placement })
    assert.deepEqual(await TaskSupervisor.children(sup), [pid])
    exit(pid, KILL)
    await downOf(pid)
    await TaskSupervisor.startChild(sup, double, 1, { placement })
    await until('it is done', async () => (await counts(sup)) === '0,0,0,0')
    await none(() => true)
  })

  nearAndFar('TSS-009 startChild with brutal_kill', async (placement) => {
    const sup = await TaskSupervisor.start()
    const options = { placement, shutdown: 'brutal_kill' } as const
    const ref = monitor(await TaskSupervisor.startChild(sup, forever, undefined, options))
    exit(sup.pid(), SHUTDOWN)
    assert.deepEqual(await downWith(ref), KILLED)
  })

  nearAndFar('TSS-009 a permanent one is run again', async (placement) => {
    const sup = await TaskSupervisor.start()
    const options = { placement, restart: 'permanent' } as const
    const pid = await TaskSupervisor.startChild(sup, forever, undefined, options)
    const ref = monitor(pid)
    exit(pid, KILL)
    await downWith(ref)
    const [again] = await TaskSupervisor.children(sup)
    assert.ok(again && again !== pid)
    const temporary = await TaskSupervisor.startChild(sup, forever, undefined, { placement })
    exit(temporary, KILL)
    await downOf(temporary)
    assert.deepEqual(await TaskSupervisor.children(sup), [again])
  })

  nearAndFar('TSS-010 terminateChild, twice', async (placement) => {
    const sup = await TaskSupervisor.start()
    const pid = await TaskSupervisor.startChild(sup, forever, undefined, { placement })
    assert.equal(await TaskSupervisor.terminateChild(sup, pid), true)
    await assert.rejects(TaskSupervisor.terminateChild(sup, pid), { code: 'ERR_CHILD_NOT_FOUND' })
  })

  nearAndFar('TSS-011 await: a timeout leaves nothing behind', async (placement) => {
    const sup = await TaskSupervisor.start()
    const options = { placement }
    const task = await TaskSupervisor.async(sup, doubleLater, { value: 1, ms: 10 }, options)
    await assert.rejects(Task.await(task, { timeoutMs: 0 }), { code: 'ERR_CALL_TIMEOUT' })
    await exitOf(task.pid)
    await none(() => true)
  })

  for (const how of ['throw', 'error', BOOM, DETAILED] as const) {
    nearAndFar(`TSS-011 await of one that fails: ${JSON.stringify(how)}`, async (placement) => {
      const sup = await TaskSupervisor.start()
      const task = await TaskSupervisor.asyncNolink(sup, failing, how, { placement })
      await assert.rejects(Task.await(task), { code: 'ERR_TASK_EXITED', pid: task.pid })
    })
  }

  it('TSS-003 a task whose owner dies before it is ready does not run', () =>
    asActor(async () => {
      const sup = await TaskSupervisor.start()
      const me = self()
      const { ref } = spawnMonitor(async () => {
        void TaskSupervisor.asyncNolink(sup, () => send(me, 'ran'))
      })
      await downWith(ref)
      await until('it is gone', async () => (await counts(sup)) === '0,0,0,0')
      await none((m) => m === 'ran')
    }))

  nearAndFar('TSS-012 asyncStream under it, in order, nothing left', async (placement) => {
    const sup = await TaskSupervisor.start()
    const results: unknown[] = []
    const items = [20, 1, 5].map((ms) => ({ value: ms, ms }))
    const options = { placement, maxConcurrency: 2 }
    for await (const one of TaskSupervisor.asyncStream(sup, items, doubleLater, options)) {
      results.push(one)
    }
    assert.deepEqual(
      results,
      [40, 2, 10].map((value) => ({ type: 'ok', value })),
    )
    await none(() => true)
  })

  nearAndFar('TSS-012 asyncStreamNolink needs no trapping', async (placement) => {
    const sup = await TaskSupervisor.start()
    const results: unknown[] = []
    const { ref } = spawnMonitor(async () => {
      const stream = TaskSupervisor.asyncStreamNolink(sup, [BOOM, DETAILED], failing, { placement })
      for await (const one of stream) results.push(one)
    })
    assert.deepEqual(await downWith(ref), NORMAL)
    assert.deepEqual(
      results,
      [BOOM, DETAILED].map((reason) => ({ type: 'exit', reason })),
    )
  })

  it('TSS-013 beyond maxChildren the stream fails, and what it had started ends', () =>
    asActor(async () => {
      const sup = await TaskSupervisor.start({ maxChildren: 1 })
      const stream = TaskSupervisor.asyncStream(sup, [1, 2], stubborn, { maxConcurrency: 2 })
      await assert.rejects(async () => {
        for await (const one of stream) assert.fail(one.type)
      }, /maxChildren/)
      const left: Pid[] = await TaskSupervisor.children(sup)
      assert.deepEqual(left, [])
      await none(() => true)
    }))
})
