import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ChildSpec,
  dynamicSupervisor,
  exit,
  monitor,
  type Pid,
  type Runtime,
  receive,
  reportsTo,
  type Strategy,
  Supervisor,
  type SupervisorRef,
  self,
  send,
  spawn,
  startRuntime,
  supervisor,
  whereis,
} from '../../runtime/index.ts'
import { START } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  counts,
  downOf,
  downWith,
  end,
  exitOf,
  frailKid,
  gate,
  KILL,
  kid,
  lives,
  NORMAL,
  nearAndFar,
  nextRuntimeReport,
  overview,
  pidOf,
  SHUTDOWN,
  setGate,
  until,
  WAIT,
} from './behaviour-support.ts'

function start(
  strategy: Strategy,
  children: readonly ChildSpec[],
  maxRestarts = 2,
): Promise<SupervisorRef> {
  return Supervisor.start({ strategy, maxRestarts, maxSeconds: 3600, children })
}

async function pids(sup: SupervisorRef, ...ids: string[]): Promise<Pid[]> {
  return Promise.all(ids.map((id) => pidOf(sup, id)))
}

async function endChild(sup: SupervisorRef, id: string): Promise<void> {
  await end(await pidOf(sup, id), BOOM)
}

describe('SUP strategies', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  nearAndFar('SUP-063 one_for_one: only the dead one is replaced', async (placement) => {
    const sup = await start('one_for_one', [kid('c1', { placement }), kid('c2', { placement })])
    const [old1, old2] = await pids(sup, 'c1', 'c2')
    await endChild(sup, 'c1')
    const [new1, new2] = await pids(sup, 'c1', 'c2')
    assert.notEqual(new1, old1)
    assert.equal(new2, old2)
    assert.equal(await counts(sup), '2,2,0,2')
    await endChild(sup, 'c1')
    await endChild(sup, 'c1')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar('SUP-065 one_for_all: everybody is replaced', async (placement) => {
    const sup = await start('one_for_all', [kid('c1', { placement }), kid('c2', { placement })])
    const before = await pids(sup, 'c1', 'c2')
    const ref = monitor(before[1] ?? self())
    await endChild(sup, 'c1')
    assert.deepEqual(await downWith(ref), SHUTDOWN)
    const now = await pids(sup, 'c1', 'c2')
    assert.ok(now.every((pid) => !before.includes(pid)))
    await endChild(sup, 'c1')
    await endChild(sup, 'c2')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar('SUP-066 one_for_all: one that cannot come back ends it', async (placement) => {
    const view = gate()
    const children = [kid('c1', { placement }), kid('c2', { placement, args: { gate: view } })]
    const sup = await start('one_for_all', children, 4)
    const c2 = await pidOf(sup, 'c2')
    setGate(view, START.throws)
    await endChild(sup, 'c1')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    assert.deepEqual(await downOf(c2), { type: 'noproc' })
  })

  nearAndFar('SUP-067 one_for_all: a failed start takes the fresh ones down', async (placement) => {
    const view = gate()
    const children = [kid('c1', { placement }), kid('c2', { placement, args: { gate: view } })]
    const sup = await start('one_for_all', children, 4)
    await lives(2)
    setGate(view, START.throws, 1)
    send(await pidOf(sup, 'c1'), { end: BOOM })
    assert.deepEqual(await lives(6), [
      'gone c1 boom',
      'gone c2 shutdown',
      'born c1',
      'gone c1 shutdown',
      'born c1',
      'born c2',
    ])
    assert.deepEqual(await overview(sup), ['c2:running', 'c1:running'])
  })

  nearAndFar('SUP-068 one_for_all: down in reverse order, up in order', async (placement) => {
    const sup = await start(
      'one_for_all',
      ['a', 'b', 'c'].map((id) => kid(id, { placement })),
    )
    await lives(3)
    exit(await pidOf(sup, 'b'), KILL)
    assert.deepEqual(await lives(5), [
      'gone c shutdown',
      'gone a shutdown',
      'born a',
      'born b',
      'born c',
    ])
  })

  nearAndFar('SUP-069 rest_for_one: the dead one and those after it', async (placement) => {
    const ids = ['c1', 'c2', 'c3']
    const sup = await start(
      'rest_for_one',
      ids.map((id) => kid(id, { placement })),
    )
    await lives(3)
    const old = await pids(sup, ...ids)
    send(old[1] ?? self(), { end: BOOM })
    assert.deepEqual(await lives(4), ['gone c2 boom', 'gone c3 shutdown', 'born c2', 'born c3'])
    const now = await pids(sup, ...ids)
    assert.deepEqual(
      now.map((pid, n) => pid === old[n]),
      [true, false, false],
    )
    assert.equal(await counts(sup), '3,3,0,3')
    await endChild(sup, 'c3')
    await endChild(sup, 'c2')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar('SUP-070 rest_for_one: one that cannot come back ends it', async (placement) => {
    const view = gate()
    const children = [kid('c1', { placement }), kid('c2', { placement, args: { gate: view } })]
    const sup = await start('rest_for_one', children, 4)
    const c2 = await pidOf(sup, 'c2')
    setGate(view, START.throws)
    await endChild(sup, 'c1')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    assert.deepEqual(await downOf(c2), { type: 'noproc' })
  })

  nearAndFar('SUP-071 rest_for_one: a failed start is retried from there', async (placement) => {
    const view = gate()
    const children = [kid('c1', { placement }), kid('c2', { placement, args: { gate: view } })]
    const sup = await start('rest_for_one', children, 4)
    await lives(2)
    setGate(view, START.throws, 2)
    send(await pidOf(sup, 'c1'), { end: BOOM })
    assert.deepEqual(await lives(4), ['gone c1 boom', 'gone c2 shutdown', 'born c1', 'born c2'])
    assert.deepEqual(await overview(sup), ['c2:running', 'c1:running'])
  })

  nearAndFar(
    'SUP-078 a restart that is ignored keeps the spec and is not tried again',
    async (placement) => {
      const view = gate()
      const sup = await start('one_for_one', [kid('c1', { placement, args: { gate: view } })], 1)
      setGate(view, START.ignores)
      await endChild(sup, 'c1')
      assert.deepEqual(await overview(sup), ['c1:stopped'])
      setGate(view, START.ok)
      assert.ok(await Supervisor.restartChild(sup, 'c1'))
    },
  )

  nearAndFar('SUP-120 the order is that of the list, whatever the ids', async (placement) => {
    const ids = ['m', 'z', 'a', 'k', 'b']
    const sup = await start(
      'rest_for_one',
      ids.map((id) => kid(id, { placement, args: { terminateMs: 1 } })),
    )
    assert.deepEqual(
      await lives(5),
      ids.map((id) => `born ${id}`),
    )
    send(await pidOf(sup, 'a'), { end: BOOM })
    assert.deepEqual(await lives(6), [
      'gone a boom',
      'gone b shutdown',
      'gone k shutdown',
      'born a',
      'born k',
      'born b',
    ])
    exit(sup.pid(), SHUTDOWN)
    assert.deepEqual(
      await lives(5),
      ids.toReversed().map((id) => `gone ${id} shutdown`),
    )
  })
})

describe('SUP a restart that does not succeed', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  nearAndFar('SUP-116 the supervisor serves requests between attempts', async (placement) => {
    const view = gate()
    const args = { gate: view, initMs: 2 }
    const sup = await start('one_for_one', [kid('c1', { placement, args })], 1_000_000)
    setGate(view, START.throws)
    await endChild(sup, 'c1')
    const spec = kid('c1', { placement })
    await assert.rejects(Supervisor.startChild(sup, spec), { code: 'ERR_CHILD_PRESENT' })
    await assert.rejects(Supervisor.restartChild(sup, 'c1'), { code: 'ERR_CHILD_RESTARTING' })
    await assert.rejects(Supervisor.deleteChild(sup, 'c1'), { code: 'ERR_CHILD_RESTARTING' })
    assert.deepEqual(await overview(sup), ['c1:restarting'])
    assert.equal(await counts(sup), '1,0,0,1')
  })

  nearAndFar('SUP-117 terminating ends the attempts; all of it works again', async (placement) => {
    const view = gate()
    const args = { gate: view }
    const sup = await start('one_for_one', [kid('c1', { placement, args })], 1_000_000)
    setGate(view, START.throws)
    await endChild(sup, 'c1')
    assert.deepEqual(await overview(sup), ['c1:restarting'])
    assert.equal(await Supervisor.terminateChild(sup, 'c1'), true)
    setGate(view, START.ok)
    assert.deepEqual(await overview(sup), ['c1:stopped'])
    assert.ok(await Supervisor.restartChild(sup, 'c1'))
    setGate(view, START.throws)
    await endChild(sup, 'c1')
    exit(sup.pid(), SHUTDOWN)
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar(
    'SUP-118 rest_for_one: those before it run, those after it wait',
    async (placement) => {
      const view = gate()
      const children = [
        kid('c1', { placement }),
        kid('c2', { placement, args: { gate: view } }),
        kid('c3', { placement }),
      ]
      const sup = await start('rest_for_one', children, 1_000_000)
      setGate(view, START.throws)
      await endChild(sup, 'c2')
      assert.deepEqual(await overview(sup), ['c3:stopped', 'c2:restarting', 'c1:running'])
      assert.equal(await counts(sup), '3,1,0,3')
      setGate(view, START.ok)
      await until('all run', async () => (await counts(sup)) === '3,3,0,3')
    },
  )
})

describe('SUP messages, exits, names and trees', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('SUP-126 a message that means nothing is reported, no more', () =>
    asActor(async () => {
      await reportsTo(self())
      const sup = await start('one_for_one', [kid('c1')])
      send(sup.pid(), { odd: 1 })
      const report = await nextRuntimeReport('unhandled-message', (one) => one.pid === sup.pid())
      assert.deepEqual([report.level, report.message], ['error', { odd: 1 }])
      assert.deepEqual(await overview(sup), ['c1:running'])
    }))

  it('SUP-127 exit(supervisor, normal) of a stranger does nothing', () =>
    asActor(async () => {
      const sup = await start('one_for_one', [kid('c1')])
      const stranger = spawn(() => exit(sup.pid(), NORMAL))
      await downOf(stranger)
      assert.deepEqual(await overview(sup), ['c1:running'])
    }))

  it('SUP-130 the exit of a stranger does nothing', () =>
    asActor(async () => {
      const sup = await start('one_for_one', [kid('c1')], 0)
      const stranger = spawn(() => exit(sup.pid(), BOOM))
      await downOf(stranger)
      assert.deepEqual(await overview(sup), ['c1:running'])
    }))

  for (const reason of [NORMAL, SHUTDOWN, BOOM]) {
    nearAndFar(
      `SUP-128 exit(supervisor, ${reason.type}) of the parent ends all`,
      async (placement) => {
        const sup = await start('one_for_one', [kid('c1', { placement })])
        await lives(1)
        exit(sup.pid(), reason)
        assert.deepEqual(await lives(1), ['gone c1 shutdown'])
        assert.deepEqual(await exitOf(sup.pid()), reason)
      },
    )

    it(`SUP-128 so does the parent's own end with ${reason.type}`, () =>
      asActor(async () => {
        const spec = kid('c1')
        const probe = self()
        const parent = spawn(async () => {
          const sup = await start('one_for_one', [spec])
          send(probe, { sup: sup.pid() })
          await receive((m) => m === 'end')
          exit(reason)
        })
        await lives(1)
        const told = await receive((m): m is { sup: Pid } => Object(m).sup !== undefined, WAIT)
        assert.ok(told)
        const ref = monitor(told.sup)
        send(parent, 'end')
        assert.deepEqual(await lives(1), ['gone c1 shutdown'])
        assert.deepEqual(await downWith(ref), reason)
      }))
  }

  nearAndFar('SUP-129 a killed supervisor takes its children along', async (placement) => {
    const sup = await start('one_for_one', [
      kid('trapping', { placement }),
      frailKid('frail', { placement }),
    ])
    await lives(2)
    const refs = (await pids(sup, 'trapping', 'frail')).map((pid) => monitor(pid))
    exit(sup.pid(), KILL)
    for (const ref of refs) assert.equal((await downWith(ref)).type, 'killed')
    assert.deepEqual(await lives(1), ['gone trapping killed'])
  })

  it('SUP-081 supervisors count as supervisors', () =>
    asActor(async () => {
      const inner = (id: string): ChildSpec => supervisor(id, { children: [] })
      const sup3: ChildSpec = { ...inner('sup3'), restart: 'transient' }
      const sup = await start('one_for_all', [inner('sup1'), inner('sup2'), sup3])
      assert.equal(await counts(sup), '3,3,3,0')
      await Supervisor.terminateChild(sup, 'sup3')
      assert.equal(await counts(sup), '3,2,3,0')
    }))

  nearAndFar(
    'SUP-082 an inner one that gives up: all come back, without what was added',
    async (placement) => {
      const view = gate()
      const fixed = (id: string): ChildSpec => frailKid(id, { placement })
      const sup = await start('one_for_all', [
        supervisor('sup1', { children: [fixed('a')] }),
        supervisor('sup2', { maxRestarts: 1, children: [fixed('b')] }),
        dynamicSupervisor('sup3'),
      ])
      const before = await pids(sup, 'sup1', 'sup2', 'sup3')
      const added = frailKid('added', { placement, args: { gate: view } })
      const pid = await Supervisor.startChild('sup2', added)
      await Supervisor.startChild('sup3', fixed('c'))
      assert.ok(pid)
      const ref = monitor(before[1] ?? self())
      setGate(view, START.throws)
      await end(pid, BOOM)
      assert.deepEqual(await downWith(ref), SHUTDOWN)
      const now = await pids(sup, 'sup1', 'sup2', 'sup3')
      assert.ok(now.every((one) => !before.includes(one)))
      assert.equal(await counts({ target: 'sup1' }), '1,1,0,1')
      assert.equal(await counts({ target: 'sup2' }), '1,1,0,1')
      assert.equal(await counts({ target: 'sup3' }), '0,0,0,0')
      await Supervisor.stop(sup)
    },
  )

  nearAndFar('SUP-083 a permanent inner one comes back with fresh children', async (placement) => {
    const leaf = frailKid('leaf', { placement })
    const sup = await start(
      'one_for_one',
      [supervisor('in-83', { maxRestarts: 0, children: [leaf] })],
      5,
    )
    const [old] = await pids(sup, 'in-83')
    const was = await pidOf(Supervisor.ref('in-83'), 'leaf')
    const ref = monitor(old ?? self())
    exit(was, KILL)
    assert.deepEqual(await downWith(ref), SHUTDOWN)
    assert.notEqual(await pidOf(sup, 'in-83'), old)
    assert.notEqual(await pidOf(Supervisor.ref('in-83'), 'leaf'), was)
    await Supervisor.stop(sup)
  })

  it('SUP-084 a transient inner one that gives up stays down', () =>
    asActor(async () => {
      const inner = supervisor('in-84', { maxRestarts: 0, children: [frailKid('leaf')] })
      const sup = await start('one_for_one', [{ ...inner, restart: 'transient' }], 5)
      const ref = monitor(await pidOf(sup, 'in-84'))
      exit(await pidOf(Supervisor.ref('in-84'), 'leaf'), KILL)
      assert.deepEqual(await downWith(ref), SHUTDOWN)
      assert.deepEqual(await overview(sup), ['in-84:stopped'])
    }))

  const ways = ['kill supervisor', 'kill worker', 'error in worker', 'by hand']
  for (const way of ways) {
    nearAndFar(`SUP-115 names come back after: ${way}`, async (placement) => {
      const worker = frailKid('worker', { placement, name: 'worker-115' })
      const sup = await start('one_for_one', [supervisor('sup-115', { children: [worker] })])
      const name = way === 'kill supervisor' ? 'sup-115' : 'worker-115'
      const old = whereis(name)
      assert.ok(old)
      const ref = monitor(old)
      if (way === 'by hand') {
        await Supervisor.terminateChild('sup-115', 'worker')
        await Supervisor.restartChild('sup-115', 'worker')
      } else if (way === 'error in worker') send(old, 'undefined function')
      else exit(old, KILL)
      await downWith(ref)
      for (const registered of ['sup-115', 'worker-115']) {
        await until(`${registered} is back`, () => {
          const pid = whereis(registered)
          return pid !== undefined && (registered !== name || pid !== old)
        })
      }
      await until('the worker answers', () =>
        Supervisor.whichChild('sup-115', 'worker').then(
          ({ pid }) => pid !== undefined && pid === whereis('worker-115'),
          () => false,
        ),
      )
      await Supervisor.stop(sup)
    })
  }
})
