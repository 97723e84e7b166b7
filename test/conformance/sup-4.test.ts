import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type AutoShutdown,
  type ChildOptions,
  type ChildSpec,
  DynamicSupervisor,
  type DynamicSupervisorRef,
  type ExitReason,
  exit,
  monitor,
  type Pid,
  type Placement,
  type Runtime,
  Supervisor,
  type SupervisorRef,
  self,
  send,
  startRuntime,
  supervisor,
} from '../../runtime/index.ts'
import { type PuppetArgs, START } from '../fixtures/conformance/puppet.ts'
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
  kid,
  NORMAL,
  nearAndFar,
  none,
  overview,
  pidOf,
  SHUTDOWN,
  setGate,
  until,
} from './behaviour-support.ts'

async function startChild(
  sup: DynamicSupervisorRef,
  id: string,
  options: ChildOptions<PuppetArgs> = {},
): Promise<Pid> {
  const pid = await DynamicSupervisor.startChild(sup, frailKid(id, options))
  assert.ok(pid)
  return pid
}

async function statuses(sup: DynamicSupervisorRef): Promise<string[]> {
  return (await DynamicSupervisor.whichChildren(sup)).map(({ status }) => status)
}

async function endBy(pid: Pid, way: string): Promise<void> {
  const ref = monitor(pid)
  if (way === 'kill') exit(pid, KILL)
  else send(pid, { end: { type: way } })
  await downWith(ref)
}

