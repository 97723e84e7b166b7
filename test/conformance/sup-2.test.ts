import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type ChildSpec,
  DynamicSupervisor,
  type ExitReason,
  exit,
  monitor,
  type Placement,
  type RestartType,
  type Runtime,
  reportsTo,
  Supervisor,
  self,
  send,
  startRuntime,
} from '../../runtime/index.ts'
import { START } from '../fixtures/conformance/puppet.ts'
import {
  asActor,
  BOOM,
  counts,
  DETAILED,
  downOf,
  downWith,
  end,
  everywhere,
  exitOf,
  frailKid,
  gate,
  KILL,
  kid,
  lives,
  NORMAL,
  nearAndFar,
  nextReport,
  nextRuntimeReport,
  none,
  overview,
  pidOf,
  SHUTDOWN,
  setGate,
  startPuppet,
} from './behaviour-support.ts'

type Sup = Awaited<ReturnType<typeof start>>

function start(children: readonly ChildSpec[], maxRestarts = 3, maxSeconds = 3600) {
  return Supervisor.start({ maxRestarts, maxSeconds, children })
}

/** Ends the child and waits until the supervisor has dealt with it. */
async function endChild(sup: Sup, id: string, reason: ExitReason): Promise<void> {
  await end(await pidOf(sup, id), reason)
}

