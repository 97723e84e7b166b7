import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import {
  call,
  child,
  describeReason,
  type ExitReason,
  formatReport,
  monitor,
  ProcessDown,
  type Report,
  type Runtime,
  refOf,
  Supervisor,
  spawnMonitor,
  startRuntime,
  startServer,
} from '../../runtime/index.ts'
import { asActor, nextDown, startPuppet, useRuntime, WAIT } from '../conformance/placements.ts'
import { freshPid } from '../fixtures/runtime/fresh-pid.ts'
import { stuck } from '../fixtures/runtime/stuck.ts'

type ThreadReport = Extract<Report, { type: 'thread-report' }>

/** The reports about threads of one runtime, as they come. */
class Reports {
  readonly #iterator: AsyncIterator<Report>
  readonly #abort = new AbortController()

  constructor(runtime: Runtime) {
    this.#iterator = runtime.reports({ signal: this.#abort.signal })[Symbol.asyncIterator]()
  }

  async next(thread: string, context: ThreadReport['context']): Promise<ThreadReport> {
    for (;;) {
      const { value, done } = await this.#iterator.next()
      assert.ok(!done, `a report '${context}' of ${thread} comes`)
      if (value.type !== 'thread-report') continue
      if (value.thread === thread && value.context === context) return value
    }
  }

  end(): void {
    this.#abort.abort()
  }
}

/** Long enough that a thread that only waits for a core is not taken for a stuck one. */
const KILLER = { stuckMs: 400, action: 'kill' } as const
const CALL = { timeoutMs: 30_000 }

describe('a watchdog that kills', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({
      maxRestarts: 100,
      children: [child(stuck, { watchdog: KILLER })],
    })
  })
  after(() => runtime.stop())
  beforeEach(() => runtime.act(() => freshPid('stuck', undefined)))

  for (const [way, frame] of [
    ['loop', 'endlessLoop'],
    ['regex', 'catastrophe'],
    ['wait', 'waitForNobody'],
  ] as const) {
    it(`ends a thread that hangs in a ${way}, with the stack, and the supervisor starts another`, () =>
      asActor(async () => {
        const ref = refOf(stuck)
        const old = ref.pid()
        const pending = ref.call('ping', undefined, CALL)
        await pending
        ref.cast('hang', way)
        const failure: unknown = await ref.call('ping', undefined, CALL).catch((error) => error)
        assert.ok(failure instanceof ProcessDown, String(failure))
        const { reason } = failure
        assert.ok(reason.type === 'stuck' && 'stack' in reason && 'ms' in reason)
        const [first = '', second = ''] = String(reason.stack).split('\n')
        assert.match(
          `${first}\n${second}`,
          new RegExp(`at (?:Object\\.)?${frame} \\(.*stuck\\.(js|ts):\\d+:\\d+\\)`),
        )
        assert.ok(Number(reason.ms) >= KILLER.stuckMs, describeReason(reason))
        await freshPid('stuck', old)
        assert.equal(typeof (await ref.call('ping', undefined, CALL)), 'number')
      }))
  }

  it('ends a thread that drowns in its own microtasks', () =>
    asActor(async () => {
      const ref = refOf(stuck)
      const old = ref.pid()
      ref.cast('hang', 'microtasks')
      // A call that comes with the cast may be answered before the first of them runs.
      let failure: unknown
      do failure = await ref.call('ping', undefined, CALL).catch((error) => error)
      while (typeof failure === 'number')
      assert.ok(failure instanceof ProcessDown && failure.reason.type === 'stuck', String(failure))
      await freshPid('stuck', old)
    }))

  it('spares a thread that is busy in short turns', () =>
    asActor(async () => {
      const options = { placement: 'thread', watchdog: { stuckMs: 1000, action: 'kill' } } as const
      const ref = await startServer(stuck, undefined, options)
      assert.ok(ref)
      const thread = await ref.call('ping', undefined, CALL)
      await ref.call('turns', 2500, CALL)
      for (let round = 0; round < 6; round++) {
        await new Promise((resolve) => setTimeout(resolve, 500))
        assert.equal(await ref.call('ping', undefined, CALL), thread)
      }
    }))

  it('reports the kill, with the actor and the stack', () =>
    asActor(async () => {
      const reports = new Reports(runtime)
      const old = refOf(stuck).pid()
      await runtime.act(() => refOf(stuck).call('ping', undefined, CALL))
      refOf(stuck).cast('hang', 'loop')
      const report = await reports.next('stuck', 'stuck')
      reports.end()
      assert.deepEqual([report.action, report.level, report.pid], ['kill', 'error', old])
      assert.match(report.stack ?? '', /endlessLoop/)
      assert.match(formatReport(report), /^error thread stuck \(\d+\) has not turned .* is ended/)
      await freshPid('stuck', old)
    }))
})

