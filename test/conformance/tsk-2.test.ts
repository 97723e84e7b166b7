import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ExitReason,
  exit,
  isDownMessage,
  isExitMessage,
  isTaskMessage,
  monitor,
  type Placement,
  processInfo,
  type Runtime,
  receive,
  self,
  send,
  spawnMonitor,
  startRuntime,
  Task,
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

type AnyTask = { readonly pid: ReturnType<typeof self>; readonly ref: unknown }

/** Waits until the messages of a task are in the mailbox, without taking them. */
async function delivered({ pid }: AnyTask): Promise<void> {
  await exitOf(pid)
}

describe('TSK yield and shutdown', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  nearAndFar('TSK-022 a result that is there, with its DOWN', async (placement) => {
    const one = Task.async(double, 1, { placement })
    const two = Task.async(double, 2, { placement })
    await delivered(one)
    await delivered(two)
    assert.deepEqual(await Task.yield(one, { timeoutMs: 0 }), { type: 'ok', value: 2 })
    assert.deepEqual(await Task.yieldMany([two], { timeoutMs: 0 }), [{ type: 'ok', value: 4 }])
    await none(() => true)
  })

  nearAndFar(
    'TSK-023 one that still runs gives nothing, and can be asked again',
    async (placement) => {
      const task = Task.async(doubleLater, { value: 4, ms: 30 }, { placement })
      assert.equal(await Task.yield(task, { timeoutMs: 0 }), undefined)
      assert.deepEqual(await Task.yieldMany([task], { timeoutMs: 0 }), [undefined])
      assert.deepEqual(await Task.yield(task), { type: 'ok', value: 8 })
    },
  )

  nearAndFar('TSK-024 one that exits normal', async (placement) => {
    const task = Task.async(failing, NORMAL, { placement })
    assert.deepEqual(await Task.yield(task), { type: 'exit', reason: NORMAL })
  })

  for (const how of [undefined, 'brutal_kill'] as const) {
    const what = how ?? 'shutdown'
    nearAndFar(`TSK-027 ${what}: a result that is there wins`, async (placement) => {
      const task = Task.async(double, 3, { placement })
      await delivered(task)
      assert.deepEqual(await Task.shutdown(task, how), { type: 'ok', value: 6 })
      await none(() => true)
    })
  }

  for (const reason of [BOOM, NORMAL, SHUTDOWN]) {
    it(`TSK-027 also when the task then ended ${reason.type}`, () =>
      asActor(async () => {
        const task = Task.async(double, 3)
        await delivered(task)
        await receive((m) => isDownMessage(m) && m.ref === task.ref, WAIT)
        send(self(), { type: 'DOWN', ref: task.ref, pid: task.pid, reason })
        assert.deepEqual(await Task.shutdown(task), { type: 'ok', value: 6 })
        await none(() => true)
      }))
  }

  nearAndFar('TSK-028 one that runs is told to shut down', async (placement) => {
    const task = Task.async(forever, undefined, { placement })
    const ref = monitor(task.pid)
    assert.equal(await Task.shutdown(task), undefined)
    assert.deepEqual(await downWith(ref), SHUTDOWN)
    await none(() => true)
  })

  /** A task that has ended so, with only its DOWN in the mailbox. */
  async function endedTask(reason: ExitReason, placement: Placement) {
    const task =
      reason.type === 'killed'
        ? Task.async(forever, undefined, { placement })
        : Task.async(failing, reason, { placement })
    if (reason.type === 'killed') exit(task.pid, KILL)
    await delivered(task)
    return task
  }

  for (const [id, reason, how, expected] of [
    ['TSK-029', BOOM, undefined, { type: 'exit', reason: BOOM }],
    ['TSK-029', NORMAL, undefined, { type: 'exit', reason: NORMAL }],
    ['TSK-029', KILLED, undefined, { type: 'exit', reason: KILLED }],
    ['TSK-029', SHUTDOWN, undefined, undefined],
    ['TSK-030', KILLED, 'brutal_kill', undefined],
    ['TSK-030', SHUTDOWN, 'brutal_kill', { type: 'exit', reason: SHUTDOWN }],
  ] as const) {
    const what = `${how ?? 'shutdown'} of one that ended ${reason.type}`
    nearAndFar(`${id} ${what}: ${expected ? 'tells it' : 'nothing'}`, async (placement) => {
      const task = await endedTask(reason, placement)
      assert.deepEqual(await Task.shutdown(task, how), expected)
      await none(() => true)
    })
  }

  nearAndFar('TSK-031 brutal_kill of one that traps exits', async (placement) => {
    const task = Task.async(stubborn, undefined, { placement })
    assert.equal(await Task.shutdown(task, 'brutal_kill'), undefined)
    assert.deepEqual(await downOf(task.pid), { type: 'noproc' })
    await none(() => true)
  })

  nearAndFar('TSK-032 one that does not listen is killed', async (placement) => {
    const me = self()
    const ready = Task.async(stubborn, undefined, { placement })
    const isTrapping = async (): Promise<boolean> =>
      (await processInfo(ready.pid, 'trapExit'))?.trapExit === true
    await until('it traps exits', isTrapping)
    assert.equal(await Task.yield(ready, { timeoutMs: 50 }), undefined)
    assert.deepEqual(await Task.shutdown(ready, 20), { type: 'exit', reason: KILLED })
    await none((m) => m !== me)
  })

  nearAndFar('TSK-033 one that was dealt with', async (placement) => {
    const task = Task.async(double, 1, { placement })
    assert.equal(await Task.await(task), 2)
    assert.deepEqual(await Task.shutdown(task), { type: 'exit', reason: { type: 'noproc' } })
  })

  nearAndFar(
    'TSK-007 ignore: what is there is told, what comes later is not',
    async (placement) => {
      const done = Task.async(double, 1, { placement })
      await delivered(done)
      assert.deepEqual(await Task.ignore(done), { type: 'ok', value: 2 })
      const running = Task.async(doubleLater, { value: 1, ms: 10 }, { placement })
      assert.equal(await Task.ignore(running), undefined)
      await delivered(running)
      await none(() => true)
      await assert.rejects(Task.await(running, { timeoutMs: 0 }), { code: 'ERR_CALL_TIMEOUT' })
    },
  )
})