describe('SUP administration', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  nearAndFar('SUP-025 starting a running id tells its pid', async (placement) => {
    const sup = await start([frailKid('child1', { placement })])
    const pid = await pidOf(sup, 'child1')
    await assert.rejects(Supervisor.startChild(sup, frailKid('child1', { placement })), {
      code: 'ERR_ALREADY_STARTED',
      pid,
    })
  })

  it('SUP-026 terminating an unknown id', () =>
    asActor(async () => {
      const sup = await start([frailKid('child1')])
      await assert.rejects(Supervisor.terminateChild(sup, 'child2'), {
        code: 'ERR_CHILD_NOT_FOUND',
      })
    }))

  const requests = {
    startChild: () => Supervisor.startChild('sup-027', frailKid('x')),
    terminateChild: () => Supervisor.terminateChild('sup-027', 'x'),
    restartChild: () => Supervisor.restartChild('sup-027', 'x'),
    deleteChild: () => Supervisor.deleteChild('sup-027', 'x'),
    whichChildren: () => Supervisor.whichChildren('sup-027'),
    whichChild: () => Supervisor.whichChild('sup-027', 'x'),
    countChildren: () => Supervisor.countChildren('sup-027'),
    getChildSpec: () => Supervisor.getChildSpec('sup-027', 'x'),
  }
  for (const [name, request] of Object.entries(requests)) {
    it(`SUP-027 ${name} of an unknown supervisor: noproc, with the call`, () =>
      asActor(async () => {
        await assert.rejects(request(), {
          code: 'ERR_NO_PROCESS',
          reason: { type: 'noproc' },
          call: { target: 'sup-027', name, timeoutMs: Number.POSITIVE_INFINITY },
        })
      }))
  }

  nearAndFar('SUP-028 a terminated child keeps its spec', async (placement) => {
    const sup = await start([kid('child1', { placement })])
    const ref = monitor(await pidOf(sup, 'child1'))
    assert.equal(await Supervisor.terminateChild(sup, 'child1'), true)
    assert.deepEqual(await downWith(ref), SHUTDOWN)
    assert.deepEqual(await overview(sup), ['child1:stopped'])
    assert.equal(await counts(sup), '1,0,0,1')
  })

  nearAndFar('SUP-029 terminating it again is fine', async (placement) => {
    const sup = await start([kid('child1', { placement })])
    await Supervisor.terminateChild(sup, 'child1')
    assert.equal(await Supervisor.terminateChild(sup, 'child1'), true)
  })

  nearAndFar('SUP-030 starting its id again is refused', async (placement) => {
    const sup = await start([kid('child1', { placement })])
    await Supervisor.terminateChild(sup, 'child1')
    await assert.rejects(Supervisor.startChild(sup, kid('child1', { placement })), {
      code: 'ERR_CHILD_PRESENT',
    })
  })

  nearAndFar('SUP-031 it can be restarted, once', async (placement) => {
    const sup = await start([kid('child1', { placement })])
    const old = await pidOf(sup, 'child1')
    await Supervisor.terminateChild(sup, 'child1')
    const pid = await Supervisor.restartChild(sup, 'child1')
    assert.ok(pid && pid !== old)
    await assert.rejects(Supervisor.restartChild(sup, 'child1'), { code: 'ERR_CHILD_RUNNING' })
    await assert.rejects(Supervisor.restartChild(sup, 'child2'), { code: 'ERR_CHILD_NOT_FOUND' })
  })

  nearAndFar('SUP-032 deleting is for those that do not run', async (placement) => {
    const sup = await start([kid('child1', { placement })])
    await assert.rejects(Supervisor.deleteChild(sup, 'child1'), { code: 'ERR_CHILD_RUNNING' })
    await assert.rejects(Supervisor.deleteChild(sup, 'child2'), { code: 'ERR_CHILD_NOT_FOUND' })
    await Supervisor.terminateChild(sup, 'child1')
    assert.equal(await Supervisor.deleteChild(sup, 'child1'), true)
    await assert.rejects(Supervisor.restartChild(sup, 'child1'), { code: 'ERR_CHILD_NOT_FOUND' })
    assert.equal(await counts(sup), '0,0,0,0')
  })

  it('SUP-033 a pid is no id', () =>
    asActor(async () => {
      const sup = await start([kid('child1')])
      const pid = await pidOf(sup, 'child1')
      await assert.rejects(Supervisor.terminateChild(sup, pid), { code: 'ERR_CHILD_NOT_FOUND' })
      assert.equal(await pidOf(sup, 'child1'), pid)
    }))

  nearAndFar('SUP-122 lists newest first, and one by id', async (placement) => {
    const sup = await start([kid('a', { placement }), kid('b', { placement })])
    await Supervisor.startChild(sup, kid('c', { placement, type: 'supervisor' }))
    await Supervisor.terminateChild(sup, 'b')
    assert.deepEqual(await overview(sup), ['c:running', 'b:stopped', 'a:running'])
    const { id, type, pid, modules } = await Supervisor.whichChild(sup, 'c')
    assert.deepEqual([id, type, pid], ['c', 'supervisor', await pidOf(sup, 'c')])
    assert.match(String(modules), /puppet\.[jt]s$/)
    await Supervisor.deleteChild(sup, 'b')
    await assert.rejects(Supervisor.whichChild(sup, 'b'), { code: 'ERR_CHILD_NOT_FOUND' })
    assert.deepEqual(await overview(sup), ['c:running', 'a:running'])
  })

  it('SUP-035 dynamic: counts grow with the children; ids are not listed', () =>
    asActor(async () => {
      const sup = await DynamicSupervisor.start()
      assert.equal(await counts(sup), '0,0,0,0')
      for (const id of ['a', 'b']) await DynamicSupervisor.startChild(sup, kid(id))
      assert.equal(await counts(sup), '2,2,0,2')
      const rows = await DynamicSupervisor.whichChildren(sup)
      assert.deepEqual(
        rows.map(({ id }) => id),
        [undefined, undefined],
      )
    }))

  nearAndFar('SUP-036 dynamic: children are terminated by pid, only its own', async (placement) => {
    const sup = await DynamicSupervisor.start()
    const pid = await DynamicSupervisor.startChild(sup, kid('a', { placement }))
    assert.ok(pid)
    const stranger = await startPuppet({}, { placement })
    for (const other of [stranger.pid(), JSON.parse('"a"')]) {
      await assert.rejects(DynamicSupervisor.terminateChild(sup, other), {
        code: 'ERR_CHILD_NOT_FOUND',
      })
    }
    assert.equal(await stranger.call('echo', 1), 1)
    assert.equal(await DynamicSupervisor.terminateChild(sup, pid), true)
    assert.equal(await counts(sup), '0,0,0,0')
    await assert.rejects(DynamicSupervisor.terminateChild(sup, pid), {
      code: 'ERR_CHILD_NOT_FOUND',
    })
  })

  it('SUP-037 dynamic: nothing is restarted or deleted by hand', () =>
    asActor(async () => {
      const sup = await DynamicSupervisor.start()
      const refused = { code: 'ERR_DYNAMIC_SUPERVISOR' }
      await assert.rejects(Supervisor.restartChild(sup, 'a'), refused)
      await assert.rejects(Supervisor.deleteChild(sup, 'a'), refused)
      assert.equal(await counts(sup), '0,0,0,0')
    }))

  it('SUP-121 a child whose name belongs to a stranger is not adopted', () =>
    asActor(async () => {
      const stranger = await startPuppet({}, { name: 'sup-121' })
      const sup = await start([])
      await assert.rejects(Supervisor.startChild(sup, frailKid('c1', { name: 'sup-121' })), {
        code: 'ERR_ALREADY_STARTED',
        pid: stranger.pid(),
      })
      assert.deepEqual(await overview(sup), [])
      assert.equal(await stranger.call('echo', 1), 1)
    }))
})

