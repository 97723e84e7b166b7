import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  call,
  type ExitReason,
  isDownMessage,
  isExitMessage,
  isWireError,
  link,
  monitor,
  type Placement,
  type Ref,
  receive,
  server,
  startServer,
  trapExit,
  whereis,
} from '../../runtime/index.ts'
import { slow } from '../fixtures/conformance/signal-servers.ts'
import {
  asActor,
  nextDown,
  nextExit,
  type Puppet,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const SMALL = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 8 }
const OWN: Placement = 'thread'

function fixture(name: string): { url: string } {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return { url: new URL(`../fixtures/conformance/${name}.${extension}`, import.meta.url).href }
}

/** Every way in which a thread can be lost, and the reason that is told. */
const losses: readonly [string, (one: Puppet) => void, (cause: ExitReason) => void][] = [
  [
    'process.exit',
    (one) => one.tell('leave', 7),
    (cause) => assert.deepEqual(cause, { type: 'worker_exit', code: 7 }),
  ],
  [
    'process.exit(0)',
    (one) => one.tell('leave', 0),
    (cause) => assert.deepEqual(cause, { type: 'worker_exit', code: 0 }),
  ],
  ['an uncaught error', (one) => one.tell('stray', 'stray'), assertStray],
  ['an unhandled rejection', (one) => one.tell('strayRejection', 'stray'), assertStray],
  [
    'memory running out',
    (one) => one.tell('exhaust'),
    (cause) => assert.deepEqual(cause, { type: 'out_of_memory', limitMb: 24 }),
  ],
]

function assertStray(cause: ExitReason): void {
  assert.equal(cause.type, 'error')
  assert.ok('error' in cause && isWireError(cause.error))
  assert.equal(cause.error.message, 'stray')
  assert.match(cause.error.stack ?? '', /puppet/)
}

/** In a shared thread all are lost with noconnection, which carries the cause. */
function causeOf(reason: ExitReason): ExitReason {
  assert.equal(reason.type, 'noconnection')
  assert.ok('cause' in reason)
  return reason.cause as ExitReason
}

