import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import {
  CallbackFailed,
  call,
  cast,
  child,
  monitor,
  type Pid,
  type Placement,
  processInfo,
  Registry,
  type Runtime,
  receive,
  register,
  reportsTo,
  Supervisor,
  type SystemStatus,
  self,
  send,
  server,
  spawn,
  startRuntime,
  startServer,
  sys,
} from '../../runtime/index.ts'
import { sibling } from '../../runtime/sibling.ts'
import {
  clumsy,
  discreet,
  doubled,
  failing,
  failingSpy,
  handWritten,
  open,
  otherSpy,
  spy,
} from '../fixtures/conformance/sys-subject.ts'
import {
  asActor,
  downWith,
  everywhere,
  nextRuntimeReport,
  none,
  until,
  WAIT,
} from './behaviour-support.ts'

const TIMED_OUT = { code: 'ERR_CALL_TIMEOUT' }
/** What must not come is waited for this long. */
const SHORT = { timeoutMs: 50 }
const BOTH = ['[same thread]', '[own thread]', '[root thread]']

async function start(placement: Placement, definition: typeof open = open): Promise<Pid> {
  const ref = await startServer(definition, 1, { placement })
  assert.ok(ref)
  return ref.pid()
}

/** What spies have sent, in order. */
async function spied(count: number): Promise<string[]> {
  const seen: string[] = []
  while (seen.length < count) {
    const next = await receive((m): m is { event: string; by: string } => isSpied(m), WAIT)
    assert.ok(next, `${seen.length + 1} of ${count} came`)
    seen.push(`${next.by} ${next.event}`)
  }
  return seen
}

function isSpied(message: unknown): boolean {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === 'spied'
  )
}

describe('SYS halting', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere(
    'SYS-001 a halted server answers no call, says that it is halted, and goes on when resumed',
    async (placement) => {
      const pid = await start(placement)
      await sys.suspend(pid)
      await assert.rejects(call(pid, 'read', undefined, SHORT), TIMED_OUT)
      assert.equal((await sys.getStatus(pid)).status, 'suspended')
      assert.deepEqual(await processInfo(pid, 'status'), { status: 'suspended' })
      await sys.suspend(pid)
      await sys.resume(pid)
      await sys.resume(pid)
      assert.equal(await call(pid, 'read'), 1)
      assert.equal((await sys.getStatus(pid)).status, 'running')
    },
    BOTH,
  )

  everywhere(
    'SYS-002 what a caller gave up on while it was halted is done when it goes on',
    async (placement) => {
      const pid = await start(placement)
      await sys.suspend(pid)
      await assert.rejects(call(pid, 'add', 5, SHORT), TIMED_OUT)
      await sys.resume(pid)
      assert.equal(await call(pid, 'read'), 6)
      await none(() => true)
    },
  )

  everywhere('SYS-002 messages keep their order over a halt', async (placement) => {
    const pid = await start(placement)
    await sys.suspend(pid)
    for (let index = 0; index < 5; index++) cast(pid, 'bump')
    assert.deepEqual(await sys.getState(pid), { secret: 'hunter2', count: 1 })
    assert.equal((await processInfo(pid, 'messageQueueLength'))?.messageQueueLength, 5)
    const last = call(pid, 'read')
    await sys.resume(pid)
    assert.equal(await last, 6)
  })

  everywhere('SYS-001 a halted server dies of a kill like any other', async (placement) => {
    const pid = await start(placement)
    await sys.suspend(pid)
    const ref = monitor(pid)
    await sys.terminate(pid, { type: 'normal' })
    assert.deepEqual(await downWith(ref), { type: 'normal' })
  })

  everywhere(
    'SYS-016 a supervisor halts, keeps what it is asked, and does it later',
    async (placement) => {
      const supervisor = await Supervisor.start({ children: [] }, { placement })
      await sys.suspend(supervisor)
      const started = Supervisor.startChild(supervisor, child(open, { name: false, args: 3 }))
      assert.equal((await sys.getStatus(supervisor)).status, 'suspended')
      await sys.resume(supervisor)
      assert.ok(await started)
      assert.equal((await Supervisor.countChildren(supervisor)).active, 1)
    },
  )
})

