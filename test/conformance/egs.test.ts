import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  call,
  cast,
  child,
  exit,
  monitor,
  Registry,
  type RegistryRef,
  type Runtime,
  refOf,
  registry,
  Supervisor,
  self,
  spawn,
  startRuntime,
  startServer,
  stop,
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
  until,
} from './behaviour-support.ts'

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
    cast(Registry.ref('no registry').via('nobody'), 'note', 'x')
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
  const names = (): RegistryRef => Registry.ref('via-names')
  before(async () => {
    const children = [registry({ name: 'via-names', keys: 'unique' })]
    runtime = await startRuntime({ children })
  })
  after(() => runtime.stop())

  everywhere('GEN-009 start, call, cast, stop; then noproc', async (placement) => {
    const name = names().via('gen-009')
    const ref = await startPuppet({}, { name, placement })
    assert.equal(await names().whereis('gen-009'), ref.pid())
    assert.equal(await refOf(puppet, name).call('echo', 9), 9)
    cast(name, 'note', 'cast')
    await until('the cast is there', async () => (await ref.call('seen')).length === 1)
    await stop(name)
    await assert.rejects(refOf(puppet, name).call('echo', 9), {
      code: 'ERR_NO_PROCESS',
      reason: { type: 'noproc' },
    })
  })

  everywhere('GEN-008 a second start of a via name tells who has it', async (placement) => {
    const name = names().via('gen-008')
    const ref = await startPuppet({}, { name, placement })
    await assert.rejects(startPuppet({ probe: self(), id: 'second' }, { name, placement }), {
      code: 'ERR_ALREADY_STARTED',
      pid: ref.pid(),
    })
    await stop(name)
  })

  everywhere('GEN-011 a failed start has given the via name back', async (placement) => {
    const name = names().via('gen-011')
    for (const start of [START.throws, START.ignores, START.refuses, START.exits]) {
      await startServer(puppet, { start }, { name, placement }).catch(() => {})
      assert.equal(await names().whereis('gen-011'), undefined)
    }
  })

  everywhere('GEN-020 stop by via name; again is noproc', async (placement) => {
    const name = names().via('gen-020')
    await startPuppet({}, { name, placement })
    await stop(name)
    await assert.rejects(stop(name), { code: 'ERR_NO_PROCESS' })
  })

  it('ESU-003 a supervisor by via name', () =>
    asActor(async () => {
      const name = names().via('sup')
      await Supervisor.start({ children: [] }, { name })
      assert.deepEqual(await Supervisor.whichChildren(name), [])
      await Supervisor.stop(name)
    }))
})
