import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  isAlive,
  type Pid,
  type Placement,
  processInfo,
  receive,
  self,
  send,
  Task,
  TaskSupervisor,
  trapExit,
} from '../../runtime/index.ts'
import { callersOf, forever, sleepy } from '../fixtures/conformance/task-bodies.ts'
import { asActor, assertEmpty, PLACES, type Place, useRuntime, WAIT } from './placements.ts'

const never = (): Promise<never> => new Promise(() => {})
const WHERE: readonly Place[] = ['same thread', 'two threads', 'own thread']

function inEachPlace(title: string, test: (placement: Placement) => Promise<void>): void {
  for (const place of WHERE) {
    it(`${title} [${place}]`, () => asActor(() => test(PLACES[place])))
  }
}

const ok = <Value>(value: Value): { type: 'ok'; value: Value } => ({ type: 'ok', value })

describe('TSK callers', () => {
  useRuntime()

  inEachPlace(
    'TSK-003 a task knows who asked for it, who asked for that, nearest first',
    async (placement) => {
      const { outer, inner } = await Task.await(Task.async(callersOf, 2, { placement }), WAIT)
      assert.deepEqual(outer.callers, [self()])
      assert.deepEqual(inner?.callers, [outer.pid, self()])
    },
  )

  it('TSK-003 the same for tasks that nobody waits for; none for what is no task', () =>
    asActor(async () => {
      assert.deepEqual(Task.callers(), [])
      const boss = self()
      const outer = Task.startLink(() => {
        Task.start(() => send(boss, Task.callers()))
      })
      assert.deepEqual(await receive(Array.isArray, WAIT), [outer, boss])
    }))

  inEachPlace('TSK-040 a stream within a task has the chain too', async (placement) => {
    const outer = Task.async(async () => {
      const found: unknown[] = []
      for await (const result of Task.asyncStream([1], callersOf, { placement })) {
        found.push(result.type === 'ok' && result.value.outer.callers)
      }
      return { own: self(), found }
    })
    const { own, found } = await Task.await(outer, WAIT)
    assert.deepEqual(found, [[own, self()]])
  })

  it('TSS-006 under a supervisor: callers are who asked, ancestors who started', () =>
    asActor(async () => {
      const supervisor = await TaskSupervisor.start()
      const task = await TaskSupervisor.async(supervisor, async () => {
        const info = await processInfo(self(), 'ancestors')
        return { callers: Task.callers(), ancestors: info?.ancestors }
      })
      const { callers, ancestors } = await Task.await(task)
      assert.deepEqual(callers, [self()])
      assert.deepEqual(ancestors?.slice(0, 2), [supervisor.target, self()])
      const boss = self()
      await TaskSupervisor.startChild(supervisor, () => send(boss, Task.callers()))
      assert.deepEqual(await receive(Array.isArray, WAIT), [self()])
    }))
})

describe('TSK several at once', () => {
  useRuntime()

  it('TSK-006 a completed task has no process, and its value', () =>
    asActor(async () => {
      const task = Task.completed(7)
      assert.equal(await isAlive(task.pid), false)
      assert.equal(await Task.await(task), 7)
      assert.deepEqual(await Task.yield(Task.completed(8)), ok(8))
      assert.deepEqual(await Task.awaitMany([Task.completed(1), Task.async(() => 2)]), [1, 2])
      await assertEmpty()
    }))

  it('TSK-034 shutdown of a task without a process takes what is there', () =>
    asActor(async () => {
      const task = Task.completed('done')
      assert.deepEqual(await Task.shutdown(task), ok('done'))
      assert.equal(await Task.shutdown(task), undefined)
      assert.equal(await Task.shutdown(task, 'brutal_kill'), undefined)
    }))

  inEachPlace('TSK-025 onTimeout kills the late, or ignores them', async (placement) => {
    trapExit(true)
    for (const onTimeout of ['kill_task', 'ignore'] as const) {
      const [quick, late] = [Task.async(() => 1), Task.async(forever, undefined, { placement })]
      const options = { timeoutMs: 100, onTimeout }
      assert.deepEqual(await Task.yieldMany<unknown>([quick, late], options), [ok(1), undefined])
      assert.equal(await isAlive(late.pid), onTimeout === 'ignore')
      assert.equal(await Task.yield(late, { timeoutMs: 0 }), undefined)
      if (onTimeout === 'ignore') await Task.shutdown(late, 'brutal_kill').catch(() => {})
    }
  })

  inEachPlace(
    'TSK-026 the results of all that have ended, in the order of the tasks',
    async (placement) => {
      trapExit(true)
      const tasks = [
        Task.async(sleepy, 20, { placement }),
        Task.async((): number => {
          throw new RangeError('no')
        }),
        Task.async(never),
      ]
      const [first, second, third] = await Task.yieldMany<unknown>(tasks, { timeoutMs: 1500 })
      assert.deepEqual([first?.type, second?.type, third], ['ok', 'exit', undefined])
      await Task.shutdown(tasks[2] ?? Task.completed(0), 'brutal_kill')
    },
  )

  it('TSK-026 no longer than until so many results are there', () =>
    asActor(async () => {
      const tasks = [Task.async(never), Task.async(() => 1), Task.async(() => 2), Task.async(never)]
      const some = await Task.yieldMany<number>(tasks, { limit: 2, timeoutMs: 60_000 })
      assert.deepEqual(some, [undefined, ok(1), ok(2), undefined])
      for (const task of tasks) await Task.shutdown(task, 'brutal_kill')
    }))

  it('TSK-026 what is there already counts; more than the limit stays for later', () =>
    asActor(async () => {
      const tasks = [1, 2, 3].map((value) => Task.completed(value))
      assert.deepEqual(await Task.yieldMany(tasks, { limit: 2 }), [ok(1), ok(2), undefined])
      assert.deepEqual(await Task.yieldMany(tasks.slice(2)), [ok(3)])
    }))

  it('TSK-026 returns when all have ended, below the limit too, and without a bound in time', () =>
    asActor(async () => {
      const tasks = [1, 2].map((value) => Task.async(() => value))
      const options = { limit: 5, timeoutMs: Number.POSITIVE_INFINITY }
      assert.deepEqual(await Task.yieldMany(tasks, options), [ok(1), ok(2)])
      assert.deepEqual(await Task.yieldMany([]), [])
    }))

  it('TSK-026 with a limit and what becomes of the others', () =>
    asActor(async () => {
      const tasks = [Task.async(() => 1), Task.async(never)]
      const options = { limit: 1, onTimeout: 'kill_task', timeoutMs: 60_000 } as const
      assert.deepEqual(await Task.yieldMany<number>(tasks, options), [ok(1), undefined])
      assert.equal(await isAlive(tasks[1]?.pid ?? self()), false)
      await assertEmpty()
    }))

  it('TSK-026 options are checked', () =>
    asActor(async () => {
      await assert.rejects(Task.yieldMany([], { limit: 0 }), RangeError)
      await assert.rejects(
        Task.yieldMany([], { onTimeout: 'kill' as 'ignore' }),
        /onTimeout: expected/,
      )
      await assert.rejects(Task.yieldMany([], { timeout: 1 } as object), /unknown option 'timeout'/)
    }))
})

