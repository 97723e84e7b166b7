import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ChildSpec,
  child,
  DynamicSupervisor,
  type DynamicSupervisorRef,
  dynamicSupervisor,
  exit,
  IGNORE,
  isExitMessage,
  monitor,
  type Pid,
  type Runtime,
  receive,
  Supervisor,
  startRuntime,
  whereis,
} from '../../runtime/index.ts'
import { puppet, START } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  counts,
  DETAILED,
  downWith,
  end,
  exitOf,
  frailKid,
  gate,
  KILL,
  KILLED,
  kid,
  NORMAL,
  nearAndFar,
  none,
  SHUTDOWN,
  setGate,
  startPuppet,
  until,
} from './behaviour-support.ts'

async function started(sup: DynamicSupervisorRef, spec: ChildSpec): Promise<Pid> {
  const pid = await DynamicSupervisor.startChild(sup, spec)
  assert.ok(pid)
  return pid
}

describe('DSU starting', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [dynamicSupervisor('in-the-tree')] })
  })
  after(() => runtime.stop())

  it('DSU-001 is a child like any other, reached by name', async () => {
    assert.deepEqual(await DynamicSupervisor.whichChildren('in-the-tree'), [])
    await asActor(async () => {
      const sup = await Supervisor.start({ children: [dynamicSupervisor('dsu-001')] })
      assert.deepEqual(await DynamicSupervisor.whichChildren('dsu-001'), [])
      await Supervisor.stop(sup)
    })
  })

  it('DSU-001 in another thread it starts children in each', async () => {
    for (const placement of ['root', 'caller', { thread: 'others' }] as const) {
      const spec = child(puppet, { name: false, placement })
      const pid = await DynamicSupervisor.startChild('in-the-tree', spec)
      assert.ok(pid)
      assert.equal(await DynamicSupervisor.terminateChild('in-the-tree', pid), true)
    }
  })

  it('DSU-004 the defaults', () => {
    assert.deepEqual(dynamicSupervisor('x').args, {
      maxRestarts: 3,
      maxSeconds: 5,
      maxChildren: Number.POSITIVE_INFINITY,
    })
  })

  for (const [what, options, expected] of [
    ['strategy', { strategy: 'one_for_one' }, /unknown option 'strategy'/],
    ['maxRestarts', { maxRestarts: -1 }, /maxRestarts: expected an integer/],
    ['maxSeconds', { maxSeconds: 0 }, /maxSeconds: expected a number/],
    ['maxChildren', { maxChildren: -1 }, /maxChildren: expected a number/],
    ['autoShutdown', { autoShutdown: 'never' }, /unknown option 'autoShutdown'/],
    ['garbage', 'garbage', /expected an object of options/],
  ] as const) {
    it(`DSU-005 wrong options (${what}) are refused, from a function too`, () =>
      asActor(async () => {
        const bad = JSON.parse(JSON.stringify(options))
        await assert.rejects(DynamicSupervisor.start(bad), expected)
        await assert.rejects(
          DynamicSupervisor.start(() => bad),
          expected,
        )
        await none(isExitMessage)
      }))
  }

  it('DSU-005 options that ignore', () =>
    asActor(async () => {
      assert.equal(await DynamicSupervisor.start((): typeof IGNORE => IGNORE), undefined)
    }))

  it('DSU-006 with a name: linked, found by it, a supervisor to tools, stopped', () =>
    asActor(async () => {
      const sup = await DynamicSupervisor.start({}, { name: 'dsu-006' })
      assert.equal(whereis('dsu-006'), sup.pid())
      const nodes = JSON.stringify(await runtime.tree())
      assert.match(nodes, /"id":"dsu-006","kind":"supervisor"/)
      await DynamicSupervisor.stop('dsu-006')
      assert.deepEqual(await exitOf(sup.pid()), NORMAL)
    }))
})

