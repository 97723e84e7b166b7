import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  call,
  demonitor,
  isDownMessage,
  isRef,
  monitor,
  type Pid,
  receive,
  refOf,
  self,
  send,
  sendAfter,
  spawn,
  spawnMonitor,
  startServer,
} from '../../runtime/index.ts'
import { counter } from '../fixtures/runtime/counter.ts'
import { asActor, inEachPlace, useRuntime, WAIT } from './placements.ts'

const JUNK = 500_000
const LOOK = { timeoutMs: 0 }

function fill(...messages: unknown[]): void {
  for (const message of messages) send(self(), message)
}

function is(wanted: unknown): (message: unknown) => boolean {
  return (message) => message === wanted
}

async function rest(): Promise<unknown[]> {
  const all: unknown[] = []
  for (let m = await receive(undefined, LOOK); m !== undefined; m = await receive(undefined, LOOK))
    all.push(m)
  return all
}

/** Milliseconds for a tenth of this many calls: the best of ten, whatever else the machine does. */
async function timeOfCalls(target: Pid, count: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let batch = 0; batch < 10; batch++) {
    const begun = performance.now()
    for (let n = 0; n < count / 10; n++) assert.equal(await call(target, 'add', 0), 7)
    best = Math.min(best, performance.now() - begun)
  }
  return best
}