describe('the watchdog', () => {
  useRuntime({ watchdog: KILLER })

  it('is that of the runtime for threads that name none', () =>
    asActor(async () => {
      const { pid, ref } = spawnMonitor(stuck, undefined, { placement: 'thread' })
      refOf(stuck, pid).cast('hang', 'loop')
      assert.equal((await nextDown(ref)).type, 'stuck')
    }))

  it('can be switched off for one', () =>
    asActor(async () => {
      const watchdog = { stuckMs: Number.POSITIVE_INFINITY }
      const server = await startServer(stuck, undefined, { placement: 'thread', watchdog })
      assert.equal(await server?.call('busy', 1200, CALL), true)
    }))

  it('gives the actors of a shared thread noconnection, with the cause inside', () =>
    asActor(async () => {
      const placement = { thread: 'shared-stuck' }
      const one = startPuppet(placement, { monitor: true })
      await one.ask('ping')
      const server = await startServer(stuck, undefined, { placement, link: false })
      server?.cast('hang', 'loop')
      const reason: ExitReason & { cause?: unknown } = await nextDown(one.ref)
      assert.equal(reason.type, 'noconnection')
      assert.equal((reason.cause as ExitReason).type, 'stuck')
    }))

  it('makes a supervisor give up a child that is stuck again and again', () =>
    asActor(async () => {
      const top = await Supervisor.start(
        { maxRestarts: 0, children: [child(stuck, { name: 'again' })] },
        { link: false },
      )
      const { ref } = spawnMonitor(async () => {
        const [row] = await Supervisor.whichChildren(top)
        if (row?.pid) refOf(stuck, row.pid).cast('hang', 'loop')
        await new Promise<void>((resolve) => setTimeout(resolve, 0))
        await call(row?.pid ?? '', 'ping', undefined, CALL)
      })
      assert.match(describeReason(await nextDown(ref)), /stuck for \d+ ms/)
    }))
})

describe('the watchdog while the main thread is stuck', () => {
  it('finds, ends and replaces a stuck thread, with its stack', async () => {
    const starts = new Int32Array(new SharedArrayBuffer(4))
    const runtime = await startRuntime({
      children: [child(stuck, { args: starts, watchdog: KILLER })],
    })
    try {
      await asActor(async () => {
        const ref = refOf(stuck)
        await ref.call('ping', undefined, CALL)
        const down = monitor(ref.pid())
        ref.cast('hang', 'loop')
        const until = Date.now() + WAIT.timeoutMs
        while (Atomics.load(starts, 0) < 2) assert.ok(Date.now() < until, 'it was replaced')
        const reason: ExitReason & { stack?: unknown } = await nextDown(down)
        assert.equal(reason.type, 'stuck')
        assert.match(String(reason.stack), /endlessLoop/)
      })
    } finally {
      await runtime.stop()
    }
  })
})

describe('a thread that cannot be ended', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [child(stuck, { watchdog: KILLER })] })
  })
  after(() => runtime.stop())

  it('is given up: its end is told, a replacement runs, and why there is no stack', () =>
    asActor(async () => {
      const reports = new Reports(runtime)
      const ref = refOf(stuck)
      const old = ref.pid()
      const down = monitor(old)
      const thread = await ref.call('ping', undefined, CALL)
      ref.cast('native', 7)
      assert.equal((await reports.next('stuck', 'stuck')).action, 'kill')
      const given = await reports.next('stuck', 'abandoned')
      reports.end()
      assert.deepEqual([given.pid, given.level], [old, 'error'])
      const reason: ExitReason & { noStack?: unknown } = await nextDown(down)
      assert.equal(reason.type, 'stuck')
      assert.match(String(reason.noStack), /^inspector: no answer within 500 ms/)
      await freshPid('stuck', old)
      assert.notEqual(await ref.call('ping', undefined, CALL), thread)
    }))
})

describe('a watchdog that reports', () => {
  let runtime: Runtime
  before(async () => {
    const watchdog = { stuckMs: 300 }
    runtime = await startRuntime({ children: [child(stuck, { watchdog })] })
  })
  after(() => runtime.stop())

  it('tells when a thread hangs and when it turns again, and leaves it alive', () =>
    asActor(async () => {
      const reports = new Reports(runtime)
      const ref = refOf(stuck)
      const thread = await ref.call('ping', undefined, CALL)
      const busy = ref.call('busy', 1500, CALL)
      const found = await reports.next('stuck', 'stuck')
      assert.deepEqual([found.action, found.level], ['report', 'warning'])
      assert.match(found.stack ?? '', /busy/)
      assert.equal(await busy, true)
      const over = await reports.next('stuck', 'turns_again')
      reports.end()
      assert.ok(over.ms >= found.ms)
      assert.equal(await ref.call('ping', undefined, CALL), thread)
    }))
})

describe('options of a thread', () => {
  useRuntime()
  const refused: readonly [string, () => unknown, RegExp][] = [
    [
      'an unknown word',
      () => child(stuck, { watchdog: { action: 'kil' as never } }),
      /'report', 'kill', got 'kil'/,
    ],
    [
      'an unknown key',
      () => child(stuck, { watchdog: { stuckMS: 5 } as never }),
      /Did you mean 'stuckMs'/,
    ],
    ['a time too short', () => child(stuck, { watchdog: { stuckMs: 1 } }), /from 20/],
    [
      'a watchdog without a thread',
      () => child(stuck, { placement: 'root', watchdog: {} }),
      /placement 'root' makes none/,
    ],
    [
      'limits without a thread',
      () => child(stuck, { placement: 'caller', resourceLimits: {} }),
      /placement 'caller' makes none/,
    ],
    [
      'an unknown limit',
      () => child(stuck, { resourceLimits: { maxHeap: 3 } as never }),
      /unknown option 'maxHeap'/,
    ],
    [
      'a limit that is no number',
      () => child(stuck, { resourceLimits: { stackSizeMb: '4' } as never }),
      /expected a number, got '4'/,
    ],
    [
      'limits of a spawn here',
      () => spawnMonitor(stuck, undefined, { resourceLimits: {} }),
      /placement 'here' makes none/,
    ],
  ]
  for (const [what, act, message] of refused) {
    it(`refuse ${what}`, () => {
      assert.throws(act, { message })
    })
  }
})