describe('SYS state', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere(
    'SYS-003 the state by pid, name, handle and registry, also while halted',
    async (placement) => {
      const registry = await Registry.start({
        name: `sys-003-${JSON.stringify(placement)}`,
        keys: 'unique',
      })
      const name = registry.via('subject')
      const ref = await startServer(open, 7, { placement, name })
      assert.ok(ref)
      const state = { secret: 'hunter2', count: 7 }
      const pid = await registry.whereis('subject')
      assert.ok(pid)
      await sys.suspend(pid)
      assert.deepEqual(await sys.getState(pid), state)
      assert.deepEqual(await sys.getState(ref, { timeoutMs: 10_000 }), state)
      assert.deepEqual(await sys.getState(name), state)
    },
    BOTH,
  )

  it('SYS-003 by a registered name', () =>
    asActor(async () => {
      const pid = await start('here')
      register('sys-003', pid)
      assert.deepEqual(await sys.getState('sys-003'), { secret: 'hunter2', count: 1 })
    }))

  everywhere(
    'SYS-003 a supervisor’s state from another thread, functions as text',
    async (placement) => {
      const supervisor = await Supervisor.start({ children: [] }, { placement })
      const state = await sys.getState(supervisor)
      assert.ok(typeof state === 'object' && state !== null && 'strategy' in state)
      assert.equal(state.strategy, 'one_for_one')
    },
    BOTH,
  )

  everywhere('SYS-003 the question waits while a handler is at work', async (placement) => {
    const pid = await start(placement)
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const held = call(pid, 'hold', gate)
    await assert.rejects(sys.getState(pid, SHORT), TIMED_OUT)
    Atomics.store(gate, 0, 1)
    await held
    assert.deepEqual(await sys.getState(pid), { secret: 'hunter2', count: 1 })
  })

  it('SYS-003 nobody of that name, a dead pid, itself', () =>
    asActor(async () => {
      await assert.rejects(sys.getState('sys-nobody'), { code: 'ERR_NO_PROCESS' })
      const dead = await start('here')
      await sys.terminate(dead, { type: 'normal' })
      await assert.rejects(sys.getState(dead), { code: 'ERR_NO_PROCESS' })
      await assert.rejects(sys.getState(self()), { code: 'ERR_CALLING_SELF' })
    }))

  everywhere(
    'SYS-004 the new state is returned and in effect, also while halted',
    async (placement) => {
      const pid = await start(placement)
      assert.deepEqual(await sys.replaceState(pid, doubled), { secret: 'hunter2', count: 2 })
      await sys.suspend(pid)
      assert.deepEqual(await sys.replaceState(pid, doubled), { secret: 'hunter2', count: 4 })
      await sys.resume(pid)
      assert.equal(await call(pid, 'read'), 4)
    },
    BOTH,
  )

  everywhere(
    'SYS-004 a function that throws leaves state and server as they are',
    async (placement) => {
      const pid = await start(placement)
      await assert.rejects(sys.replaceState(pid, failing), CallbackFailed)
      await assert.rejects(sys.replaceState(pid, failing), {
        code: 'ERR_CALLBACK_FAILED',
        message: /no new state/,
      })
      assert.equal(await call(pid, 'read'), 1)
    },
    BOTH,
  )

  it('SYS-004 a plain function works in the same thread and is refused for another', () =>
    asActor(async () => {
      const near = await start('here')
      await sys.replaceState(near, (state: object) => ({ ...state, count: 9 }))
      assert.equal(await call(near, 'read'), 9)
      const far = await start('thread')
      await assert.rejects(
        sys.replaceState(far, (state: object) => state),
        {
          code: 'ERR_NOT_SENDABLE',
        },
      )
    }))

  everywhere('SYS-001 no question cancels a timeout that a handler has set', async (placement) => {
    const pid = await start(placement)
    await call(pid, 'idle', 30)
    await sys.getStatus(pid)
    await sys.getState(pid)
    await until('the timeout', async () => {
      const state = await sys.getState(pid)
      return typeof state === 'object' && state !== null && 'count' in state && state.count === 1000
    })
  })
})