describe('DSU startChild', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('DSU-011 takes a definition with arguments, or a spec written by hand', () =>
    asActor(async () => {
      const sup = await DynamicSupervisor.start()
      await started(sup, child(puppet, { name: false, placement: 'here' }))
      await started(sup, {
        id: 'by hand',
        definition: puppet.address,
        args: {},
        restart: 'permanent',
        shutdown: 100,
        type: 'worker',
        placement: 'here',
      })
      assert.equal(await counts(sup), '2,2,0,2')
    }))

  const wrong: readonly (readonly [string, (spec: ChildSpec) => object, RegExp])[] = [
    ['nothing', () => [], /Expected a child spec/],
    ['definition', (spec) => ({ ...spec, definition: {} }), /Expected a child spec/],
    ['shutdown', (spec) => ({ ...spec, shutdown: -1 }), RegExp('shutdown: expected a number')],
    [
      'significant',
      (spec) => ({ ...spec, restart: 'transient', significant: true }),
      /not for dynamic supervisors/,
    ],
  ]
  for (const [what, change, expected] of wrong) {
    it(`DSU-014 a wrong spec (${what}) is refused in the caller`, () =>
      asActor(async () => {
        const spec: ChildSpec = Object(change(frailKid('a')))
        await assert.rejects(DynamicSupervisor.startChild('nobody there', spec), expected)
        const sup = await DynamicSupervisor.start()
        await assert.rejects(sup.call('startChild', spec), expected)
        assert.equal(await counts(sup), '0,0,0,0')
      }))
  }

  nearAndFar('DSU-015 an init that ignores gives undefined', async (placement) => {
    const sup = await DynamicSupervisor.start()
    const args = { start: START.ignores }
    assert.equal(
      await DynamicSupervisor.startChild(sup, frailKid('a', { placement, args })),
      undefined,
    )
  })

  for (const [id, how, start, why] of [
    ['DSU-015', 'refuses', START.refuses, 'refused'],
    ['DSU-016', 'throws', START.throws, 'threw'],
    ['DSU-016', 'exits', START.exits, 'exited'],
  ] as const) {
    nearAndFar(`${id} an init that ${how} fails it; the supervisor lives`, async (placement) => {
      const sup = await DynamicSupervisor.start()
      const spec = frailKid('a', { placement, args: { start, reason: BOOM } })
      const failed = DynamicSupervisor.startChild(sup, spec)
      await assert.rejects(failed, { code: 'ERR_START_FAILED', why })
      assert.equal(await counts(sup), '0,0,0,0')
    })
  }

  it('DSU-017 maxChildren 0 takes none', () =>
    asActor(async () => {
      const sup = await DynamicSupervisor.start({ maxChildren: 0 })
      await assert.rejects(DynamicSupervisor.startChild(sup, frailKid('a')), {
        code: 'ERR_MAX_CHILDREN',
      })
    }))

  for (const [id, restart, reason, back] of [
    ['DSU-018', 'temporary', SHUTDOWN, false],
    ['DSU-018', 'temporary', BOOM, false],
    ['DSU-019', 'transient', SHUTDOWN, false],
    ['DSU-019', 'transient', DETAILED, false],
    ['DSU-019', 'transient', BOOM, true],
    ['DSU-020', 'permanent', SHUTDOWN, true],
    ['DSU-020', 'permanent', DETAILED, true],
    ['DSU-020', 'permanent', BOOM, true],
  ] as const) {
    const what = `${restart} ${JSON.stringify(reason)}`
    nearAndFar(`${id} ${what}: ${back ? 'restarted' : 'removed'}`, async (placement) => {
      const sup = await DynamicSupervisor.start()
      await end(await started(sup, frailKid('a', { placement, restart })), reason)
      assert.equal(await counts(sup), back ? '1,1,0,1' : '0,0,0,0')
    })
  }

  for (const [how, start, expected] of [
    ['works', START.ok, '1,1,0,1'],
    ['is ignored', START.ignores, '0,0,0,0'],
    ['is refused', START.refuses, '1,0,0,1'],
    ['throws', START.throws, '1,0,0,1'],
  ] as const) {
    nearAndFar(`DSU-021 a restart that ${how}`, async (placement) => {
      const view = gate()
      const sup = await DynamicSupervisor.start({ maxRestarts: 1_000_000 })
      const pid = await started(sup, frailKid('a', { placement, args: { gate: view } }))
      setGate(view, start)
      await end(pid, BOOM)
      assert.equal(await counts(sup), expected)
    })
  }

  for (const [id, start] of [
    ['DSU-022', START.throws],
    ['DSU-023', START.ok],
  ] as const) {
    const what = start === START.ok ? 'was restarted' : 'is being restarted'
    nearAndFar(`${id} a child that ${what} counts for maxChildren`, async (placement) => {
      const view = gate()
      const sup = await DynamicSupervisor.start({ maxRestarts: 1_000_000, maxChildren: 1 })
      const pid = await started(sup, frailKid('a', { placement, args: { gate: view } }))
      setGate(view, start)
      await end(pid, BOOM)
      await assert.rejects(DynamicSupervisor.startChild(sup, frailKid('b', { placement })), {
        code: 'ERR_MAX_CHILDREN',
      })
    })
  }

  nearAndFar('DSU-024 a restart that fails once is tried again', async (placement) => {
    const view = gate()
    const sup = await DynamicSupervisor.start({ maxRestarts: 2 })
    const pid = await started(sup, frailKid('a', { placement, args: { gate: view } }))
    setGate(view, START.throws, 1)
    await end(pid, BOOM)
    await until('it runs', async () => (await counts(sup)) === '1,1,0,1')
  })

  for (const [id, maxRestarts] of [
    ['DSU-025', 1],
    ['DSU-026', 10],
  ] as const) {
    nearAndFar(`${id} gives up after ${maxRestarts} attempts that failed`, async (placement) => {
      const view = gate()
      const sup = await DynamicSupervisor.start({ maxRestarts })
      const pid = await started(sup, frailKid('a', { placement, args: { gate: view } }))
      setGate(view, START.throws)
      await end(pid, BOOM)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
      assert.equal(view[1], 1_000_000 - maxRestarts)
    })
  }
})