describe('TSK streams', () => {
  useRuntime()

  const doubled = async (item: number): Promise<number> => item * 2

  it('TSK-037 without a bound in time', () =>
    asActor(async () => {
      const values: unknown[] = []
      const timeoutMs = Number.POSITIVE_INFINITY
      for await (const result of Task.asyncStream([1, 2, 3], doubled, { timeoutMs }))
        values.push(result)
      assert.deepEqual(values, [ok(2), ok(4), ok(6)])
    }))

  const pairs = async (
    left: AsyncIterableIterator<unknown>,
    right: AsyncIterableIterator<unknown>,
    count = Number.POSITIVE_INFINITY,
  ): Promise<unknown[]> => {
    const found: unknown[] = []
    while (found.length < count) {
      const [a, b] = [await left.next(), await right.next()]
      if (a.done || b.done) break
      found.push([a.value, b.value])
    }
    await left.return?.()
    await right.return?.()
    return found
  }

  it('TSK-045 two streams side by side give each their own', () =>
    asActor(async () => {
      const slowest = (item: number): Promise<number> =>
        new Promise((resolve) => setTimeout(() => resolve(item), 20 - item))
      const found = await pairs(
        Task.asyncStream([1, 2, 3], slowest),
        Task.asyncStream([4, 5, 6], doubled),
      )
      assert.deepEqual(found, [
        [ok(1), ok(8)],
        [ok(2), ok(10)],
        [ok(3), ok(12)],
      ])
      await assertEmpty()
    }))

  it('TSK-045 failures too', () =>
    asActor(async () => {
      trapExit(true)
      const fails = (): never => {
        throw new RangeError('no')
      }
      const found = await pairs(Task.asyncStream([1], fails), Task.asyncStream([2], doubled))
      const [[a, b]] = found as [[{ type: string }, unknown]]
      assert.deepEqual([a.type, b], ['exit', ok(4)])
      await assertEmpty()
    }))

  it('TSK-045 who stops both early leaves neither task nor message behind', () =>
    asActor(async () => {
      const started: Pid[] = []
      const note = (item: number): number | Promise<never> => {
        started.push(self())
        return item < 2 ? item : never()
      }
      const items = [1, 2, 3, 4]
      const found = await pairs(
        Task.asyncStream(items, note, { maxConcurrency: 2 }),
        Task.asyncStream(items, note, { maxConcurrency: 2 }),
        1,
      )
      assert.deepEqual(found, [[ok(1), ok(1)]])
      for (const pid of started) assert.equal(await isAlive(pid), false)
      await assertEmpty()
    }))

  for (const early of [true, false]) {
    it(`TSK-046 the source is closed once, ${early ? 'when the consumer stops' : 'at its end'}`, () =>
      asActor(async () => {
        let closed = 0
        function* source(): Generator<number> {
          try {
            yield* [1, 2, 3]
          } finally {
            closed++
          }
        }
        for await (const _ of Task.asyncStream(source(), doubled, { maxConcurrency: 1 })) {
          if (early) break
        }
        assert.equal(closed, 1)
      }))
  }

  it('TSS-014 a shutdown that cannot be meant is refused before anything starts', () =>
    asActor(async () => {
      const shutdown = 'slowly' as 'infinity'
      assert.throws(
        () => TaskSupervisor.asyncStream('nobody', [1], doubled, { shutdown }),
        /shutdown: expected 'brutal_kill', 'infinity'/,
      )
      assert.throws(
        () => TaskSupervisor.asyncStream('nobody', [1], doubled, { shutdown: -1 }),
        RangeError,
      )
    }))
})