describe('RCV mailbox and selective receive', () => {
  useRuntime()

  it('RCV-001 takes what matches, the others keep their order', () =>
    asActor(async () => {
      fill('a', 'b', 'c', 'd')
      assert.equal(await receive(is('c')), 'c')
      assert.deepEqual(await rest(), ['a', 'b', 'd'])
    }))

  it('RCV-002 a timeout of 0 looks at the whole queue first', () =>
    asActor(async () => {
      fill('a', 'b', 'c')
      assert.equal(await receive(is('c'), LOOK), 'c')
    }))

  it('RCV-003 a timeout of 0 with no match ends at once and takes nothing', () =>
    asActor(async () => {
      fill('a', 'b')
      assert.equal(await receive(is('c'), LOOK), undefined)
      assert.deepEqual(await rest(), ['a', 'b'])
    }))

  for (const timeoutMs of [-1, Number.NaN, 'soon' as never]) {
    it(`RCV-004 a timeout of ${timeoutMs} is refused and leaves the queue as it was`, () =>
      asActor(async () => {
        fill('init')
        await assert.rejects(
          receive(is('init'), { timeoutMs }),
          (error) => error instanceof TypeError || error instanceof RangeError,
        )
        assert.equal(await receive(is('init'), LOOK), 'init')
      }))
  }

  it('RCV-005 after a refused receive both old and new messages are found', () =>
    asActor(async () => {
      fill('init')
      await assert.rejects(receive(is('init'), { timeoutMs: -1 }), RangeError)
      const ref = sendAfter(self(), 'never', 60_000)
      fill(ref)
      assert.equal(await receive(is('init'), WAIT), 'init')
      assert.equal(await receive(isRef, WAIT), ref)
    }))

  for (const [id, place] of [
    ['RCV-006', 'same thread'],
    ['RCV-007', 'two threads'],
  ] as const) {
    it(`${id} a huge mailbox does not slow down calls [${place}]`, { timeout: 60_000 }, () =>
      asActor(async () => {
        const placement = place === 'same thread' ? 'here' : ({ thread: 'away' } as const)
        const server = await startServer(counter, 7, { placement })
        assert.ok(server)
        const pid = server.pid()
        const count = place === 'same thread' ? 10_000 : 2_000
        await timeOfCalls(pid, count)
        const empty = await timeOfCalls(pid, count)
        for (let n = 0; n < JUNK; n++) send(self(), n)
        const full = await timeOfCalls(pid, count)
        assert.ok(full < 10 * empty, `${full} ms with junk, ${empty} ms without`)
        assert.equal(await receive(), 0)
      }),
    )
  }

  inEachPlace(
    'RCV-008 a receive between request and reply mixes nothing up',
    async (start, place) => {
      const partner = start()
      const rounds = place === 'same thread' ? 20_000 : 2_000
      for (let n = 0; n < rounds; n++) {
        fill({ between: n })
        const reply = partner.ask('ping')
        assert.equal(await reply, 'pong')
        assert.deepEqual(
          await receive((m) => typeof m === 'object' && m !== null && 'between' in m),
          {
            between: n,
          },
        )
      }
    },
  )

  it('RCV-008 replies of overlapping calls find their own callers', () =>
    asActor(async () => {
      const server = await startServer(counter, 0)
      assert.ok(server)
      const ref = refOf(counter, server.pid())
      for (let round = 0; round < 500; round++) {
        const replies = [1, 2, 3].map((by) => ref.call('add', by))
        const before = await ref.call('read')
        assert.deepEqual(await Promise.all(replies), [before - 5, before - 3, before])
      }
    }))

  it('RCV-009 a receive whose match throws takes nothing and hinders nothing', () =>
    asActor(async () => {
      fill('aborted', 'outer')
      const match = (): boolean => {
        throw new RangeError('no')
      }
      await assert.rejects(receive(match), RangeError)
      assert.equal(await receive(is('outer'), LOOK), 'outer')
      assert.deepEqual(await rest(), ['aborted'])
    }))

  it('RCV-009 a waiting receive whose match throws is over, the message stays', () =>
    asActor(async () => {
      const waiting = receive((m) => {
        throw new RangeError(String(m))
      })
      fill('aborted')
      await assert.rejects(waiting, RangeError)
      assert.equal(await receive(undefined, LOOK), 'aborted')
    }))

  it('RCV-010 an inner receive that runs out of time leaves the outer its message', () =>
    asActor(async () => {
      const wait = async (depth: number): Promise<unknown> => {
        if (depth > 0) assert.equal(await wait(depth - 1), depth === 1 ? undefined : depth - 1)
        return receive(is(depth), LOOK)
      }
      fill(1, 2, 3)
      assert.equal(await wait(3), 3)
    }))

  it('RCV-015 a waiting receive tests each message once', () =>
    asActor(async () => {
      const tested: unknown[] = []
      fill('old 1', 'old 2')
      const waiting = receive((m) => {
        tested.push(m)
        return m === 'wanted'
      }, WAIT)
      const me = self()
      spawn(() => {
        for (const m of ['new 1', 'wanted', 'new 2']) send(me, m)
      })
      assert.equal(await waiting, 'wanted')
      assert.deepEqual(tested, ['old 1', 'old 2', 'new 1', 'wanted'])
      assert.deepEqual(await rest(), ['old 1', 'old 2', 'new 1', 'new 2'])
    }))

  it('RCV-015 what others take out of the mailbox meanwhile does not hide a new message', () =>
    asActor(async () => {
      const { pid, ref } = spawnMonitor(() => {})
      await receive(isDownMessage, WAIT)
      const late = monitor(pid)
      fill('old')
      const waiting = receive(is('wanted'), WAIT)
      demonitor(late, { flush: true })
      assert.ok(ref)
      fill('wanted')
      assert.equal(await waiting, 'wanted')
    }))

  it('RCV-016 messages that do not match do not start the time again', { timeout: 30_000 }, () =>
    asActor(async () => {
      const me = self()
      const chatter = spawn(async () => {
        for (;;) {
          send(me, 'noise')
          await receive(() => false, { timeoutMs: 5 })
        }
      })
      const begun = performance.now()
      assert.equal(await receive(is('wanted'), { timeoutMs: 60 }), undefined)
      assert.ok(performance.now() - begun >= 58)
      assert.ok((await receive(is('noise'), LOOK)) === 'noise', `${chatter} was heard`)
    }),
  )
})
