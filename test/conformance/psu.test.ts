import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { after, before, describe, it } from 'node:test'
import {
  call,
  cast,
  child,
  DynamicSupervisor,
  dynamicSupervisor,
  exit,
  monitor,
  type PartitionOptions,
  PartitionSupervisor,
  type Pid,
  type Placement,
  partitionSupervisor,
  Registry,
  type Runtime,
  refOf,
  Supervisor,
  startRuntime,
  startServer,
  stop,
  sys,
  whereis,
} from '../../runtime/index.ts'
import { open } from '../fixtures/conformance/sys-subject.ts'
import { asActor, downWith, everywhere, until, WAIT } from './behaviour-support.ts'

const BOTH = ['[same thread]', '[root thread]']
const via = PartitionSupervisor.via

let names = 0
const fresh = (): string => `psu-${++names}`

/** Counters that start at 10, 11, 12 …, one a partition. */
function counters(name: PartitionOptions['name'], partitions: number): PartitionOptions {
  const withArguments = (args: unknown, partition: number): number => Number(args) + partition
  const spec = child(open, { args: 10, placement: 'here' })
  return { name, partitions, withArguments, child: spec }
}

const read = (name: PartitionOptions['name'], key: unknown): Promise<unknown> =>
  call(via(name, key), 'read', undefined, WAIT)

