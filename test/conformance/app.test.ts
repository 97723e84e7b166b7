import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  type ExitReason,
  exit,
  type RestartType,
  type Runtime,
  reportsTo,
  Supervisor,
  self,
  startRuntime,
} from '../../runtime/index.ts'
import { START } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  downOf,
  frailKid,
  gate,
  KILL,
  kid,
  lives,
  NORMAL,
  nextRuntimeReport,
  pidOf,
  SHUTDOWN,
  setGate,
} from './behaviour-support.ts'

const run = promisify(execFile)
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const fixture = fileURLToPath(
  new URL(`../fixtures/conformance/signals.${extension}`, import.meta.url),
)

describe('APP the end of a runtime', () => {
  it('APP-004 the hook is called with the reason and awaited', async () => {
    const log: unknown[] = []
    const runtime = await startRuntime({
      children: [],
      spare: false,
      onStop: async (reason) => {
        await new Promise((resolve) => setImmediate(resolve))
        log.push(reason)
      },
    })
    await runtime.stop()
    assert.deepEqual(log, [SHUTDOWN])
    assert.deepEqual(await runtime.closed, SHUTDOWN)
  })

  it('APP-004 a hook that fails or never ends does not keep the runtime', async () => {
    for (const onStop of [
      (): void => {
        throw new Error('in the hook')
      },
      (): Promise<void> => new Promise(() => {}),
    ]) {
      const runtime = await startRuntime({ children: [], spare: false, onStop, stopMs: 50 })
      await runtime.stop()
    }
  })

  it('APP-004 nor does a child that never ends, or that hangs in its restart', async () => {
    const view = gate()
    const runtime = await startRuntime({ children: [], spare: false, stopMs: 100 })
    const { pid: top } = await runtime.startApplication({
      name: 'stuck',
      start: () => ({
        maxRestarts: 1_000_000,
        children: [
          kid('stubborn', { placement: 'root', shutdown: 'infinity', args: { stubborn: true } }),
          frailKid('hanging', { placement: 'root', args: { gate: view } }),
        ],
      }),
    })
    const [row] = await Supervisor.whichChildren(top)
    setGate(view, START.hangs)
    assert.ok(row?.pid)
    exit(row.pid, KILL)
    const from = performance.now()
    await runtime.stop()
    assert.ok(performance.now() - from < 5000)
  })

  for (const signal of ['SIGTERM', 'SIGINT']) {
    it(`APP-012 ${signal} stops applications in reverse order, then exits with 0`, async () => {
      const { stdout } = await run(process.execPath, [fixture, signal], { timeout: 30_000 })
      assert.deepEqual(stdout.trim().split('\n'), ['stopped second', 'stopped first', 'exit 0'])
    })
  }
})

describe('APP applications', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('APP-009 start gives the tree; a second one of the name is refused', async () => {
    const spec = { name: 'app-009', start: () => ({ children: [] }) }
    const application = await runtime.startApplication(spec)
    assert.deepEqual(await Supervisor.whichChildren(application.pid), [])
    await assert.rejects(runtime.startApplication(spec), { code: 'ERR_ALREADY_STARTED' })
    await application.stop()
    const again = await runtime.startApplication(spec)
    await again.stop()
  })

  it('APP-009 or the tree and a state, which stop gets', async () => {
    const log: unknown[] = []
    const application = await runtime.startApplication({
      name: 'app-009',
      start: () => ({ tree: { children: [] }, state: 7 }),
      stop: (state) => void log.push(state),
    })
    await application.stop()
    assert.deepEqual(log, [7])
  })

  for (const given of ['garbage', {}, { tree: 'garbage' }]) {
    it(`APP-009 anything else is a bad return: ${JSON.stringify(given)}`, async () => {
      const start = (): { children: [] } => JSON.parse(JSON.stringify(given))
      await assert.rejects(runtime.startApplication({ name: 'app-009', start }), (error: Error) => {
        assert.match(JSON.stringify(error), /"ERR_START_FAILED".*"bad_return"/)
        return true
      })
    })
  }

  it('APP-009 a child that does not start fails the start', () =>
    asActor(async () => {
      const children = [frailKid('a', { placement: 'root', args: { start: START.throws } })]
      await assert.rejects(
        runtime.startApplication({ name: 'app-009', start: () => ({ children }) }),
        /failedToStartChild/,
      )
    }))

  it('APP-010 stop: prepStop, children in reverse, stop, a report', () =>
    asActor(async () => {
      await reportsTo(self())
      const log: string[] = []
      const children = ['a', 'b'].map((id) => kid(id, { placement: 'root' }))
      const application = await runtime.startApplication({
        name: 'app-010',
        start: () => ({ tree: { children }, state: 'first' }),
        prepStop: (state) => {
          log.push(`prepStop ${state}`)
          return 'second'
        },
        stop: (state) => void log.push(`stop ${state}`),
      })
      await lives(2)
      await application.stop()
      assert.deepEqual(await lives(2), ['gone b shutdown', 'gone a shutdown'])
      assert.deepEqual(log, ['prepStop first', 'stop second'])
      assert.deepEqual(await application.closed, SHUTDOWN)
      const report = await nextRuntimeReport('application-report')
      assert.deepEqual([report.application, report.reason.type], ['app-010', 'stopped'])
      assert.deepEqual(await downOf(application.pid), { type: 'noproc' })
    }))
})

describe('APP what the end of a tree means', () => {
  const table: readonly (readonly [RestartType, ExitReason, boolean])[] = [
    ['permanent', NORMAL, true],
    ['permanent', SHUTDOWN, true],
    ['permanent', BOOM, true],
    ['transient', NORMAL, false],
    ['transient', SHUTDOWN, true],
    ['transient', BOOM, true],
    ['temporary', NORMAL, false],
    ['temporary', BOOM, false],
  ]
  for (const [restart, reason, stops] of table) {
    const what = `${restart}, ${reason.type}: ${stops ? 'stops the runtime' : 'is reported'}`
    it(`APP-011 ${what}`, async () => {
      const runtime = await startRuntime({ children: [], spare: false })
      try {
        let ended = false
        const application = await runtime.startApplication({
          name: 'app-011',
          restart,
          start: () => ({ children: [] }),
          stop: () => {
            ended = true
          },
        })
        const closed = runtime.closed
        if (stops) {
          await Supervisor.stop(application.pid, reason).catch(() => {})
          assert.deepEqual(await closed, reason)
        } else {
          await asActor(async () => {
            await reportsTo(self())
            await Supervisor.stop(application.pid, reason)
            const report = await nextRuntimeReport('application-report')
            assert.deepEqual([report.application, report.reason], ['app-011', reason])
          })
          assert.deepEqual(await application.closed, reason)
          const again = { name: 'app-011', start: () => ({ children: [] }) }
          await (await runtime.startApplication(again)).stop()
        }
        assert.ok(ended)
      } finally {
        await runtime.stop()
      }
    })
  }

  it('APP-011 giving up by intensity is shutdown, which ends a transient one too', async () => {
    const runtime = await startRuntime({ children: [], spare: false })
    const spec = { ...frailKid('a', { placement: 'root' }), args: {} }
    const application = await runtime.startApplication({
      name: 'app-011',
      restart: 'transient',
      start: () => ({ maxRestarts: 0, children: [spec] }),
    })
    exit(await pidOf(Supervisor.ref(application.pid), 'a'), KILL)
    assert.deepEqual(await runtime.closed, SHUTDOWN)
  })
})
