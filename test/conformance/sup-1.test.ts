import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ChildSpec,
  child,
  DynamicSupervisor,
  exit,
  IGNORE,
  isExitMessage,
  monitor,
  type Runtime,
  reportsTo,
  Supervisor,
  self,
  send,
  startRuntime,
  supervisor,
} from '../../runtime/index.ts'
import { puppet, START } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  counts,
  downOf,
  downWith,
  everywhere,
  exitOf,
  frailKid,
  gate,
  KILL,
  kid,
  lives,
  nearAndFar,
  nextRuntimeReport,
  none,
  overview,
  pidOf,
  SHUTDOWN,
  setGate,
} from './behaviour-support.ts'

describe('SUP starting', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('SUP-001 starts empty and ends with shutdown', () =>
    asActor(async () => {
      const sup = await Supervisor.start({ maxRestarts: 2, maxSeconds: 3600, children: [] })
      exit(sup.pid(), SHUTDOWN)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    }))

  it('SUP-002 options that ignore: no supervisor, no EXIT', () =>
    asActor(async () => {
      assert.equal(await Supervisor.start((): typeof IGNORE => IGNORE), undefined)
      const other = await Supervisor.start({ children: [] })
      await counts(other)
      await none(isExitMessage)
    }))

  nearAndFar('SUP-003 an ignored child keeps its spec', async (placement) => {
    const sup = await Supervisor.start({ children: [] })
    const ignoring = frailKid('c1', { placement, args: { start: START.ignores } })
    assert.equal(await Supervisor.startChild(sup, ignoring), undefined)
    assert.ok(await Supervisor.startChild(sup, frailKid('c2', { placement })))
    assert.deepEqual(await overview(sup), ['c2:running', 'c1:stopped'])
    assert.equal(await counts(sup), '2,1,0,2')
  })

  nearAndFar('SUP-004 an ignored temporary child does not', async (placement) => {
    const restart = 'temporary'
    const sup = await Supervisor.start({
      children: [
        frailKid('c1', { placement, restart, args: { start: START.ignores } }),
        frailKid('c2', { placement, restart }),
      ],
    })
    assert.deepEqual(await overview(sup), ['c2:running'])
    assert.equal(await counts(sup), '1,1,0,1')
  })

  nearAndFar('SUP-005 nor one started by hand', async (placement) => {
    const sup = await Supervisor.start({ children: [] })
    const args = { start: START.ignores }
    const spec = frailKid('c1', { placement, restart: 'temporary', args })
    assert.equal(await Supervisor.startChild(sup, spec), undefined)
    assert.deepEqual(await overview(sup), [])
  })

  for (const [id, restart] of [
    ['SUP-006', 'temporary'],
    ['SUP-007', 'permanent'],
  ] as const) {
    nearAndFar(`${id} dynamic: an ignored ${restart} child is not kept`, async (placement) => {
      const sup = await DynamicSupervisor.start()
      const args = { start: START.ignores }
      const spec = frailKid('c1', { placement, restart, args })
      assert.equal(await DynamicSupervisor.startChild(sup, spec), undefined)
      await DynamicSupervisor.startChild(sup, frailKid('c2', { placement, restart }))
      const rows = await DynamicSupervisor.whichChildren(sup)
      assert.deepEqual(
        rows.map((row) => [row.id, row.status]),
        [[undefined, 'running']],
      )
      assert.equal(await counts(sup), '1,1,0,1')
      exit(sup.pid(), SHUTDOWN)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    })
  }

  it('SUP-008 options that are garbage: a clear error, no EXIT', () =>
    asActor(async () => {
      await assert.rejects(Supervisor.start('garbage' as never), /expected an object of options/)
      const started = Supervisor.start(() => JSON.parse('"garbage"'))
      await assert.rejects(started, /expected an object of options/)
      await none(isExitMessage)
    }))

  it('SUP-009 options that raise: the error, no EXIT', () =>
    asActor(async () => {
      const raise = (): never => {
        throw new RangeError('in init')
      }
      await assert.rejects(Supervisor.start(raise), /RangeError: in init/)
      await none(isExitMessage)
    }))

  for (const [how, start] of [
    ['refuses', START.refuses],
    ['raises', START.throws],
    ['exits', START.exits],
  ] as const) {
    nearAndFar(`SUP-010 a child whose start ${how} is not kept`, async (placement) => {
      const sup = await Supervisor.start({ children: [] })
      const spec = frailKid('c1', { placement, args: { start } })
      await assert.rejects(Supervisor.startChild(sup, spec), { code: 'ERR_START_FAILED', id: 'c1' })
      assert.deepEqual(await overview(sup), [])
    })
  }

  it('SUP-011 failed starts by hand do not count', () =>
    asActor(async () => {
      const sup = await Supervisor.start({ maxRestarts: 0, children: [] })
      for (let round = 0; round < 5; round++) {
        const spec = frailKid('c1', { args: { start: START.throws } })
        await assert.rejects(Supervisor.startChild(sup, spec))
      }
      assert.deepEqual(await overview(sup), [])
    }))

  nearAndFar('SUP-012 a failed restart by hand keeps the child stopped', async (placement) => {
    const view = gate()
    const sup = await Supervisor.start({
      children: [frailKid('c1', { placement, args: { gate: view } })],
    })
    await Supervisor.terminateChild(sup, 'c1')
    setGate(view, START.throws)
    await assert.rejects(Supervisor.restartChild(sup, 'c1'), { code: 'ERR_START_FAILED' })
    assert.deepEqual(await overview(sup), ['c1:stopped'])
  })

  for (const [how, start] of [
    ['refuses', START.refuses],
    ['raises', START.throws],
  ] as const) {
    nearAndFar(`SUP-013 dynamic: a child whose start ${how} is not kept`, async (placement) => {
      const sup = await DynamicSupervisor.start()
      const spec = frailKid('c1', { placement, args: { start } })
      await assert.rejects(DynamicSupervisor.startChild(sup, spec), { code: 'ERR_START_FAILED' })
      assert.equal(await counts(sup), '0,0,0,0')
    })
  }

  nearAndFar('SUP-014 a failing child takes down those before it', async (placement) => {
    await reportsTo(self())
    const children = [
      kid('a', { placement }),
      kid('b', { placement }),
      kid('c', { placement, args: { start: START.exits, reason: BOOM } }),
    ]
    await assert.rejects(Supervisor.start({ children }), {
      code: 'ERR_START_FAILED',
      reason: { type: 'shutdown', detail: { failedToStartChild: 'c', reason: BOOM } },
    })
    assert.deepEqual(await lives(4), ['born a', 'born b', 'gone b shutdown', 'gone a shutdown'])
    const report = await nextRuntimeReport('supervisor-report')
    assert.deepEqual([report.context, report.offender.id], ['start_error', 'c'])
  })
})