describe('PSU PartitionSupervisor', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('PSU-001 the id of the child spec is the name, or the key of a registry’s name', () => {
    const spec = partitionSupervisor(counters('psu-001', 2))
    assert.deepEqual([spec.id, spec.name, spec.type], ['psu-001', 'psu-001', 'supervisor'])
    const name = Registry.ref('some').via('key')
    const other = partitionSupervisor(counters(name, 2))
    assert.deepEqual([other.id, other.name, other.registryName], ['key', undefined, name])
  })

  everywhere(
    'PSU-002 as many partitions as the machine runs at once; a key always meets the same',
    async (placement) => {
      const name = fresh()
      await PartitionSupervisor.start({ name, child: dynamicSupervisor('any') }, { placement })
      assert.equal(await PartitionSupervisor.partitions(name), availableParallelism())
      const started = new Map<unknown, Pid | undefined>()
      for (let key = 0; key < 100; key++) {
        const spec = child(open, { args: key, name: false, placement: 'here' })
        started.set(key, await DynamicSupervisor.startChild(via(name, `key ${key}`), spec))
      }
      const found = new Set<Pid>()
      for (let partition = 0; partition < availableParallelism(); partition++) {
        const children = await DynamicSupervisor.whichChildren(via(name, partition))
        for (const { pid } of children) if (pid) found.add(pid)
      }
      assert.equal(found.size, 100)
      for (const [key, pid] of started) {
        const children = await DynamicSupervisor.whichChildren(via(name, `key ${String(key)}`))
        assert.ok(children.some((row) => row.pid === pid))
      }
    },
    BOTH,
  )

  everywhere(
    'PSU-003 a name that a registry keeps resolves partition 0',
    async (placement) => {
      const registry = await Registry.start({ name: fresh(), keys: 'unique' })
      const name = registry.via('partitions')
      await PartitionSupervisor.start(counters(name, 2), { placement })
      assert.equal(await read(name, 0), 10)
      assert.equal(await read(name, 1), 11)
    },
    BOTH,
  )

  everywhere(
    'PSU-004 whole numbers choose by their absolute value; each partition has its arguments',
    async (placement) => {
      const name = fresh()
      await PartitionSupervisor.start(counters(name, 3), { placement })
      const values: unknown[] = []
      for (const key of [0, 1, 2, 3, -1, 4n, -5n]) values.push(await read(name, key))
      assert.deepEqual(values, [10, 11, 12, 10, 11, 11, 12])
    },
    BOTH,
  )

  const bad: [string, object, RegExp][] = [
    ['no name', { name: undefined }, /name: expected a string/],
    ['no child', { child: undefined }, /Expected a child spec/],
    ['no partitions', { partitions: 0 }, /partitions: expected an integer from 1/],
    ['half a partition', { partitions: 1.5 }, /partitions: expected an integer/],
    ['words for partitions', { partitions: 'many' }, /partitions: expected a number/],
    [
      'arguments that are no function',
      { withArguments: [1] },
      /withArguments: expected a function/,
    ],
    ['autoShutdown', { autoShutdown: 'any_significant' }, /autoShutdown: expected 'never'/],
    [
      'an unknown option',
      { partition: 2 },
      /unknown option 'partition'. Did you mean 'partitions'/,
    ],
    ['a bad strategy', { strategy: 'all' }, /strategy: expected/],
  ]
  for (const [what, options, message] of bad) {
    it(`PSU-005 is refused with ${what}`, async () => {
      const all = { ...counters('psu-005', 2), ...options } as PartitionOptions
      assert.throws(() => partitionSupervisor(all), { message })
      await assert.rejects(PartitionSupervisor.start(all), { message })
    })
  }

  everywhere(
    'PSU-006 stop is done when it returns: names and partitions are gone',
    async (placement) => {
      const registry = await Registry.start({ name: fresh(), keys: 'unique' })
      for (const name of [fresh(), registry.via('stopped')]) {
        const pid = await PartitionSupervisor.start(counters(name, 2), { placement })
        const rows = await PartitionSupervisor.whichChildren(name)
        assert.equal((await PartitionSupervisor.countChildren(name)).active, 2)
        const ref = monitor(rows[0]?.pid ?? pid)
        await PartitionSupervisor.stop(name)
        await downWith(ref)
        if (typeof name === 'string') assert.equal(whereis(name), undefined)
        else assert.equal(await registry.whereis('stopped'), undefined)
        assert.equal(
          whereis(`${typeof name === 'string' ? name : `${name.registry as string} stopped`}/0`),
          undefined,
        )
      }
    },
    BOTH,
  )

  it('PSU-007 nobody of that name', () =>
    asActor(async () => {
      const registry = await Registry.start({ name: fresh(), keys: 'unique' })
      for (const name of ['psu-nobody', registry.via('nobody')]) {
        const gone = { code: 'ERR_NO_PROCESS' }
        await assert.rejects(PartitionSupervisor.partitions(name), gone)
        await assert.rejects(PartitionSupervisor.countChildren(name), gone)
        await assert.rejects(PartitionSupervisor.resize(name, 1), gone)
        await assert.rejects(read(name, 1), gone)
      }
    }))

  everywhere(
    'PSU-008 resizing ends and starts partitions, and keys are spread over those that live',
    async (placement) => {
      const name = fresh()
      await PartitionSupervisor.start(counters(name, 8), { placement })
      for (const partitions of [3, 0, 8, 1, 5, 2, 7, 4, 6]) {
        await PartitionSupervisor.resize(name, partitions)
        assert.equal(await PartitionSupervisor.partitions(name), partitions)
        const { active, specs } = await PartitionSupervisor.countChildren(name)
        assert.deepEqual([active, specs], [partitions, 8])
        for (let key = 0; partitions > 0 && key < 10; key++) {
          assert.equal(await read(name, key), 10 + (key % partitions))
        }
      }
    },
    BOTH,
  )

  everywhere(
    'PSU-009 no partition is an error; more than there were at the start too',
    async (placement) => {
      const name = fresh()
      await PartitionSupervisor.start(counters(name, 8), { placement })
      assert.equal(await PartitionSupervisor.resize(name, 0), 8)
      await assert.rejects(read(name, 1), { code: 'ERR_NO_PARTITIONS' })
      await assert.rejects(PartitionSupervisor.resize(name, 9), {
        name: 'RangeError',
        message: /at most 8/,
      })
      assert.equal(await PartitionSupervisor.resize(name, 8), 0)
      assert.equal(await read(name, 1), 11)
    },
    BOTH,
  )

  everywhere(
    'PSU-010 whichChildren has every partition with its number and pid',
    async (placement) => {
      const name = fresh()
      await PartitionSupervisor.start(counters(name, 3), { placement })
      const rows = await PartitionSupervisor.whichChildren(name)
      assert.deepEqual(
        rows.map(({ id }) => id),
        ['2', '1', '0'],
      )
      assert.equal(new Set(rows.map(({ pid }) => pid)).size, 3)
    },
    BOTH,
  )

  everywhere(
    'PSU-011 partitions are counted as what they are',
    async (placement) => {
      const [workers, supervisors] = [fresh(), fresh()]
      await PartitionSupervisor.start(counters(workers, 3), { placement })
      await PartitionSupervisor.start(
        { name: supervisors, partitions: 2, child: dynamicSupervisor('any') },
        { placement },
      )
      const count = (name: string): Promise<object> => PartitionSupervisor.countChildren(name)
      assert.deepEqual(await count(workers), { specs: 3, active: 3, supervisors: 0, workers: 3 })
      assert.deepEqual(await count(supervisors), {
        specs: 2,
        active: 2,
        supervisors: 2,
        workers: 0,
      })
    },
    BOTH,
  )

  everywhere(
    'PSU-004 a partition that was restarted is found under the same key',
    async (placement: Placement) => {
      const name = fresh()
      await PartitionSupervisor.start(counters(name, 2), { placement })
      cast(via(name, 1), 'bump')
      assert.equal(await read(name, 1), 12)
      const before = whereis(`${name}/1`)
      assert.ok(before)
      exit(before, { type: 'kill' })
      await until('it is there again', () => ![undefined, before].includes(whereis(`${name}/1`)))
      assert.equal(await read(name, 1), 11)
    },
    BOTH,
  )

  it('PSU-003 the name of a partition serves refOf, sys and stop, but nobody can take it', () =>
    asActor(async () => {
      const name = fresh()
      await PartitionSupervisor.start(counters(name, 2))
      const target = via(name, { any: 'key' })
      assert.equal(typeof (await refOf(open, target).call('read')), 'number')
      assert.ok(await sys.getState(target))
      assert.throws(() => startServer(open, 1, { name: target }), /got that of a partition/)
      assert.throws(() => child(open, { name: target }), /got that of a partition/)
      await stop(target)
    }))

  it('PSU-002 in a tree, with a thread of its own for each partition', () =>
    asActor(async () => {
      const name = fresh()
      const options = { name, partitions: 2, child: child(open, { args: 1 }) }
      const supervisor = await Supervisor.start({ children: [partitionSupervisor(options)] })
      const threads = new Set<string | undefined>()
      for (const key of [0, 1]) threads.add(whereis(`${name}/${key}`)?.split('.')[0])
      assert.equal(threads.size, 2)
      assert.equal((await Supervisor.whichChild(supervisor, name)).type, 'supervisor')
    }))
})
