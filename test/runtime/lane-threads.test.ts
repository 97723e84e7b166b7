import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  call,
  exit,
  isDownMessage,
  isExitMessage,
  type Pid,
  type Runtime,
  receive,
  self,
  send,
  spawn,
  spawnMonitor,
  startRuntime,
  startServer,
  trapExit,
} from '../../runtime/index.ts'
import { asActor, WAIT } from '../conformance/placements.ts'
import { counter } from '../fixtures/runtime/counter.ts'
import { echo, talker } from '../fixtures/runtime/lanes.ts'

const COUNT = 5000

/** The number that a talker has said. */
function numberOf(message: unknown): unknown {
  if (message instanceof Map) return message.get('n')
  if (isExitMessage(message)) return 'n' in message.reason ? message.reason['n'] : undefined
  if (typeof message !== 'object' || message === null || !('n' in message)) return undefined
  return message.n instanceof Float64Array ? message.n[0] : message.n
}

/** What comes until a DOWN, and its reason's type. */
async function untilDown(): Promise<{ readonly numbers: unknown[]; readonly reason: string }> {
  const numbers: unknown[] = []
  for (;;) {
    const message = await receive(undefined, WAIT)
    assert.notEqual(message, undefined, `nothing more comes after ${numbers.length}`)
    if (isDownMessage(message)) return { numbers, reason: message.reason.type }
    numbers.push(numberOf(message))
  }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

describe('a lane between two threads', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  for (const seed of [1, 2, 3, 4]) {
    it(`keeps the order of all kinds of signals, the end included (seed ${seed})`, () =>
      asActor(async () => {
        trapExit(true)
        spawnMonitor(talker, { to: self(), count: COUNT, seed }, { placement: 'thread' })
        assert.deepEqual(await untilDown(), { numbers: upTo(COUNT), reason: 'normal' })
      }))
  }

  it('WRK-007 SIG-003 gives all that a thread had sent before it looped for ever and was killed', () =>
    asActor(async () => {
      trapExit(true)
      const talk = { to: self(), count: COUNT, seed: 5, spins: true }
      const { pid } = spawnMonitor(talker, talk, { placement: 'thread' })
      const first = await receive(undefined, WAIT)
      assert.equal(numberOf(first), 0)
      for (let n = 1; n < COUNT; n++) assert.equal(numberOf(await receive(undefined, WAIT)), n)
      exit(pid, { type: 'kill' })
      assert.deepEqual(await untilDown(), { numbers: [], reason: 'killed' })
    }))

  it('WRK-007 gives all of it also to one who has read nothing until then', () =>
    asActor(async () => {
      trapExit(true)
      const talk = { to: self(), count: COUNT, seed: 6, spins: true }
      const { pid } = spawnMonitor(talker, talk, { placement: 'thread' })
      assert.equal(numberOf(await receive(undefined, WAIT)), 0)
      exit(pid, { type: 'kill' })
      const { numbers, reason } = await untilDown()
      assert.equal(reason, 'killed')
      assert.deepEqual(
        numbers,
        upTo(numbers.length + 1).slice(1),
        'no gap in what it had sent until it was ended',
      )
    }))

  it('leaves no call without its answer, whatever the pauses between them', () =>
    asActor(async () => {
      const ref = await startServer(counter, 0, { placement: 'thread', link: false })
      assert.ok(ref)
      const pid = ref.pid()
      let total = 0
      for (let round = 0; round < 400; round++) {
        const width = (round * 7919) % 90
        const answers = upTo(width).map(() => call(pid, 'add', 1, WAIT))
        const last = (await Promise.all(answers)).at(-1)
        total += width
        if (width > 0) assert.equal(last, total)
        if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      exit(pid, { type: 'kill' })
    }))

  it('carries one message at a time there and back', () =>
    asActor(async () => {
      const pid: Pid = spawn(echo, self(), { placement: { thread: 'lane-echo' } })
      for (let n = 0; n < 3000; n++) {
        send(pid, { n })
        if (n % 5 === 0) send(pid, { n: 'more' })
        assert.equal(numberOf(await receive(undefined, WAIT)), n)
        if (n % 5 === 0) assert.equal(numberOf(await receive(undefined, WAIT)), 'more')
      }
      exit(pid, { type: 'kill' })
    }))
})