describe('DSU ending children', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  for (const shutdown of [0, 1]) {
    nearAndFar(`DSU-027 shutdown ${shutdown} is accepted`, async (placement) => {
      const sup = await DynamicSupervisor.start()
      const pid = await started(sup, frailKid('a', { placement, shutdown, restart: 'temporary' }))
      const ref = monitor(pid)
      exit(pid, SHUTDOWN)
      assert.deepEqual(await downWith(ref), SHUTDOWN)
    })
  }

  const oops = { type: 'shutdown', detail: 'oops' }
  const cases = [
    ['DSU-028', 'brutal_kill', {}, KILLED],
    ['DSU-029', 'infinity', {}, SHUTDOWN],
    ['DSU-030', 'infinity', { lastReason: oops }, oops],
    ['DSU-031', 1000, {}, SHUTDOWN],
    ['DSU-031', 1000, { lastReason: oops }, oops],
    ['DSU-032', 1, { stubborn: true }, KILLED],
    ['DSU-033', 1000, { lastReason: NORMAL }, NORMAL],
  ] as const
  for (const [id, shutdown, args, expected] of cases) {
    const what = `${shutdown} ${JSON.stringify(args)}`
    nearAndFar(`${id} at the supervisor's end, ${what}: ${expected.type}`, async (placement) => {
      const sup = await DynamicSupervisor.start()
      const refs = []
      for (let n = 0; n < 3; n++) {
        refs.push(monitor(await started(sup, kid('a', { placement, shutdown, args }))))
      }
      exit(sup.pid(), SHUTDOWN)
      for (const ref of refs) assert.deepEqual(await downWith(ref), expected)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
      assert.equal(await receiveBirths(), 3, 'nothing was restarted')
    })
  }

  nearAndFar('DSU-032 one that does not trap just ends', async (placement) => {
    const sup = await DynamicSupervisor.start()
    const ref = monitor(await started(sup, frailKid('a', { placement, shutdown: 1000 })))
    exit(sup.pid(), SHUTDOWN)
    assert.deepEqual(await downWith(ref), SHUTDOWN)
  })

  nearAndFar('DSU-034 children of several kinds', async (placement) => {
    const sup = await DynamicSupervisor.start()
    const kinds = ['infinity', 'brutal_kill', 'infinity', 'brutal_kill'] as const
    const refs = []
    for (const shutdown of kinds) {
      refs.push(monitor(await started(sup, kid('a', { placement, shutdown }))))
    }
    exit(sup.pid(), SHUTDOWN)
    for (const [n, ref] of refs.entries()) {
      assert.equal((await downWith(ref)).type, kinds[n] === 'infinity' ? 'shutdown' : 'killed')
    }
  })

  for (const shutdown of ['brutal_kill', 1000] as const) {
    nearAndFar(
      `DSU-035 terminateChild (${shutdown}) returns after the death`,
      async (placement) => {
        const sup = await DynamicSupervisor.start()
        const pid = await started(sup, kid('a', { placement, shutdown }))
        const ref = monitor(pid)
        assert.equal(await DynamicSupervisor.terminateChild(sup, pid), true)
        assert.equal((await downWith(ref)).type, shutdown === 1000 ? 'shutdown' : 'killed')
        await assert.rejects(DynamicSupervisor.terminateChild(sup, pid), {
          code: 'ERR_CHILD_NOT_FOUND',
        })
        assert.equal(await counts(sup), '0,0,0,0')
      },
    )
  }

  nearAndFar('DSU-036 a child that is being restarted, by its old pid', async (placement) => {
    const view = gate()
    const sup = await DynamicSupervisor.start({ maxRestarts: 1_000_000 })
    const pid = await started(sup, frailKid('a', { placement, args: { gate: view } }))
    setGate(view, START.throws)
    await end(pid, BOOM)
    assert.equal(await DynamicSupervisor.terminateChild(sup, pid), true)
    await assert.rejects(DynamicSupervisor.terminateChild(sup, pid), {
      code: 'ERR_CHILD_NOT_FOUND',
    })
    assert.equal(await counts(sup), '0,0,0,0')
  })

  it('DSU-035 a stranger is not terminated', () =>
    asActor(async () => {
      const sup = await DynamicSupervisor.start()
      const stranger = await startPuppet()
      await assert.rejects(DynamicSupervisor.terminateChild(sup, stranger.pid()), {
        code: 'ERR_CHILD_NOT_FOUND',
      })
      exit(stranger.pid(), KILL)
      assert.deepEqual(await exitOf(stranger.pid()), KILLED)
    }))
})

/** How many births were reported so far. */
async function receiveBirths(): Promise<number> {
  let births = 0
  while (await receive((m) => Object(m).type === 'born', { timeoutMs: 0 })) births++
  return births
}
