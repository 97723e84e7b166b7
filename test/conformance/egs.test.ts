import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  call,
  cast,
  child,
  exit,
  monitor,
  type Pid,
  type Runtime,
  refOf,
  Supervisor,
  self,
  send,
  spawn,
  startRuntime,
  startServer,
  stop,
  type Via,
  type ViaModule,
  whereis,
} from '../../runtime/index.ts'
import { puppet, START } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  downOf,
  downWith,
  everywhere,
  exitOf,
  NORMAL,
  nextReport,
  startPuppet,
} from './behaviour-support.ts'

/** A place for names, as an application may have its own. */
class Names implements ViaModule {
  readonly #pids = new Map<unknown, Pid>()
  readonly log: string[] = []

  registerName(key: unknown, pid: Pid): boolean {
    this.log.push(`register ${String(key)}`)
    if (this.#pids.has(key)) return false
    this.#pids.set(key, pid)
    return true
  }

  whereisName(key: unknown): Pid | undefined {
    return this.#pids.get(key)
  }

  unregisterName(key: unknown): void {
    this.log.push(`unregister ${String(key)}`)
    this.#pids.delete(key)
  }
}

describe('EGS', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('EGS-001 child() gives id and definition; everything can be given', () => {
    const spec = child(puppet)
    assert.equal(spec.id, 'puppet')
    assert.equal(spec.definition, puppet.address)
    const given = { id: 'x', restart: 'temporary', shutdown: 'infinity', args: {} } as const
    const { id, restart, shutdown, args } = child(puppet, given)
    assert.deepEqual({ id, restart, shutdown, args }, given)
  })

  for (const name of ['', 'x'.repeat(101), 7, { via: {}, key: 1 }, {}] as unknown[]) {
    it(`EGS-002 the name ${JSON.stringify(name).slice(0, 20)} is refused at once`, () => {
      assert.throws(() => startServer(puppet, {}, { name: name as string }), /name: expected/)
    })
  }

  it('EGS-003 is called by name, from any thread', () =>
    asActor(async () => {
      for (const placement of ['here', 'thread', 'root'] as const) {
        await startServer(puppet, {}, { name: 'egs-003', placement })
        assert.equal(await refOf(puppet, 'egs-003').call('echo', 3), 3)
        await stop('egs-003')
      }
    }))

  everywhere('EGS-004 start, call, cast, call, stop', async (placement) => {
    const ref = await startPuppet({}, { placement })
    assert.equal(await ref.call('echo', 1), 1)
    ref.cast('note', 'hello')
    assert.deepEqual(await ref.call('seen'), ['hello'])
    await stop(ref)
    assert.deepEqual(await exitOf(ref.pid()), NORMAL, 'it was linked')
    cast('nobody', 'note', 'x')
    cast({ via: new Names(), key: 'nobody' }, 'note', 'x')
  })

  everywhere('EGS-005 a call that fails says why, and which call it was', async (placement) => {
    const ref = await startPuppet({}, { placement, name: 'egs-005' })
    const pid = ref.pid()
    const late = { code: 'ERR_CALL_TIMEOUT', reason: { type: 'timeout' } }
    await assert.rejects(call(pid, 'never', undefined, { timeoutMs: 1 }), {
      ...late,
      call: { target: pid, name: 'never', timeoutMs: 1 },
    })
    await stop(ref)
    const gone = { code: 'ERR_NO_PROCESS', reason: { type: 'noproc' } }
    for (const target of [pid, 'egs-005', 'nobody']) {
      await assert.rejects(call(target, 'echo', 1), {
        ...gone,
        call: { target, name: 'echo', timeoutMs: 5000 },
      })
    }
    await assert.rejects(call(self(), 'echo', 1), {
      code: 'ERR_CALLING_SELF',
      reason: { type: 'calling_self' },
      call: { target: self(), name: 'echo', timeoutMs: 5000 },
    })
  })

  everywhere('EGS-007 start without a link', async (placement) => {
    const probe = self()
    const starter = spawn(async () => {
      await startPuppet({ probe, id: 'egs-007' }, { placement, link: false })
      exit(BOOM)
    })
    const ref = monitor(starter)
    const { pid } = await nextReport('born')
    await downWith(ref)
    assert.equal(await refOf(puppet, pid).call('echo', 1), 1)
    await stop(pid)
  })

  everywhere('EGS-009 whereis takes names and pids', async (placement) => {
    const ref = await startPuppet({}, { placement, name: 'egs-009' })
    assert.equal(whereis('egs-009'), ref.pid())
    assert.equal(whereis(ref.pid()), ref.pid())
    assert.equal(whereis('nobody'), undefined)
    await stop(ref)
    assert.equal(whereis('egs-009'), undefined)
  })

  it('EGS-010 stop of the dead, the unknown, oneself, a name', () =>
    asActor(async () => {
      const ref = await startPuppet({}, { name: 'egs-010' })
      await stop('egs-010')
      await assert.rejects(stop(ref), { code: 'ERR_NO_PROCESS' })
      await assert.rejects(stop('egs-010'), { code: 'ERR_NO_PROCESS' })
      await assert.rejects(stop(self()), { code: 'ERR_CALLING_SELF' })
      assert.deepEqual(await downOf(ref.pid()), { type: 'noproc' })
    }))
})

describe('via names', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('GEN-009 start, call, send, stop; then noproc', () =>
    asActor(async () => {
      const names = new Names()
      const name: Via = { via: names, key: 'a' }
      const ref = await startPuppet({ probe: self() }, { name })
      assert.equal(whereis(name), ref.pid())
      assert.equal(await refOf(puppet, name).call('echo', 9), 9)
      send(name, 'plain')
      assert.equal((await nextReport('info')).message, 'plain')
      await stop(name)
      await assert.rejects(refOf(puppet, name).call('echo', 9), { code: 'ERR_NO_PROCESS' })
      assert.deepEqual(names.log, ['register a', 'unregister a'])
    }))

  it('GEN-008 a second start of a via name tells who has it', () =>
    asActor(async () => {
      const name: Via = { via: new Names(), key: 'a' }
      const ref = await startPuppet({}, { name })
      await assert.rejects(startPuppet({ probe: self() }, { name }), {
        code: 'ERR_ALREADY_STARTED',
        pid: ref.pid(),
      })
    }))

  it('GEN-011 a failed start has given the via name back', () =>
    asActor(async () => {
      const name: Via = { via: new Names(), key: 'a' }
      for (const start of [START.throws, START.ignores, START.refuses, START.exits]) {
        await startServer(puppet, { start }, { name }).catch(() => {})
        assert.equal(whereis(name), undefined)
      }
    }))

  it('GEN-020 stop by via name; again is noproc', () =>
    asActor(async () => {
      const name: Via = { via: new Names(), key: 'a' }
      await startPuppet({}, { name })
      await stop(name)
      await assert.rejects(stop(name), { code: 'ERR_NO_PROCESS' })
    }))

  it('EGS-003 a via name is for this thread', () => {
    const name: Via = { via: new Names(), key: 'a' }
    assert.throws(() => startServer(puppet, {}, { name, placement: 'thread' }), /via name holds/)
  })

  it('ESU-003 a supervisor by via name', () =>
    asActor(async () => {
      const name: Via = { via: new Names(), key: 'sup' }
      await Supervisor.start({ children: [] }, { name })
      assert.deepEqual(await Supervisor.whichChildren(name), [])
      await Supervisor.stop(name)
    }))

  it('GEN-021 a pid of a thread that never was: noproc', () =>
    asActor(async () => {
      await assert.rejects(stop('<999.1>'), /no actor|noproc|noconnection/)
    }))
})