describe('SYS traffic', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere(
    'SYS-005 the log keeps the last ten of what came in and went out',
    async (placement) => {
      const pid = await start(placement)
      assert.deepEqual(await sys.log(pid, 'get'), [])
      await sys.log(pid, true)
      await call(pid, 'add', 2)
      const [came, went] = await sys.log(pid, 'get')
      assert.ok(came?.type === 'in' && went?.type === 'out')
      assert.deepEqual(came.message, { type: '$call', name: 'add', payload: 2 })
      assert.equal(came.from, self())
      assert.deepEqual([went.to, went.message], [self(), 3])
      for (let index = 0; index < 20; index++) cast(pid, 'bump')
      assert.equal((await sys.log(pid, 'get')).length, 10)
      await sys.log(pid, false)
      await call(pid, 'read')
      assert.deepEqual(await sys.log(pid, 'get'), [])
    },
  )

  it('SYS-005 the size of the log can be chosen', () =>
    asActor(async () => {
      const pid = await start('here')
      await sys.log(pid, { size: 3 })
      for (let index = 0; index < 5; index++) cast(pid, 'bump')
      assert.equal((await sys.log(pid, 'get')).length, 3)
      assert.throws(() => sys.log(pid, { size: 0 }), RangeError)
      assert.throws(() => sys.log(pid, 'more' as 'get'), /expected true or false/)
    }))

  everywhere('SYS-006 every message and reply is a line of the file', async (placement) => {
    const folder = mkdtempSync(join(tmpdir(), 'nodelens-sys-'))
    const file = join(folder, 'log')
    try {
      const pid = await start(placement)
      await sys.logToFile(pid, file)
      await call(pid, 'add', 2)
      cast(pid, 'bump')
      send(pid, 'hello')
      await sys.logToFile(pid, false)
      await call(pid, 'read')
      assert.deepEqual(readFileSync(file, 'utf8').trimEnd().split('\n'), [
        `*DBG* open got call add 2 from ${self()}`,
        `*DBG* open sent 3 to ${self()}`,
        '*DBG* open got cast bump',
        '*DBG* open got hello',
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('SYS-006 a file that cannot be opened is the caller’s failure', () =>
    asActor(async () => {
      const pid = await start('here')
      await assert.rejects(sys.logToFile(pid, '/nowhere/at/all'), { code: 'ENOENT' })
      assert.equal(await call(pid, 'read'), 1)
    }))

  everywhere(
    'SYS-007 counts what came in and went out, and nothing once it is off',
    async (placement) => {
      const pid = await start(placement)
      assert.equal(await sys.statistics(pid, 'get'), 'no_statistics')
      await sys.statistics(pid, true)
      await call(pid, 'add', 1)
      const counts = await sys.statistics(pid, 'get')
      assert.ok(counts !== 'no_statistics')
      assert.deepEqual([counts.messagesIn, counts.messagesOut], [1, 1])
      assert.ok(counts.currentTime >= counts.startTime && counts.handled >= 1)
      await sys.statistics(pid, false)
      assert.equal(await sys.statistics(pid, 'get'), 'no_statistics')
    },
  )

  it('SYS-008 a trace prints what came and what was sent, from every thread', async () => {
    const script = sibling(import.meta, '../fixtures/conformance/tracing')
    const { stdout } = await promisify(execFile)(process.execPath, [script.pathname], {
      timeout: 60_000,
    })
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replaceAll(/<\d+\.\d+>/g, 'PID')),
      [
        '*DBG* open got call add 2 from PID',
        '*DBG* open sent 3 to PID',
        '*DBG* open got call add 2 from PID',
        '*DBG* open sent 3 to PID',
      ],
    )
  })

  everywhere(
    'SYS-009 spies see what comes in; the same id counts once; removed ones are silent',
    async (placement) => {
      const pid = await start(placement)
      await sys.install(pid, { id: 'a', run: spy, state: self() })
      await sys.install(pid, { id: 'a', run: otherSpy, state: self() })
      await sys.install(pid, { run: otherSpy, state: self() })
      await sys.install(pid, { run: otherSpy, state: self() })
      cast(pid, 'bump')
      assert.deepEqual(await spied(2), ['one in', 'two in'])
      cast(pid, 'bump')
      assert.deepEqual(await spied(1), ['one in'], 'the other was done')
      await sys.remove(pid, 'a')
      await sys.install(pid, { run: otherSpy, state: self() })
      await sys.remove(pid, otherSpy)
      cast(pid, 'bump')
      await call(pid, 'read')
      await none(isSpied)
    },
  )

  everywhere(
    'SYS-009 noDebug ends all of them, and a spy that fails goes by itself',
    async (placement) => {
      const pid = await start(placement)
      await sys.install(pid, { run: failingSpy })
      await sys.log(pid, true)
      await call(pid, 'read')
      assert.deepEqual((await sys.getStatus(pid)).debug, ['log'])
      await sys.install(pid, { id: 'a', run: spy, state: self() })
      await sys.noDebug(pid)
      await call(pid, 'read')
      assert.deepEqual((await sys.getStatus(pid)).debug, [])
      await none(isSpied)
    },
  )

  everywhere('SYS-010 a function that receives can answer too', async (placement) => {
    const pid = spawn(handWritten, self(), { placement })
    const ref = monitor(pid)
    send(pid, 'one')
    assert.ok(await receive((m) => typeof m === 'object' && m !== null && 'seen' in m, WAIT))
    assert.equal(await sys.getState(pid), 1)
    await sys.statistics(pid, true)
    await sys.suspend(pid)
    send(pid, 'two')
    assert.equal(await sys.getState(pid), 1)
    assert.equal((await sys.getStatus(pid)).status, 'suspended')
    await sys.resume(pid)
    assert.ok(await receive((m) => typeof m === 'object' && m !== null && 'seen' in m, WAIT))
    const counts = await sys.statistics(pid, 'get')
    assert.ok(counts !== 'no_statistics')
    assert.deepEqual([counts.messagesIn, counts.messagesOut], [1, 1])
    await sys.terminate(pid, { type: 'bye' })
    assert.deepEqual(await downWith(ref), { type: 'bye' })
    assert.deepEqual(await receive(undefined, WAIT), { type: 'terminated' })
  })
})

describe('SYS formatStatus', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  const shown = ({ status, definition, state, debug }: SystemStatus): unknown => ({
    status,
    definition,
    state,
    debug,
  })

  everywhere(
    'SYS-011 the status has the state as the server shows it',
    async (placement) => {
      const pid = await start(placement, discreet)
      const status = await sys.getStatus(pid)
      assert.deepEqual([status.pid, status.parent, status.name], [pid, self(), undefined])
      assert.deepEqual(shown(status), {
        status: 'running',
        definition: 'discreet',
        state: 'hidden state',
        debug: [],
      })
      assert.deepEqual(await sys.getState(pid), { secret: 'hunter2', count: 1 }, 'only the status')
    },
    BOTH,
  )

  everywhere(
    'SYS-012 a crash report shows state and reason as the server does',
    async (placement) => {
      await reportsTo(self())
      const ref = await startServer(discreet, 1, { placement })
      await assert.rejects(call(ref!.pid(), 'crash'))
      const report = await nextRuntimeReport('server-report', ({ server }) => server === 'discreet')
      assert.deepEqual([report.state, report.lastMessage], ['hidden state', 'hidden message'])
      assert.deepEqual(report.reason, { type: 'hidden' })
      const crash = await nextRuntimeReport(
        'crash-report',
        ({ process: { pid } }) => pid === report.pid,
      )
      assert.equal(JSON.stringify(crash).includes('hunter2'), false)
    },
  )

  everywhere(
    'SYS-013 the reason of a terminate that fails wins, and the state stays hidden',
    async (placement) => {
      await reportsTo(self())
      const pid = await start(placement, discreet)
      const ref = monitor(pid)
      await assert.rejects(sys.terminate(pid, { type: 'fall' }), { code: 'ERR_PROCESS_DOWN' })
      const reason = await downWith(ref)
      assert.ok(reason.type === 'error' && JSON.stringify(reason).includes('terminate failed'))
      const report = await nextRuntimeReport('server-report', (one) => one.pid === pid)
      assert.equal(report.state, 'hidden state')
    },
  )

  everywhere(
    'SYS-014 a formatStatus that fails is replaced by a text and harms nobody',
    async (placement) => {
      await reportsTo(self())
      const pid = await start(placement, clumsy)
      const text = "[formatStatus of 'clumsy' failed with Error]"
      assert.equal((await sys.getStatus(pid)).state, text)
      assert.equal(await call(pid, 'read'), 1)
      await assert.rejects(call(pid, 'crash'))
      const report = await nextRuntimeReport('server-report', (one) => one.pid === pid)
      assert.deepEqual([report.state, report.lastMessage], [text, text])
      assert.equal(JSON.stringify(report).includes('hunter2'), false)
    },
  )

  everywhere('SYS-015 the log goes through it too', async (placement) => {
    await reportsTo(self())
    const pid = await start(placement, discreet)
    await sys.log(pid, true)
    await call(pid, 'add', 2)
    const status = await sys.getStatus(pid)
    assert.deepEqual(
      status.log?.map(({ message }) => message),
      ['hidden', 'hidden'],
    )
    await assert.rejects(call(pid, 'crash'))
    const report = await nextRuntimeReport('server-report', (one) => one.pid === pid)
    assert.deepEqual(
      report.log?.map(({ message }) => message),
      ['hidden', 'hidden', 'hidden'],
    )
  })
})

describe('SYS arguments', () => {
  it('are checked before anything is sent', () => {
    const bad = 'no function' as never
    assert.throws(
      () => sys.replaceState('x', bad),
      /expected a function or what actor\(\) returned/,
    )
    assert.throws(() => sys.trace('x', 1 as never), /expected true or false/)
    assert.throws(() => sys.logToFile('x', 1 as never), /expected a path or false/)
  })

  it('SYS-001 the name of the system call cannot be defined', () => {
    const calls = { $system: (state: undefined) => ({ reply: 1, state }) }
    assert.throws(
      () => server(import.meta, { name: 'bad', init: () => undefined, calls }),
      /cannot be named '\$system'/,
    )
  })
})