describe('SUP specs', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('SUP-015 a spec has defaults', () =>
    asActor(async () => {
      const options = { name: false, placement: 'here' } as const
      const sup = await Supervisor.start({
        children: [
          child(puppet, { id: 'worker', ...options }),
          child(puppet, { id: 'supervisor', type: 'supervisor', ...options }),
        ],
      })
      const worker = await Supervisor.getChildSpec(sup, 'worker')
      assert.equal(worker.restart, 'permanent')
      assert.equal(worker.shutdown, 5000)
      assert.equal(worker.type, 'worker')
      assert.equal(worker.significant, false)
      assert.match(String(worker.modules), /puppet\.[jt]s$/)
      assert.equal((await Supervisor.getChildSpec(sup, 'supervisor')).shutdown, 'infinity')
      await assert.rejects(Supervisor.getChildSpec(sup, 'none'), { code: 'ERR_CHILD_NOT_FOUND' })
    }))

  const wrong: readonly (readonly [string, string, (spec: ChildSpec) => unknown, RegExp])[] = [
    ['SUP-017', 'no id', (spec) => ({ ...spec, id: undefined }), /id: expected a string/],
    [
      'SUP-017',
      'no definition',
      (spec) => ({ ...spec, definition: undefined }),
      /Expected a child spec/,
    ],
    ['SUP-017', 'not an object', () => 'spec', /Expected a child spec/],
    ['SUP-039', 'restart', (spec) => ({ ...spec, restart: 'forever' }), /'permanent'/],
    ['SUP-039', 'shutdown', (spec) => ({ ...spec, shutdown: -10 }), /shutdown: expected/],
    ['SUP-039', 'type', (spec) => ({ ...spec, type: 'boss' }), /'worker', 'supervisor'/],
    ['SUP-039', 'modules', (spec) => ({ ...spec, modules: 'some' }), /list of module URLs/],
    ['SUP-039', 'a module', (spec) => ({ ...spec, modules: [1] }), /list of module URLs/],
    ['SUP-042', 'shutdown', (spec) => ({ ...spec, shutdown: 'never' }), /'brutal_kill'/],
    ['SUP-042', 'significant', (spec) => ({ ...spec, significant: 1 }), /true or false/],
    [
      'SUP-043',
      'significant and permanent',
      (spec) => ({ ...spec, significant: true }),
      /permanent child is always restarted/,
    ],
    [
      'SUP-043',
      'significant without autoShutdown',
      (spec) => ({ ...spec, restart: 'transient', significant: true }),
      /autoShutdown: 'never'/,
    ],
  ]
  for (const [id, what, change, expected] of wrong) {
    it(`${id} a wrong spec (${what}) is refused, by hand and from the start`, () =>
      asActor(async () => {
        const spec: ChildSpec = Object(change(frailKid('c1')))
        const bad = what === 'not an object' ? JSON.parse('"spec"') : spec
        await assert.rejects(Supervisor.start({ children: [bad] }), expected)
        const sup = await Supervisor.start({ children: [] })
        await assert.rejects(Supervisor.startChild(sup, bad), expected)
        assert.deepEqual(await overview(sup), [])
      }))
  }

  it('SUP-017 unknown fields of a spec are accepted', () =>
    asActor(async () => {
      const spec = { ...frailKid('c1'), colour: 'blue' }
      const sup = await Supervisor.start({ children: [spec] })
      assert.deepEqual(await overview(sup), ['c1:running'])
    }))

  it('SUP-040 two children with one id are refused', () =>
    asActor(async () => {
      const children = [frailKid('same'), frailKid('same')]
      await assert.rejects(Supervisor.start({ children }), /two children have the id 'same'/)
      assert.throws(() => supervisor('x', { children }), /two children have the id 'same'/)
    }))

  it('SUP-041 a dynamic supervisor takes no children from the start', async () => {
    await assert.rejects(DynamicSupervisor.start({ children: [] } as never), /unknown option/)
  })

  it('SUP-042 every sensible combination is accepted', () =>
    asActor(async () => {
      const sup = await Supervisor.start({ autoShutdown: 'any_significant', children: [] })
      for (const restart of ['permanent', 'transient', 'temporary'] as const) {
        for (const shutdown of [0, 1000, 'infinity', 'brutal_kill'] as const) {
          for (const type of ['worker', 'supervisor'] as const) {
            const significant = restart !== 'permanent'
            const id = `${restart} ${shutdown} ${type}`
            const spec = frailKid(id, { restart, shutdown, type, significant })
            assert.ok(await Supervisor.startChild(sup, spec))
          }
        }
      }
      assert.equal(await counts(sup), '24,24,12,12')
    }))

  for (const [what, options, expected] of [
    ['strategy', { strategy: 'some' }, /'one_for_one'/],
    ['intensity', { maxRestarts: -1 }, /maxRestarts: expected an integer/],
    ['intensity type', { maxRestarts: 'many' }, /maxRestarts: expected a number/],
    ['period 0', { maxSeconds: 0 }, /maxSeconds: expected a number/],
    ['infinite period', { maxSeconds: Number.POSITIVE_INFINITY }, /maxSeconds: expected a number/],
    ['autoShutdown', { autoShutdown: 'sometimes' }, /'any_significant'/],
  ] as const) {
    it(`SUP-044 a wrong ${what} is refused`, async () => {
      const started = Supervisor.start({ children: [], ...Object(options) })
      await assert.rejects(started, expected)
    })
  }

  it('SUP-045 defaults are those of Elixir: one_for_one, 3 in 5 s, never', () => {
    const { args } = supervisor('x', { children: [] })
    assert.deepEqual(args, {
      strategy: 'one_for_one',
      maxRestarts: 3,
      maxSeconds: 5,
      autoShutdown: 'never',
      children: [],
    })
  })
})

