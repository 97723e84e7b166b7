import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  call,
  cast,
  exit,
  type GroupsRef,
  isGroupMessage,
  monitor,
  type Pid,
  type Placement,
  ProcessGroups,
  processGroups,
  type Runtime,
  receive,
  Supervisor,
  self,
  send,
  spawn,
  startRuntime,
  unlink,
  whereis,
} from '../../runtime/index.ts'
import { deaf } from '../fixtures/runtime/slowpoke.ts'
import { downOf, downWith, everywhere, none, until, WAIT } from './behaviour-support.ts'

const BOTH = ['[same thread]', '[other thread]', '[root thread]']
const NOT_JOINED = { code: 'ERR_NOT_JOINED' }

let scopes = 0
const start = (placement: Placement): Promise<GroupsRef> =>
  ProcessGroups.start({ name: `pg-${++scopes}` }, { placement })

/** An actor that does nothing, in its own thread or here. */
const member = (placement: Placement = 'here'): Pid => spawn(deaf, undefined, { placement })

async function nextChange(): Promise<[string, unknown, readonly Pid[]]> {
  const message = await receive(isGroupMessage, WAIT)
  assert.ok(message, 'a change came')
  return [message.event, message.group, message.pids]
}

describe('PG process groups', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  everywhere(
    'PG-001 who joins is a member, who leaves is not, an empty group is gone',
    async (placement) => {
      const groups = await start(placement)
      const group = { any: ['plain', 'data'] }
      await groups.join(group)
      assert.deepEqual(await groups.members({ any: ['plain', 'data'] }), [self()])
      assert.deepEqual(await groups.localMembers(group), [self()])
      assert.deepEqual(await groups.groups(), [group])
      await groups.leave(group)
      assert.deepEqual(await groups.members(group), [])
      assert.deepEqual(await groups.groups(), [])
    },
    BOTH,
  )

  everywhere(
    'PG-002 an actor can be a member several times over; its death takes all of them',
    async (placement) => {
      const groups = await start(placement)
      const one = member('thread')
      await groups.join('a', [one, one, self()])
      await groups.join('a', one)
      await groups.leave('a', [one, one])
      assert.deepEqual(await groups.members('a'), [one, self()])
      await groups.leave('a', one)
      await assert.rejects(groups.leave('a', one), NOT_JOINED)
      await assert.rejects(groups.leave('nowhere'), NOT_JOINED)
      await groups.join('a', [one, one])
      await groups.join('b', one)
      exit(one, { type: 'kill' })
      await downOf(one)
      assert.deepEqual(await groups.members('a'), [self()])
      assert.deepEqual(await groups.groups(), ['a'])
    },
    BOTH,
  )

  everywhere(
    'PG-003 leaving and dying at the same time harm nobody',
    async (placement) => {
      const groups = await start(placement)
      for (let round = 0; round < 100; round++) {
        const one = member()
        await groups.join('race', one)
        const left = groups.leave('race', one).catch((error: unknown) => error)
        exit(one, { type: 'kill' })
        await left
      }
      assert.deepEqual(await groups.members('race'), [])
      assert.deepEqual(await groups.groups(), [])
    },
    BOTH,
  )

  everywhere(
    'PG-004 what a scope does not understand ends it, and its supervisor starts it empty',
    async (placement) => {
      const name = `pg-${++scopes}`
      const children = [processGroups({ name, placement })]
      await Supervisor.start({ children, maxRestarts: 10 })
      const groups = ProcessGroups.ref(name)
      const attacks = [
        (pid: Pid) => call(pid, 'unknown').catch(() => {}),
        (pid: Pid) => cast(pid, 'unknown'),
        (pid: Pid) => send(pid, 'unknown'),
      ]
      for (const attack of attacks) {
        await groups.join('a')
        const pid = whereis(name)
        assert.ok(pid)
        const ref = monitor(pid)
        attack(pid)
        assert.ok(['undef', 'badarg'].includes((await downWith(ref)).type))
        await until('it runs again', () => ![undefined, pid].includes(whereis(name)))
        await until('it answers', () =>
          groups.groups().then(
            (list) => list.length === 0,
            () => false,
          ),
        )
      }
    },
    ['[same thread]', '[root thread]'],
  )

  everywhere(
    'PG-005 a monitor gives the members, then every change in order, until it is ended',
    async (placement) => {
      const groups = await start(placement)
      const [one, two] = [member(), member('thread')]
      await groups.join('a', one)
      const { ref, members } = await groups.monitor('a')
      assert.deepEqual(members, [one])
      await groups.join('b', two)
      await groups.join('a', [two, two])
      await groups.leave('a', one)
      exit(two, { type: 'kill' })
      assert.deepEqual(await nextChange(), ['join', 'a', [two, two]])
      assert.deepEqual(await nextChange(), ['leave', 'a', [one]])
      assert.deepEqual(await nextChange(), ['leave', 'a', [two, two]])
      assert.equal(await groups.demonitor(ref), true)
      assert.equal(await groups.demonitor(ref), false)
      await groups.join('a', one)
      await groups.groups()
      await none(isGroupMessage)
    },
    BOTH,
  )

  everywhere(
    'PG-005 a monitor of the scope sees all groups; several monitors each get their own',
    async (placement) => {
      const groups = await start(placement)
      await groups.join('a')
      const scope = await groups.monitorScope()
      assert.deepEqual(scope.groups, [{ group: 'a', members: [self()] }])
      const other = await groups.monitorScope()
      await groups.join('b')
      const refs = new Set<unknown>()
      for (let count = 0; count < 2; count++) {
        const message = await receive(isGroupMessage, WAIT)
        assert.deepEqual([message?.event, message?.group, message?.pids], ['join', 'b', [self()]])
        refs.add(message?.ref)
      }
      assert.deepEqual(refs, new Set([scope.ref, other.ref]))
    },
    BOTH,
  )

  everywhere('PG-005 a monitor ends with its owner', async (placement) => {
    const groups = await start(placement)
    const pid = whereis(groups.name)
    assert.ok(pid)
    const owner = spawn(async () => {
      await groups.monitor('a')
    })
    await downOf(owner)
    await groups.join('a')
    assert.deepEqual(await groups.members('a'), [self()])
    unlink(pid)
  })

  everywhere('PG-001 a broadcast reaches every member in every thread', async (placement) => {
    const groups = await start(placement)
    await groups.join('a', [self(), self(), member('thread')])
    assert.equal(await groups.broadcast('a', 'hello'), 3)
    assert.deepEqual(
      [await receive(undefined, WAIT), await receive(undefined, WAIT)],
      ['hello', 'hello'],
    )
    assert.equal(await groups.broadcast('nobody', 'hello'), 0)
  })

  it('PG-004 arguments are checked in the caller', async () => {
    const groups = ProcessGroups.ref('pg-nobody')
    const message = /expected a pid or a list of pids/
    await assert.rejects(groups.join('a', []), { message })
    await assert.rejects(groups.join('a', 'me' as Pid), { message })
    await assert.rejects(groups.demonitor('x' as never), /expected what monitor/)
    await assert.rejects(groups.members('a'), { code: 'ERR_NO_PROCESS' })
    assert.throws(() => processGroups({ name: '' }), /name: expected a string/)
  })
})