describe('SUP dynamic', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  nearAndFar('SUP-072 a child is replaced, with its arguments', async (placement) => {
    const sup = await DynamicSupervisor.start({ maxRestarts: 2, maxSeconds: 3600 })
    const first = await startChild(sup, 'a', { placement })
    const other = await startChild(sup, 'b', { placement })
    await none((m) => Object(m).type === 'gone')
    await end(first, BOOM)
    assert.equal(await counts(sup), '2,2,0,2')
    const rows = await DynamicSupervisor.whichChildren(sup)
    const [second] = rows.map(({ pid }) => pid).filter((pid) => pid !== other)
    assert.ok(second && second !== first)
    await end(second, BOOM)
    const [third] = (await DynamicSupervisor.whichChildren(sup)).flatMap(({ pid }) =>
      pid && pid !== other ? [pid] : [],
    )
    assert.ok(third)
    await end(third, BOOM)
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar('SUP-073 children end at the same time', async (placement) => {
    const sup = await DynamicSupervisor.start()
    const options = { placement, shutdown: 400 }
    const refs: (readonly [unknown, string])[] = []
    for (const [args, expected] of [
      [{ terminateMs: 100 }, 'shutdown'],
      [{ terminateMs: 100 }, 'shutdown'],
      [{ stubborn: true }, 'killed'],
    ] as const) {
      const pid = await DynamicSupervisor.startChild(sup, kid('c', { ...options, args }))
      assert.ok(pid)
      refs.push([monitor(pid), expected])
    }
    const from = performance.now()
    exit(sup.pid(), SHUTDOWN)
    for (const [ref, expected] of refs) assert.equal((await downWith(ref)).type, expected)
    assert.ok(performance.now() - from > 300, 'the stubborn one had its time')
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  })

  nearAndFar('SUP-075 attempts that fail count', async (placement) => {
    const view = gate()
    const sup = await DynamicSupervisor.start({ maxRestarts: 4, maxSeconds: 3600 })
    const pid = await startChild(sup, 'a', { placement, args: { gate: view } })
    const sibling = monitor(await startChild(sup, 'b', { placement }))
    setGate(view, START.throws)
    await end(pid, BOOM)
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
    assert.deepEqual(await downWith(sibling), SHUTDOWN)
    assert.equal(view[1], 1_000_000 - 4, 'four attempts failed, the fifth was not allowed')
  })

  it('SUP-076 what a temporary child was started with is not kept', () =>
    asActor(async () => {
      const { setFlagsFromString } = await import('node:v8')
      setFlagsFromString('--expose-gc')
      const { runInNewContext } = await import('node:vm')
      const collect: () => void = runInNewContext('gc')
      const sup = await DynamicSupervisor.start()
      const start = async (restart: 'temporary' | 'permanent'): Promise<WeakRef<object>> => {
        const weight = { ballast: 'x'.repeat(50_000) }
        const spec = frailKid('a', { restart })
        await DynamicSupervisor.startChild(sup, { ...spec, args: weight })
        return new WeakRef(weight)
      }
      const dropped = await start('temporary')
      const kept = await start('permanent')
      await until('it was collected', () => {
        collect()
        return dropped.deref() === undefined
      })
      assert.ok(kept.deref(), 'a permanent one is needed again')
    }))

  for (const restart of ['permanent', 'transient'] as const) {
    nearAndFar(
      `SUP-077 a ${restart} child whose restart is ignored is dropped`,
      async (placement) => {
        const view = gate()
        const sup = await DynamicSupervisor.start()
        const pid = await startChild(sup, 'a', { placement, restart, args: { gate: view } })
        setGate(view, START.ignores)
        await end(pid, BOOM)
        assert.equal(await counts(sup), '0,0,0,0')
        setGate(view, START.ok)
        await startChild(sup, 'b', { placement })
        assert.equal(await counts(sup), '1,1,0,1')
      },
    )
  }

  for (const [id, type, expected] of [
    ['SUP-108', 'worker', '1000,1000,0,1000'],
    ['SUP-109', 'supervisor', '1000,1000,1000,0'],
  ] as const) {
    it(`${id} counts a thousand ${type}s, and none when they are gone`, () =>
      asActor(async () => {
        const sup = await DynamicSupervisor.start()
        const pids: Pid[] = []
        for (let n = 0; n < 1000; n++) {
          pids.push(await startChild(sup, `c${n}`, { restart: 'temporary', type, args: {} }))
        }
        assert.equal(await counts(sup), expected)
        const rows = await DynamicSupervisor.whichChildren(sup)
        assert.deepEqual(await DynamicSupervisor.whichChildren(sup), rows)
        for (const pid of pids) exit(pid, KILL)
        assert.equal(await counts(sup), '0,0,0,0')
      }))
  }

  nearAndFar('SUP-110 those being restarted are counted, but not as active', async (placement) => {
    const view = gate()
    const sup = await DynamicSupervisor.start({ maxRestarts: 1_000_000 })
    const args = { gate: view }
    const first = await startChild(sup, 'a', { placement, args })
    const second = await startChild(sup, 'b', { placement, args })
    const third = await startChild(sup, 'c', { placement })
    setGate(view, START.throws)
    await end(first, BOOM)
    await end(second, BOOM)
    assert.equal(await counts(sup), '3,1,0,3')
    setGate(view, START.ok)
    await until('all run', async () => (await counts(sup)) === '3,3,0,3')
    await DynamicSupervisor.terminateChild(sup, third)
    assert.equal(await counts(sup), '2,2,0,2')
  })

  it('SUP-113 ending ten thousand one by one takes about ten times as long as a thousand', () =>
    asActor(async () => {
      const measure = async (many: number): Promise<number> => {
        const sup = await DynamicSupervisor.start()
        const spec: ChildSpec = { ...frailKid('c', { restart: 'temporary' }), args: {} }
        const pids: Pid[] = []
        for (let n = 0; n < many; n++) {
          const pid = await DynamicSupervisor.startChild(sup, spec)
          if (pid) pids.push(pid)
        }
        // CPU time: what else the machine does is not in it.
        const from = process.cpuUsage()
        for (const pid of pids) await DynamicSupervisor.terminateChild(sup, pid)
        const { user, system } = process.cpuUsage(from)
        const took = (user + system) / 1000
        assert.equal(await counts(sup), '0,0,0,0')
        return took
      }
      await measure(200)
      const small = await measure(1000)
      const big = await measure(10_000)
      assert.ok(big < 50 * small, `${big} ms for 10000, ${small} ms for 1000`)
    }))

  nearAndFar('SUP-119 a child being restarted is reached by its old pid', async (placement) => {
    const view = gate()
    const sup = await DynamicSupervisor.start({ maxRestarts: 1_000_000 })
    const pid = await startChild(sup, 'a', { placement, args: { gate: view, initMs: 1 } })
    setGate(view, START.throws)
    await end(pid, BOOM)
    assert.deepEqual(await statuses(sup), ['restarting'])
    assert.equal(await DynamicSupervisor.terminateChild(sup, pid), true)
    setGate(view, START.ok)
    assert.deepEqual(await statuses(sup), [])
  })
})

describe('SUP significant children', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  const ways = ['kill', 'boom', 'normal']

  function start(
    autoShutdown: AutoShutdown,
    children: readonly ChildSpec[],
  ): Promise<SupervisorRef> {
    return Supervisor.start({ autoShutdown, maxRestarts: 10, children })
  }

  function significant(
    id: string,
    restart: 'transient' | 'temporary',
    placement: Placement,
  ): ChildSpec {
    return frailKid(id, { placement, restart, significant: true })
  }

  async function ends(sup: SupervisorRef): Promise<void> {
    assert.deepEqual(await exitOf(sup.pid()), SHUTDOWN)
  }

  for (const [id, restart] of [
    ['SUP-085', 'temporary'],
    ['SUP-086', 'transient'],
  ] as const) {
    for (const autoShutdown of ['never', 'any_significant', 'all_significant'] as const) {
      nearAndFar(
        `${id} ${autoShutdown}: an insignificant ${restart} child never ends it`,
        async (placement) => {
          for (const way of [...ways, 'by hand']) {
            const sup = await start(autoShutdown, [frailKid('c1', { placement, restart })])
            const pid = await pidOf(sup, 'c1')
            if (way === 'by hand') await Supervisor.terminateChild(sup, 'c1')
            else await endBy(pid, way)
            const back = restart === 'transient' && (way === 'kill' || way === 'boom')
            const kept = restart === 'transient' ? ['c1:stopped'] : []
            assert.deepEqual(await overview(sup), back ? ['c1:running'] : kept)
          }
        },
      )
    }
  }

  nearAndFar(
    'SUP-087 terminating a significant child by hand does not end it',
    async (placement) => {
      const sup = await start('any_significant', [
        significant('s1', 'temporary', placement),
        significant('s2', 'temporary', placement),
        frailKid('c', { placement }),
      ])
      await Supervisor.terminateChild(sup, 's1')
      assert.deepEqual(await overview(sup), ['c:running', 's2:running'])
    },
  )

  for (const way of ways) {
    nearAndFar(
      `SUP-088 any_significant: a temporary one that ends (${way}) ends it`,
      async (placement) => {
        const sup = await start('any_significant', [
          frailKid('c', { placement }),
          significant('s1', 'temporary', placement),
          significant('s2', 'temporary', placement),
        ])
        const other = monitor(await pidOf(sup, 'c'))
        await endBy(await pidOf(sup, 's1'), way)
        await ends(sup)
        assert.deepEqual(await downWith(other), SHUTDOWN)
      },
    )

    nearAndFar(`SUP-089 all_significant: only the last one (${way}) does`, async (placement) => {
      const sup = await start('all_significant', [
        significant('s1', 'temporary', placement),
        significant('s2', 'temporary', placement),
        frailKid('c', { placement }),
      ])
      await endBy(await pidOf(sup, 's1'), way)
      assert.deepEqual(await overview(sup), ['c:running', 's2:running'])
      await endBy(await pidOf(sup, 's2'), way)
      await ends(sup)
    })
  }

  for (const way of ['kill', 'boom']) {
    nearAndFar(
      `SUP-090 any_significant: a transient one (${way}) is restarted`,
      async (placement) => {
        const sup = await start('any_significant', [significant('s1', 'transient', placement)])
        await endBy(await pidOf(sup, 's1'), way)
        assert.deepEqual(await overview(sup), ['s1:running'])
      },
    )
  }

  for (const reason of [NORMAL, SHUTDOWN, DETAILED] as readonly ExitReason[]) {
    const why = JSON.stringify(reason)
    nearAndFar(
      `SUP-091 any_significant: a transient one that ends ${why} ends it`,
      async (placement) => {
        const sup = await start('any_significant', [significant('s1', 'transient', placement)])
        await end(await pidOf(sup, 's1'), reason)
        await ends(sup)
      },
    )
  }

  nearAndFar('SUP-092 all_significant: transient ones, the last ends it', async (placement) => {
    const sup = await start('all_significant', [
      significant('s1', 'transient', placement),
      significant('s2', 'transient', placement),
    ])
    await end(await pidOf(sup, 's1'), NORMAL)
    assert.deepEqual(await overview(sup), ['s2:running', 's1:stopped'])
    await end(await pidOf(sup, 's2'), NORMAL)
    await ends(sup)
  })

  it('SUP-093 a dynamic supervisor has no autoShutdown', async () => {
    for (const autoShutdown of ['any_significant', 'all_significant']) {
      const options = { autoShutdown }
      await assert.rejects(
        DynamicSupervisor.start(Object(options)),
        /unknown option 'autoShutdown'/,
      )
    }
    await asActor(async () => {
      const sup = await DynamicSupervisor.start({})
      assert.equal(await counts(sup), '0,0,0,0')
    })
  })

  for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
    for (const restart of ['transient', 'temporary'] as const) {
      nearAndFar(
        `SUP-094 ${strategy}: ${restart} ones that go down with another do not end it`,
        async (placement) => {
          for (const autoShutdown of ['any_significant', 'all_significant'] as const) {
            const sup = await Supervisor.start({
              strategy,
              autoShutdown,
              children: [frailKid('c', { placement }), significant('s1', restart, placement)],
            })
            exit(await pidOf(sup, 'c'), KILL)
            const expected = restart === 'transient' ? ['s1:running', 'c:running'] : ['c:running']
            await until('it is dealt with', async () => {
              return JSON.stringify(await overview(sup)) === JSON.stringify(expected)
            })
            assert.ok(await pidOf(sup, 'c'))
          }
        },
      )
    }
  }

  for (const matters of [true, false]) {
    const what = matters ? 'the outer one follows' : 'an outer one to which it means nothing stays'
    it(`SUP-095 an inner one ends by itself: ${what}`, () =>
      asActor(async () => {
        const worker = significant('worker', 'transient', 'here')
        const inner = supervisor('in-95', { autoShutdown: 'any_significant', children: [worker] })
        const sup = await start('any_significant', [
          { ...inner, restart: 'transient', significant: matters },
        ])
        const ref = monitor(await pidOf(sup, 'in-95'))
        await end(await pidOf(Supervisor.ref('in-95'), 'worker'), NORMAL)
        assert.deepEqual(await downWith(ref), SHUTDOWN)
        if (matters) await ends(sup)
        else assert.deepEqual(await overview(sup), ['in-95:stopped'])
        assert.notEqual(self(), sup.pid())
      }))
  }
})
