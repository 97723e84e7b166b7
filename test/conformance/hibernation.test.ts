import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ProcessDown,
  type ServerRef,
  type StartOptions,
  send,
  startServer,
} from '../../runtime/index.ts'
import { sleeper } from '../fixtures/runtime/sleeper.ts'
import { asActor, useRuntime, WAIT } from './placements.ts'

type Sleeper = ServerRef<
  Required<Required<typeof sleeper>['types']>['calls'],
  Required<Required<typeof sleeper>['types']>['casts']
>

async function start(options: StartOptions = {}, hibernates = false): Promise<Sleeper> {
  const ref = await startServer(sleeper, hibernates, { placement: 'thread', ...options })
  assert.ok(ref)
  return ref
}

/** Once so little is left, or fails. */
async function shrinksTo(ref: Sleeper, megabytes: number, pauseMs = 20): Promise<void> {
  const until = Date.now() + WAIT.timeoutMs
  let now = Number.POSITIVE_INFINITY
  while (now > megabytes) {
    assert.ok(Date.now() < until, `${now.toFixed(1)} MB are left`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    now = await ref.call('memory', undefined, WAIT)
  }
}

describe('hibernation of a server in its own thread', () => {
  useRuntime()

  it('PRO-039 GEN-057 gives memory back, keeps the state, and wakes at a message', () =>
    asActor(async () => {
      const ref = await start()
      const worked = await ref.call('work', undefined, WAIT)
      assert.ok(worked > 15, `${worked} MB`)
      await ref.call('rest', undefined, WAIT)
      await shrinksTo(ref, worked / 2)
      assert.equal(await ref.call('state', undefined, WAIT), 1)
    }))

  for (const [what, rest] of [
    ['a cast', (ref: Sleeper) => ref.cast('rest')],
    ['a message', (ref: Sleeper) => send(ref.pid(), 'rest')],
  ] as const) {
    it(`GEN-057 after ${what} too`, () =>
      asActor(async () => {
        const ref = await start()
        const worked = await ref.call('work', undefined, WAIT)
        rest(ref)
        await shrinksTo(ref, worked / 2)
      }))
  }

  it('GEN-057 from init', () =>
    asActor(async () => {
      const ref = await start({}, true)
      await shrinksTo(ref, 10)
    }))

  it('PRO-040 goes on at once with what is in the mailbox', () =>
    asActor(async () => {
      const ref = await start()
      const rested = ref.call('rest', undefined, WAIT)
      const states = Array.from({ length: 50 }, () => ref.call('state', undefined, WAIT))
      await rested
      assert.deepEqual(new Set(await Promise.all(states)), new Set([0]))
    }))

  it('PRO-039 again and again makes it no bigger', () =>
    asActor(async () => {
      const ref = await start()
      for (let round = 0; round < 5; round++) {
        const worked = await ref.call('work', undefined, WAIT)
        ref.cast('rest')
        await shrinksTo(ref, worked / 2)
      }
      assert.equal(await ref.call('state', undefined, WAIT), 5)
    }))

  it('PRO-042 and a crash after it is a crash like any other', () =>
    asActor(async () => {
      const ref = await start({ link: false })
      await ref.call('rest', undefined, WAIT)
      await assert.rejects(ref.call('crash', undefined, WAIT), (error: unknown) => {
        assert.ok(error instanceof ProcessDown)
        assert.match(error.message, /after its sleep/)
        return true
      })
    }))

  it('GEN-058 comes by itself after a time of rest', () =>
    asActor(async () => {
      const ref = await start({ hibernateAfterMs: 100 })
      const worked = await ref.call('work', undefined, WAIT)
      await shrinksTo(ref, worked / 2, 500)
      assert.equal(await ref.call('state', undefined, WAIT), 1)
    }))

  it('in a shared thread holds nobody up', () =>
    asActor(async () => {
      const ref = await start({ placement: { thread: 'shared-sleep' } })
      const worked = await ref.call('work', undefined, WAIT)
      await ref.call('rest', undefined, WAIT)
      assert.ok((await ref.call('memory', undefined, WAIT)) > worked / 2)
    }))

  it('refuses a time that is too short, or for no thread', async () => {
    await assert.rejects(async () => start({ hibernateAfterMs: 1 }), { message: /from 50/ })
    await assert.rejects(async () => start({ hibernateAfterMs: 100, placement: 'here' }), {
      message: /placement 'here' makes none/,
    })
  })
})