describe('SUP restart types', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  const table: readonly (readonly [string, RestartType, ExitReason, string])[] = [
    ['SUP-047', 'permanent', NORMAL, 'running'],
    ['SUP-048', 'transient', NORMAL, 'stopped'],
    ['SUP-049', 'temporary', NORMAL, 'removed'],
    ['SUP-050', 'permanent', SHUTDOWN, 'running'],
    ['SUP-050', 'permanent', DETAILED, 'running'],
    ['SUP-051', 'transient', SHUTDOWN, 'stopped'],
    ['SUP-051', 'transient', DETAILED, 'stopped'],
    ['SUP-052', 'temporary', SHUTDOWN, 'removed'],
    ['SUP-052', 'temporary', DETAILED, 'removed'],
    ['SUP-053', 'permanent', BOOM, 'running'],
    ['SUP-054', 'transient', BOOM, 'running'],
    ['SUP-054', 'transient', KILL, 'running'],
    ['SUP-055', 'temporary', BOOM, 'removed'],
  ]
  for (const [id, restart, reason, outcome] of table) {
    const why = JSON.stringify(reason)
    nearAndFar(`${id} a ${restart} child that ends ${why} is ${outcome}`, async (placement) => {
      const sup = await start([frailKid('c1', { placement, restart })])
      const old = await pidOf(sup, 'c1')
      const ref = monitor(old)
      if (reason.type === 'kill') exit(old, KILL)
      else send(old, { end: reason })
      await downWith(ref)
      assert.deepEqual(await overview(sup), outcome === 'removed' ? [] : [`c1:${outcome}`])
      const expected = { running: '1,1,0,1', stopped: '1,0,0,1', removed: '0,0,0,0' }[outcome]
      assert.equal(await counts(sup), expected)
      if (outcome === 'running') assert.notEqual(await pidOf(sup, 'c1'), old)
      if (outcome === 'stopped') assert.ok(await Supervisor.restartChild(sup, 'c1'))
    })
  }

  it('SUP-050 these restarts count too', () =>
    asActor(async () => {
      const sup = await start([frailKid('c1')], 1)
      await endChild(sup, 'c1', SHUTDOWN)
      await endChild(sup, 'c1', DETAILED)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    }))

  for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
    nearAndFar(`SUP-057 ${strategy}: a temporary bystander stays down`, async (placement) => {
      const sup = await Supervisor.start({
        strategy,
        maxRestarts: 1,
        children: [
          kid('c1', { placement }),
          kid('c2', { placement, restart: 'temporary', args: {} }),
        ],
      })
      await lives(2)
      send(await pidOf(sup, 'c1'), { end: BOOM })
      assert.deepEqual(await lives(3), ['gone c1 boom', 'gone c2 shutdown', 'born c1'])
      assert.deepEqual(await overview(sup), ['c1:running'])
    })
  }

  for (const restart of ['permanent', 'transient', 'temporary'] as const) {
    const again: Record<string, string> = {
      'permanent kill': 'ERR_ALREADY_STARTED',
      'permanent normal': 'ERR_ALREADY_STARTED',
      'permanent boom': 'ERR_ALREADY_STARTED',
      'permanent terminate': 'ERR_CHILD_PRESENT',
      'transient kill': 'ERR_ALREADY_STARTED',
      'transient normal': 'ERR_CHILD_PRESENT',
      'transient boom': 'ERR_ALREADY_STARTED',
      'transient terminate': 'ERR_CHILD_PRESENT',
    }
    for (const way of ['kill', 'normal', 'boom', 'terminate']) {
      for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const) {
        const expected = again[`${restart} ${way}`]
        it(`SUP-112 ${strategy}, ${restart}, ${way}: the id is ${expected ?? 'free'}`, () =>
          asActor(async () => {
            const sup = await Supervisor.start({
              strategy,
              children: [frailKid('c1', { restart })],
            })
            const pid = await pidOf(sup, 'c1')
            if (way === 'terminate') await Supervisor.terminateChild(sup, 'c1')
            else {
              const ref = monitor(pid)
              if (way === 'kill') exit(pid, KILL)
              else send(pid, { end: { type: way } })
              await downWith(ref)
            }
            const started = Supervisor.startChild(sup, frailKid('c1', { restart }))
            if (expected) await assert.rejects(started, { code: expected })
            else assert.ok(await started)
          }))
      }
    }
  }

  for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const) {
    it(`SUP-111 ${strategy}: what a temporary child was started with is not kept`, () =>
      asActor(async () => {
        const ballast = 'x'.repeat(10_000)
        const size = async (restart: RestartType): Promise<number> => {
          const ids = Array.from({ length: 100 }, (_, n) => `c${n}`)
          const children = ids.map((id) => frailKid(id, { restart, args: { ballast } }))
          const sup = await Supervisor.start({ strategy, children })
          const specs = ids.map((id) => Supervisor.getChildSpec(sup, id))
          return JSON.stringify(await Promise.all(specs)).length
        }
        assert.ok((await size('temporary')) < 100_000)
        assert.ok((await size('transient')) > 1_000_000)
        assert.ok((await size('permanent')) > 1_000_000)
      }))
  }
})