describe('TSK asyncStream', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  async function collect<Value>(stream: AsyncIterable<Value>): Promise<Value[]> {
    const all: Value[] = []
    for await (const one of stream) all.push(one)
    return all
  }

  const ok = (value: unknown): unknown => ({ type: 'ok', value })

  for (const maxConcurrency of [1, 2, 4, 10]) {
    nearAndFar(
      `TSK-042 ${maxConcurrency} at a time: results in the items' order`,
      async (placement) => {
        const items = [20, 5, 10, 1].map((ms) => ({ value: ms, ms }))
        const results = await collect(
          Task.asyncStream(items, doubleLater, { maxConcurrency, placement }),
        )
        assert.deepEqual(results, [40, 10, 20, 2].map(ok))
        await none(() => true)
      },
    )
  }

  it('TSK-042 never more than maxConcurrency at a time', () =>
    asActor(async () => {
      let now = 0
      let most = 0
      const body = async (n: number): Promise<number> => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        now--
        return n
      }
      const items = Array.from({ length: 50 }, (_, n) => n)
      const results = await collect(Task.asyncStream(items, body, { maxConcurrency: 3 }))
      assert.deepEqual(results, items.map(ok))
      assert.equal(most, 3)
    }))

  it('TSK-036 unordered: results as they come', () =>
    asActor(async () => {
      const gates = new Map<number, () => void>()
      const body = (n: number): Promise<number> =>
        new Promise((resolve) => {
          gates.set(n, () => resolve(n))
          if (gates.size === 3) gates.get(2)?.()
        })
      const seen: unknown[] = []
      const options = { maxConcurrency: 3, ordered: false }
      for await (const result of Task.asyncStream([0, 1, 2], body, options)) {
        seen.push(result)
        gates.get(seen.length === 1 ? 1 : 0)?.()
      }
      assert.deepEqual(seen, [2, 1, 0].map(ok))
    }))

  it('TSK-035 an item that is late ends the stream', () =>
    asActor(async () => {
      const stream = Task.asyncStream([1, 2], forever, { timeoutMs: 5, maxConcurrency: 2 })
      await assert.rejects(collect(stream), { code: 'ERR_CALL_TIMEOUT' })
      await none(() => true)
    }))

  it('TSK-047 or only its task', () =>
    asActor(async () => {
      const items = [
        { value: 1, ms: 0 },
        { value: 2, ms: 60_000 },
        { value: 3, ms: 0 },
      ]
      const options = { timeoutMs: 500, onTimeout: 'kill_task', zipInputOnExit: true } as const
      const body = ({ value, ms }: { value: number; ms: number }): Promise<number> | number =>
        ms > 0 ? new Promise(() => {}) : value
      assert.deepEqual(await collect(Task.asyncStream(items, body, options)), [
        ok(1),
        { type: 'exit', reason: { type: 'timeout' }, item: items[1] },
        ok(3),
      ])
      await none(() => true)
    }))

  nearAndFar('TSK-043 items that fail, for a consumer that traps', async (placement) => {
    const how = [BOOM, DETAILED]
    const results = await collect(Task.asyncStream(how, failing, { placement }))
    assert.deepEqual(
      results,
      how.map((reason) => ({ type: 'exit', reason })),
    )
    await none(isExitMessage)
  })

  it('TSK-043 without trapping a failed item ends the consumer', () =>
    asActor(async () => {
      const { ref } = spawnMonitor(() => collect(Task.asyncStream([BOOM], failing)))
      assert.deepEqual(await downWith(ref), BOOM)
    }))

  it('TSK-044 whoever stops early ends the rest, without a trace', () =>
    asActor(async () => {
      const started: unknown[] = []
      let tell: () => void = () => {}
      const allStarted = new Promise<void>((resolve) => {
        tell = resolve
      })
      const body = async (n: number): Promise<number> => {
        if (started.push(self()) === 3) tell()
        await (n > 0 ? receive(() => false) : allStarted)
        return n
      }
      for await (const result of Task.asyncStream([0, 1, 2], body, { maxConcurrency: 3 })) {
        assert.deepEqual(result, ok(0))
        break
      }
      for (const pid of started) {
        assert.deepEqual(await downOf(pid as ReturnType<typeof self>), { type: 'noproc' })
      }
      await none(() => true)
    }))

  it('TSK-041 items are taken as they are needed, and the source is told of the end', () =>
    asActor(async () => {
      const log: string[] = []
      function* items(): Generator<number> {
        try {
          for (let n = 0; ; n++) {
            log.push(`item ${n}`)
            yield n
          }
        } finally {
          log.push('closed')
        }
      }
      for await (const result of Task.asyncStream(items(), double, { maxConcurrency: 2 })) {
        if (result.type === 'ok' && result.value === 2) break
      }
      assert.deepEqual(log, ['item 0', 'item 1', 'item 2', 'closed'])
    }))

  for (const options of [
    { maxConcurrency: 0 },
    { onTimeout: 'wait' },
    { timeoutMs: -1 },
    { odd: 1 },
  ]) {
    it(`TSK-038 wrong options are refused at once: ${JSON.stringify(options)}`, () => {
      assert.throws(() => Task.asyncStream([], double, Object(options)), /asyncStream/)
    })
  }

  it('TSK-039 a DOWN that looks like one of its tasks is not taken', () =>
    asActor(async () => {
      const fake = { type: 'DOWN', ref: '#0.1', pid: self(), reason: BOOM }
      send(self(), fake)
      assert.deepEqual(await collect(Task.asyncStream([1], double)), [ok(2)])
      assert.deepEqual(await receive(isDownMessage, WAIT), fake)
      await none(isTaskMessage)
    }))
})
