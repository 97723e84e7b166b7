import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  child,
  dynamicSupervisor,
  type Runtime,
  refOf,
  Supervisor,
  startRuntime,
  stop,
  supervisor,
  whereis,
} from '../../runtime/index.ts'
import { puppet } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  counts,
  everywhere,
  frailKid,
  kid,
  nearAndFar,
  overview,
  pidOf,
  until,
} from './behaviour-support.ts'

describe('ESU', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('ESU-001 child() gives a spec; what is given wins; a spec can be changed', () => {
    const spec = child(puppet, { args: { id: 'x' } })
    assert.deepEqual(
      [spec.id, spec.name, spec.restart, spec.shutdown, spec.type, spec.placement],
      ['puppet', 'puppet', 'permanent', 5000, 'worker', 'thread'],
    )
    assert.deepEqual(spec.args, { id: 'x' })
    const other = child(puppet, { id: 'other', restart: 'transient', shutdown: 1 })
    assert.deepEqual([other.id, other.restart, other.shutdown], ['other', 'transient', 1])
    const changed = { ...supervisor('inner', { children: [spec] }), id: 'renamed' }
    assert.deepEqual(
      [changed.id, changed.type, changed.shutdown],
      ['renamed', 'supervisor', 'infinity'],
    )
  })

  it('ESU-001 what is no server is refused with a clear error', () => {
    for (const junk of [undefined, {}, 'puppet', () => {}]) {
      assert.throws(() => child(junk as never), /child: expected what server\(\) returned/)
    }
  })

  it('ESU-002 options are mapped; there is a default for each but the children', async () => {
    const { args } = supervisor('x', { strategy: 'rest_for_one', maxRestarts: 7, children: [] })
    assert.deepEqual(args, {
      strategy: 'rest_for_one',
      maxRestarts: 7,
      maxSeconds: 5,
      autoShutdown: 'never',
      children: [],
    })
    await assert.rejects(Supervisor.start({} as never), /expected children/)
  })

  it('ESU-003 is reached by its name', () =>
    asActor(async () => {
      const sup = await Supervisor.start({ children: [frailKid('a')] }, { name: 'esu-003' })
      const [row] = await Supervisor.whichChildren('esu-003')
      assert.equal(row?.id, 'a')
      await Supervisor.stop(sup)
    }))

  everywhere('ESU-004 a named child comes back under its name, as at first', async (placement) => {
    const sup = await Supervisor.start({
      children: [frailKid('a', { placement, name: 'esu-004' })],
    })
    const old = whereis('esu-004')
    refOf(puppet, 'esu-004').cast('note', 'seen')
    assert.deepEqual(await refOf(puppet, 'esu-004').call('seen'), ['seen'])
    await stop('esu-004')
    await until('it is back', () => ![undefined, old].includes(whereis('esu-004')))
    assert.deepEqual(await refOf(puppet, 'esu-004').call('seen'), [])
    await Supervisor.stop(sup)
  })

  it('ESU-004 names of the wrong kind are refused', () => {
    for (const name of [1, {}, ''] as unknown[]) {
      assert.throws(() => child(puppet, { name: name as string }), /name: expected a string/)
    }
  })

  it('ESU-005 children, supervisors and dynamic supervisors side by side', () =>
    asActor(async () => {
      const sup = await Supervisor.start({
        children: [
          kid('worker'),
          supervisor('esu-inner', { children: [kid('inner')] }),
          dynamicSupervisor('esu-dynamic'),
          { ...kid('by hand'), restart: 'temporary' },
        ],
      })
      assert.equal(await counts(sup), '4,4,2,2')
      await Supervisor.stop(sup)
    }))

  nearAndFar('ESU-006 startChild takes specs from child() and by hand', async (placement) => {
    const sup = await Supervisor.start({ children: [] })
    assert.ok(await Supervisor.startChild(sup, child(puppet, { name: false, placement })))
    const spec = { ...child(puppet, { name: false, placement }), id: 'second' }
    assert.ok(await Supervisor.startChild(sup, spec))
    assert.deepEqual(await overview(sup), ['second:running', 'puppet:running'])
  })

  for (const [what, spec, expected] of [
    ['no id', { definition: puppet.address }, /id: expected a string/],
    ['no definition', { id: 'a' }, /Expected a child spec/],
    ['shutdown -1', { shutdown: -1 }, /shutdown: expected a number from 0/],
  ] as const) {
    it(`ESU-007 a wrong spec (${what}) is refused; the supervisor lives`, () =>
      asActor(async () => {
        const sup = await Supervisor.start({ children: [] })
        const bad = what === 'shutdown -1' ? { ...frailKid('a'), ...spec } : Object(spec)
        await assert.rejects(Supervisor.startChild(sup, bad), expected)
        assert.deepEqual(await overview(sup), [])
      }))
  }

  for (const shutdown of [0, 1]) {
    it(`ESU-008 shutdown ${shutdown} is accepted`, () =>
      asActor(async () => {
        const sup = await Supervisor.start({ children: [] })
        assert.ok(await Supervisor.startChild(sup, frailKid('a', { shutdown })))
      }))
  }

  nearAndFar('ESU-009 the life of a child', async (placement) => {
    const sup = await Supervisor.start({ children: [] })
    const pid = await Supervisor.startChild(sup, kid('a', { placement }))
    assert.equal(await pidOf(sup, 'a'), pid)
    assert.deepEqual(await Supervisor.countChildren(sup), {
      specs: 1,
      active: 1,
      supervisors: 0,
      workers: 1,
    })
    await assert.rejects(Supervisor.deleteChild(sup, 'a'), { code: 'ERR_CHILD_RUNNING' })
    assert.equal(await Supervisor.terminateChild(sup, 'a'), true)
    const again = await Supervisor.restartChild(sup, 'a')
    assert.ok(again && again !== pid)
    assert.equal(await Supervisor.terminateChild(sup, 'a'), true)
    assert.equal(await Supervisor.deleteChild(sup, 'a'), true)
    assert.deepEqual(await overview(sup), [])
  })
})