describe('SUP intensity', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('SUP-058 old restarts do not count', () =>
    asActor(async () => {
      const sup = await start([frailKid('c1')], 1, 0.02)
      for (let round = 0; round < 4; round++) {
        await endChild(sup, 'c1', BOOM)
        const from = performance.now()
        while (performance.now() - from < 40) await overview(sup)
      }
      assert.deepEqual(await overview(sup), ['c1:running'])
    }))

  for (const allowed of [1, 3]) {
    nearAndFar(
      `SUP-059 exactly ${allowed} restarts are tolerated, the next ends it`,
      async (placement) => {
        const sup = await start([frailKid('c1', { placement })], allowed)
        for (let round = 0; round < allowed; round++) {
          await endChild(sup, 'c1', BOOM)
          assert.deepEqual(await overview(sup), ['c1:running'])
        }
        await endChild(sup, 'c1', BOOM)
        assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
      },
    )
  }

  nearAndFar('SUP-060 with intensity 0 the first death ends it', async (placement) => {
    const sup = await start([frailKid('c1', { placement })], 0)
    await lives(1)
    send(await pidOf(sup, 'c1'), { end: BOOM })
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    assert.deepEqual(await lives(1), ['gone c1 boom'])
    await none((m) => Object(m).type === 'born')
  })

  nearAndFar(
    'SUP-061 the others go down in reverse order, and it is reported',
    async (placement) => {
      await reportsTo(self())
      const ids = ['a', 'b', 'c']
      const sup = await start(
        ids.map((id) => kid(id, { placement })),
        1,
      )
      await lives(3)
      await endChild(sup, 'b', BOOM)
      assert.deepEqual(await lives(2), ['gone b boom', 'born b'])
      await endChild(sup, 'b', BOOM)
      assert.deepEqual(await lives(3), ['gone b boom', 'gone c shutdown', 'gone a shutdown'])
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
      const report = await nextRuntimeReport(
        'supervisor-report',
        (one) => one.context === 'shutdown',
      )
      assert.equal(report.reason.type, 'reached_max_restart_intensity')
      assert.equal(report.offender.id, 'b')
    },
  )

  nearAndFar('SUP-062 restarts by hand never count', async (placement) => {
    const sup = await start([frailKid('c1', { placement })], 0)
    for (let round = 0; round < 5; round++) {
      await Supervisor.terminateChild(sup, 'c1')
      assert.ok(await Supervisor.restartChild(sup, 'c1'))
    }
    assert.deepEqual(await overview(sup), ['c1:running'])
  })

  everywhere(
    'SUP-125 a child that dies right after its start: restarts up to the limit',
    async (placement: Placement) => {
      const args = { after: { continue: BOOM } }
      const sup = await start([frailKid('flash', { placement, args })], 2)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
      for (let round = 0; round < 3; round++) await nextReport('born', 'flash')
      await none((m) => Object(m).type === 'born')
    },
    ['[same thread]', '[other thread]', '[own thread]'],
  )

  it('SUP-125 a thousand times: no deep stack', () =>
    asActor(async () => {
      const args = { after: { continue: BOOM } }
      const sup = await start([frailKid('flash', { args })], 1000)
      assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    }))

  nearAndFar('SUP-064 attempts that fail count and are made at once', async (placement) => {
    const view = gate()
    const sup = await start(
      [kid('c1', { placement, args: { gate: view } }), kid('c2', { placement })],
      4,
    )
    await lives(2)
    const c2 = await pidOf(sup, 'c2')
    setGate(view, START.throws)
    await endChild(sup, 'c1', BOOM)
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    assert.deepEqual(await downOf(c2), { type: 'noproc' })
  })
})