describe('WRK lost threads', () => {
  useRuntime()

  for (const placement of ['thread', { thread: 'wrk-1' }] as const) {
    it(`WRK-001 a start from a module that cannot be loaded fails with the error [${JSON.stringify(placement)}]`, () =>
      asActor(async () => {
        const lost = server(fixture('no-such-module'), { name: 'lost', init: () => 0 })
        await assert.rejects(startServer(lost, undefined, { placement, link: false }), (error) => {
          assert.ok(error instanceof Error && 'code' in error)
          assert.equal(error.code, 'ERR_START_FAILED')
          assert.match(error.message, /Cannot find module/)
          return true
        })
        const odd = server(fixture('signal-servers'), { name: 'not-exported', init: () => 0 })
        await assert.rejects(startServer(odd, undefined, { placement, link: false }), {
          message: /exports no server or actor named 'not-exported'/,
        })
      }))
  }

  for (const [how, lose, check] of losses) {
    it(`WRK-002 ${how} of an own thread is told to the linked as it is`, () =>
      asActor(async () => {
        trapExit(true)
        const one = startPuppet('thread', { link: true, resourceLimits: SMALL })
        await one.ask('ping')
        lose(one)
        check(await nextExit(one.pid))
      }))

    it(`WRK-003 ${how} of an own thread: one DOWN per monitor, noproc to later ones`, () =>
      asActor(async () => {
        const one = startPuppet('thread', { monitor: true, resourceLimits: SMALL })
        const second = monitor(one.pid)
        await one.ask('ping')
        lose(one)
        check(await nextDown(one.ref))
        check(await nextDown(second))
        assert.deepEqual(await nextDown(monitor(one.pid)), { type: 'noproc' })
      }))

    const thread = `wrk-${how}`
    it(`WRK-002 ${how} of a shared thread is noconnection to all who were linked there`, () =>
      asActor(async () => {
        trapExit(true)
        const start = (): Puppet => startPuppet({ thread }, { link: true, resourceLimits: SMALL })
        const [a, b] = [start(), start()]
        const plain = startPuppet('here', { monitor: true })
        await plain.ask('link', b.pid)
        await a.ask('ping')
        lose(a)
        check(causeOf(await nextExit(a.pid)))
        check(causeOf(await nextExit(b.pid)))
        check(causeOf(await nextDown(plain.ref)))
      }))

    it(`WRK-003 ${how} of a shared thread: one DOWN per monitor, noconnection to later ones`, () =>
      asActor(async () => {
        const start = (): Puppet =>
          startPuppet({ thread }, { monitor: true, resourceLimits: SMALL })
        const [a, b] = [start(), start()]
        const refs: (Ref | undefined)[] = [a.ref, monitor(a.pid), b.ref]
        await b.ask('ping')
        lose(a)
        for (const ref of refs) check(causeOf(await nextDown(ref)))
        assert.equal((await nextDown(monitor(a.pid))).type, 'noconnection')
        assert.equal((await nextDown(monitor(b.pid))).type, 'noconnection')
        assert.equal(await receive(isDownMessage, { timeoutMs: 0 }), undefined)
      }))
  }

  for (const [placement, expected] of [
    [{ thread: 'wrk-4' }, 'noconnection'],
    [OWN, 'worker_exit'],
  ] as const) {
    it(`WRK-004 a call to a server whose thread is lost is rejected at once [${JSON.stringify(placement)}]`, () =>
      asActor(async () => {
        const held = await startServer(slow, undefined, { placement, link: false })
        assert.ok(held)
        const pid = held.pid()
        const pending = call(pid, 'hold', undefined, { timeoutMs: 60_000 })
        assert.equal(await call(pid, 'ping'), 'pong')
        held.cast('leave')
        await assert.rejects(pending, (error: unknown) => {
          assert.ok(error instanceof Error && 'code' in error && 'reason' in error)
          assert.equal(error.code, 'ERR_PROCESS_DOWN')
          assert.equal((error.reason as ExitReason).type, expected)
          return true
        })
        await assert.rejects(call(pid, 'ping'))
      }))
  }

  it('WRK-005 all names of a lost thread are free when the first death is told', () =>
    asActor(async () => {
      trapExit(true)
      const names = Array.from({ length: 20 }, (_, n) => `wrk-5-${n}`)
      const all = names.map((name) => startPuppet({ thread: 'wrk-5' }, { name, link: true }))
      for (const one of all) await one.ask('ping')
      all[0]?.tell('leave', 0)
      const first = await receive(isExitMessage, WAIT)
      assert.ok(first)
      assert.deepEqual(names.map(whereis).filter(Boolean), [])
    }))

  it('WRK-013 actors of a thread that runs again have other pids', () =>
    asActor(async () => {
      const placement = { thread: 'wrk-13' }
      const old = startPuppet(placement, { monitor: true, name: 'wrk-13' })
      await old.ask('ping')
      old.tell('leave', 0)
      await nextDown(old.ref)
      const again = startPuppet(placement, { name: 'wrk-13' })
      assert.equal(await again.ask('ping'), 'pong')
      assert.notEqual(again.pid, old.pid)
      assert.notEqual(again.pid.split('.')[0], old.pid.split('.')[0])
      trapExit(true)
      link(old.pid)
      assert.deepEqual(await nextExit(old.pid), { type: 'noproc' })
    }))

  for (const module of ['hanging', 'spinning']) {
    it(`WRK-017 a ${module} module is a start that timed out, its thread is ended`, () =>
      asActor(async () => {
        const never = server(fixture(module), { name: 'never', init: () => 0 })
        await assert.rejects(
          startServer(never, undefined, {
            placement: 'thread',
            name: `wrk-17-${module}`,
            timeoutMs: 50,
          }),
          (error) => {
            assert.ok(error instanceof Error && 'why' in error)
            assert.equal(error.why, 'timed-out')
            return true
          },
        )
        assert.equal(whereis(`wrk-17-${module}`), undefined)
        assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
      }))
  }

  it('WRK-019 what no actor of a shared thread catches loses the thread, with the stack', () =>
    asActor(async () => {
      for (const act of ['stray', 'strayRejection'] as const) {
        const [a, b] = [1, 2].map(() => startPuppet({ thread: 'wrk-19' }, { monitor: true }))
        await b?.ask('ping')
        a?.tell(act, 'stray')
        for (const one of [a, b]) assertStray(causeOf(await nextDown(one?.ref)))
      }
    }))
})