describe('SUP stopping', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  nearAndFar('SUP-018 children with all the time end with shutdown', async (placement) => {
    const shutdown = 'infinity'
    const sup = await Supervisor.start({
      children: [
        kid('c1', { placement, shutdown, args: { terminateMs: 10 } }),
        kid('c2', { placement, shutdown, type: 'supervisor' }),
      ],
    })
    const refs = [monitor(await pidOf(sup, 'c2')), monitor(await pidOf(sup, 'c1'))]
    exit(sup.pid(), SHUTDOWN)
    for (const ref of refs) assert.deepEqual(await downWith(ref), SHUTDOWN)
  })

  everywhere(
    'SUP-019 a child that is busy beyond its time is killed',
    async (placement) => {
      const sup = await Supervisor.start({
        children: [
          kid('c1', { placement }),
          kid('c2', { placement, shutdown: 50, args: { stubborn: true } }),
        ],
      })
      const c1 = monitor(await pidOf(sup, 'c1'))
      const c2 = monitor(await pidOf(sup, 'c2'))
      exit(sup.pid(), SHUTDOWN)
      assert.equal((await downWith(c2)).type, 'killed')
      assert.deepEqual(await downWith(c1), SHUTDOWN)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    },
    ['[same thread]', '[other thread]', '[own thread]'],
  )

  nearAndFar('SUP-020 dynamic: the same, and the time runs once for all', async (placement) => {
    const sup = await DynamicSupervisor.start()
    const refs = []
    for (let n = 0; n < 20; n++) {
      const args = { stubborn: n % 2 === 0 }
      const spec = kid(`c${n}`, { placement, shutdown: 300, args })
      const pid = await DynamicSupervisor.startChild(sup, spec)
      assert.ok(pid)
      refs.push(monitor(pid))
    }
    const from = performance.now()
    exit(sup.pid(), SHUTDOWN)
    for (const [n, ref] of refs.entries()) {
      assert.equal((await downWith(ref)).type, n % 2 === 0 ? 'killed' : 'shutdown')
    }
    assert.ok(performance.now() - from < 3000, 'not 300 ms for each of the ten')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar('SUP-021 brutal_kill: no shutdown first', async (placement) => {
    const sup = await Supervisor.start({
      children: [kid('c1', { placement }), kid('c2', { placement, shutdown: 'brutal_kill' })],
    })
    const c1 = monitor(await pidOf(sup, 'c1'))
    const c2 = monitor(await pidOf(sup, 'c2'))
    exit(sup.pid(), SHUTDOWN)
    assert.equal((await downWith(c2)).type, 'killed')
    assert.deepEqual(await downWith(c1), SHUTDOWN)
    assert.deepEqual(await lives(3), ['born c1', 'born c2', 'gone c1 shutdown'])
  })

  nearAndFar('SUP-022 dynamic: ten of them', async (placement) => {
    const sup = await DynamicSupervisor.start()
    const refs = []
    for (let n = 0; n < 10; n++) {
      const spec = kid(`c${n}`, { placement, shutdown: 'brutal_kill' })
      const pid = await DynamicSupervisor.startChild(sup, spec)
      assert.ok(pid)
      refs.push(monitor(pid))
    }
    exit(sup.pid(), SHUTDOWN)
    for (const ref of refs) assert.equal((await downWith(ref)).type, 'killed')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar('SUP-023 children that end by themselves meanwhile are let be', async (placement) => {
    const reasons = [{ type: 'normal' }, SHUTDOWN, { type: 'shutdown', detail: 't' }, BOOM]
    const restarts = ['permanent', 'transient', 'temporary'] as const
    const ids = restarts.flatMap((restart) =>
      reasons.map((reason, n) => ({ id: `${restart}${n}`, restart, reason })),
    )
    const sup = await Supervisor.start({
      maxRestarts: 0,
      children: [
        ...ids.map(({ id, restart }) => frailKid(id, { placement, restart })),
        kid('slow', { placement, shutdown: 'infinity', args: { stubborn: true } }),
      ],
    })
    await lives(ids.length + 1)
    const slow = await pidOf(sup, 'slow')
    const pids = await Promise.all(ids.map(({ id }) => pidOf(sup, id)))
    exit(sup.pid(), SHUTDOWN)
    assert.deepEqual(await lives(1), ['gone slow shutdown'])
    for (const [n, { reason }] of ids.entries()) {
      const pid = pids[n]
      assert.ok(pid)
      const ref = monitor(pid)
      send(pid, { end: reason })
      assert.deepEqual(await downWith(ref), reason)
    }
    exit(slow, KILL)
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    assert.equal((await lives(ids.length)).filter((life) => life.startsWith('born')).length, 0)
  })

  for (const restart of ['permanent', 'transient', 'temporary'] as const) {
    it(`SUP-024 dynamic ${restart}: odd answers to shutdown are kept, and reported`, () =>
      asActor(async () => {
        await reportsTo(self())
        const sup = await DynamicSupervisor.start()
        const reasons = [{ type: 'normal' }, SHUTDOWN, { type: 'shutdown', detail: 't' }, BOOM]
        const refs = []
        for (const [n, lastReason] of reasons.entries()) {
          const spec = kid(`c${n}`, { restart, args: { lastReason } })
          const pid = await DynamicSupervisor.startChild(sup, spec)
          assert.ok(pid)
          refs.push(monitor(pid))
        }
        exit(sup.pid(), SHUTDOWN)
        for (const [n, ref] of refs.entries()) assert.deepEqual(await downWith(ref), reasons[n])
        assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
        const expected = restart === 'permanent' ? ['c0', 'c2', 'c3'] : ['c3']
        const reported = []
        while (reported.length < expected.length) {
          const { context, offender } = await nextRuntimeReport('supervisor-report')
          assert.equal(context, 'shutdown_error')
          reported.push(offender.id)
        }
        assert.deepEqual(reported.toSorted(), expected)
        await none((m) => Object(m).type === 'supervisor-report')
      }))
  }

  nearAndFar(
    'SUP-079 a child that has unlinked itself is ended all the same',
    async (placement) => {
      const sup = await Supervisor.start({ children: [] })
      const args = { unlinks: sup.pid() }
      const pid = await Supervisor.startChild(sup, frailKid('c1', { placement, args }))
      assert.ok(pid)
      assert.equal(await Supervisor.terminateChild(sup, 'c1'), true)
      assert.deepEqual(await downOf(pid), { type: 'noproc' })
    },
  )

  nearAndFar('SUP-132 brutal_kill waits for the death', async (placement) => {
    const sup = await Supervisor.start({
      children: [kid('c1', { placement, shutdown: 'brutal_kill' })],
    })
    const pid = await pidOf(sup, 'c1')
    assert.equal(await Supervisor.terminateChild(sup, 'c1'), true)
    assert.deepEqual(await downOf(pid), { type: 'noproc' })
  })

  nearAndFar(
    'SUP-131 a child that dies while it is terminated is not restarted',
    async (placement) => {
      const sup = await Supervisor.start({
        maxRestarts: 0,
        children: [
          frailKid('c1', { placement }),
          kid('slow', { placement, shutdown: 'infinity', args: { stubborn: true } }),
        ],
      })
      await lives(2)
      const slow = await pidOf(sup, 'slow')
      const c1 = await pidOf(sup, 'c1')
      const first = Supervisor.terminateChild(sup, 'slow')
      assert.deepEqual(await lives(1), ['gone slow shutdown'])
      const second = Supervisor.terminateChild(sup, 'c1')
      const ref = monitor(c1)
      exit(c1, KILL)
      await downWith(ref)
      exit(slow, KILL)
      await Promise.all([first, second])
      assert.deepEqual(await overview(sup), ['slow:stopped', 'c1:stopped'])
      await none((m) => Object(m).type === 'born')
    },
  )
})
