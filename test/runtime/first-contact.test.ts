import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  exit,
  isDownMessage,
  monitor,
  type Pid,
  type Runtime,
  startRuntime,
} from '../../runtime/index.ts'
import { asActor, Gate, nextDown, type Puppet, startPuppet } from '../conformance/placements.ts'

const FRESH_RUNTIMES = 25

/** Three threads: the spawner's has not met the target's yet, the third one has. */
interface Scene {
  readonly spawner: Puppet
  readonly third: Puppet
  readonly target: string
  /** Lives in the target's thread already. */
  readonly elder: Pid
}

let scenes = 0

async function scene(placement?: 'thread'): Promise<Scene> {
  const prefix = `contact-${++scenes}`
  const spawner = startPuppet(placement ?? { thread: `${prefix}-spawner` }, { monitor: true })
  const third = startPuppet({ thread: `${prefix}-third` })
  const target = `${prefix}-target`
  await spawner.ask('ping')
  const elder = await third.ask('spawnIn', target)
  assert.equal(await third.ask('messageCount', elder), 0)
  return { spawner, third, target, elder }
}

/** Runs `act` while the root does nothing, so that no port between two threads gets through. */
async function withRootHeld(act: () => Promise<void>): Promise<void> {
  const holder = startPuppet('root')
  await holder.ask('ping')
  const gate = new Gate()
  holder.tell('hold', gate.buffer)
  await gate.reached()
  try {
    await act()
  } finally {
    gate.open()
  }
  await holder.ask('ping')
  exit(holder.pid, { type: 'kill' })
}

describe('a newborn at the first contact of two threads', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  it('PRO-035 MON-001 is neither missed nor dead to a third thread that is faster', () =>
    asActor(async () => {
      const { spawner, third, target, elder } = await scene()
      let infant: Pid | undefined
      await withRootHeld(async () => {
        infant = await spawner.ask('spawnIn', target)
        await third.ask('monitor', infant)
        await third.ask('send', infant, 'hello')
        // Answered by the target's thread after it has read the two.
        await third.ask('messageCount', elder)
        assert.deepEqual(await third.ask('drain'), [], 'no DOWN has come')
      })
      assert.ok(infant)
      assert.equal(await third.ask('messageCount', infant), 1)
      exit(infant, { type: 'kill' })
      const down = await third.ask('next')
      assert.ok(isDownMessage(down) && down.pid === infant)
      assert.deepEqual(down.reason, { type: 'killed' })
    }))

  it('SIG-003 gets what was sent before its birth in the order sent', () =>
    asActor(async () => {
      const { spawner, third, target } = await scene()
      let infant: Pid | undefined
      await withRootHeld(async () => {
        infant = await spawner.ask('spawnIn', target)
        await third.ask('send', infant, 1, 2, 3)
        await spawner.ask('send', infant, 'own')
      })
      assert.ok(infant)
      await third.ask('send', infant, 4)
      const order = { type: '$order', id: 0, boss: third.pid, act: 'drain', args: [], fatal: false }
      await third.ask('send', infant, order)
      const answer = (await third.ask('next')) as { readonly value: readonly unknown[] }
      assert.deepEqual(
        answer.value.filter((message) => message !== 'own'),
        [1, 2, 3, 4],
      )
      assert.ok(answer.value.includes('own'))
    }))

  it('is born though its parent is killed meanwhile', () =>
    asActor(async () => {
      const { spawner, third, target } = await scene('thread')
      let infant: Pid | undefined
      await withRootHeld(async () => {
        infant = await spawner.ask('spawnIn', target)
        await third.ask('monitor', infant)
        spawner.tell('spin')
        exit(spawner.pid, { type: 'kill' })
      })
      assert.deepEqual(await nextDown(spawner.ref), { type: 'killed' })
      assert.ok(infant)
      assert.equal(await third.ask('messageCount', infant), 0)
      assert.deepEqual(await third.ask('drain'), [], 'no DOWN has come')
    }))

  it('is lost with its thread, which whoever waits for it hears', () =>
    asActor(async () => {
      const { spawner, third, target, elder } = await scene()
      let infant: Pid | undefined
      await withRootHeld(async () => {
        infant = await spawner.ask('spawnIn', target)
        await third.ask('monitor', infant)
        await third.ask('messageCount', elder)
        const order = {
          type: '$order',
          id: 0,
          boss: third.pid,
          act: 'leave',
          args: [7],
          fatal: true,
        }
        await third.ask('send', elder, order)
      })
      const down = await third.ask('next')
      assert.ok(isDownMessage(down) && down.pid === infant)
      assert.equal(down.reason.type, 'noconnection')
      assert.ok(infant)
      assert.match((await nextDown(monitor(infant))).type, /^noconnection$|^noproc$/)
    }))

  it('that was never to be is dead at once, though the root is busy', () =>
    asActor(async () => {
      const { third, target, elder } = await scene()
      assert.ok(target)
      const nobody = elder.replace(/\d+>$/, '987654321>')
      await withRootHeld(async () => {
        await third.ask('monitor', nobody)
        const down = await third.ask('next')
        assert.ok(isDownMessage(down))
        assert.deepEqual(down.reason, { type: 'noproc' })
      })
    }))
})

describe('a newborn in a fresh runtime', () => {
  it(`PRO-035 MON-001 is alive to a third thread, in each of ${FRESH_RUNTIMES}`, async () => {
    for (let round = 0; round < FRESH_RUNTIMES; round++) {
      const runtime = await startRuntime({ children: [] })
      try {
        await asActor(async () => {
          const { spawner, third, target } = await scene()
          const infant = await spawner.ask('spawnIn', target)
          await third.ask('monitor', infant)
          assert.equal(await third.ask('messageCount', infant), 0)
          assert.deepEqual(await third.ask('drain'), [], 'no DOWN has come')
        })
      } finally {
        await runtime.stop()
      }
    }
  })
})
