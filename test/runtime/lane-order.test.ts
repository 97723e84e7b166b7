import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import fc from 'fast-check'
import { Incoming } from '../../runtime/incoming.ts'
import { NotSendable } from '../../runtime/index.ts'
import { type Outgoing, openChannel } from '../../runtime/outgoing.ts'
import { makePid } from '../../runtime/pid.ts'
import type { Signal } from '../../runtime/signal.ts'

const to = makePid(0, 1)
/** So many in a row make a sender open a lane. */
const MANY = 200

/** Both ends of a way from one thread to another, here in one thread: nothing happens unasked. */
class Way {
  readonly outgoing: Outgoing
  readonly incoming: Incoming
  readonly port: MessagePort
  readonly got: unknown[] = []
  sent = 0

  constructor() {
    const { outgoing, port } = openChannel()
    this.outgoing = outgoing
    this.port = port
    this.incoming = new Incoming(1, port, () => {})
  }

  send(make: (n: number) => unknown): void {
    this.outgoing.send({ type: 'message', to, message: make(this.sent) })
    this.sent++
  }

  readonly take = (signal: Signal): void => {
    assert.ok(signal.type === 'message')
    const { message } = signal
    this.got.push(message instanceof Map ? message.get('n') : message)
  }

  read(count: number): void {
    for (let left = count; left > 0; left--) {
      const signal = this.incoming.next()
      if (!signal) return
      this.take(signal)
    }
  }

  /** All that was sent has come, in the order sent. */
  check(): void {
    this.incoming.readAll(this.take)
    assert.deepEqual(
      this.got,
      Array.from({ length: this.sent }, (_, n) => n),
    )
  }

  close(): void {
    this.outgoing.close()
    this.incoming.close()
  }
}

const byLane = (n: number): number => n
const byPort = (n: number): Map<string, number> => new Map([['n', n]])

async function onWay(test: (way: Way) => void): Promise<void> {
  const way = new Way()
  try {
    for (let count = 0; count < MANY; count++) way.send(byLane)
    test(way)
  } finally {
    way.close()
  }
}

type Step = readonly ['lane' | 'port' | 'read' | 'sleep' | 'all' | 'refused', number]
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0][]>('lane', 'lane', 'port', 'read', 'sleep', 'all', 'refused'),
    fc.oneof(fc.nat(20), fc.nat(3000)),
  ),
  { maxLength: 30 },
)

function perform(way: Way, [what, count]: Step): void {
  if (what === 'read') way.read(count)
  else if (what === 'all') way.incoming.readAll(way.take)
  else if (what === 'sleep') {
    way.incoming.readAll(way.take)
    assert.ok(way.incoming.sleep())
  } else if (what === 'refused') {
    const message = (): void => {}
    assert.throws(() => way.outgoing.send({ type: 'message', to, message }), NotSendable)
  } else for (let left = count; left > 0; left--) way.send(what === 'lane' ? byLane : byPort)
}

describe('what one thread sends another, by lane and by port,', () => {
  it('comes in the order sent, whatever the reader does', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (plan) =>
        onWay((way) => {
          for (const step of plan) perform(way, step)
          way.check()
        }),
      ),
      { numRuns: 60 },
    )
  })

  it('comes also if the lane is full, and full again when there is a wider one', () =>
    onWay((way) => {
      for (let round = 0; round < 3; round++) {
        for (let count = 0; count < 60_000; count++) way.send(byLane)
        way.read(50_000)
      }
      way.check()
    }))

  it('does not wait for something whose bytes could not be read', () =>
    onWay((way) => {
      way.incoming.readAll(() => {})
      way.outgoing.send({ type: 'message', to, message: byPort(-1) })
      assert.ok(receiveMessageOnPort(way.port), 'taken away')
      way.port.emit('messageerror', new Error('cannot be read'))
      way.outgoing.send({ type: 'message', to, message: 'next' })
      assert.deepEqual(way.incoming.next(), { type: 'message', to, message: 'next' })
    }))

  it('goes by the port in between if it is sent while something else is written', () =>
    onWay((way) => {
      const { outgoing } = way
      const got: unknown[] = []
      way.incoming.readAll(() => {})
      outgoing.send({ type: 'message', to, message: 'wakes' })
      const message = {
        get outer(): number {
          outgoing.send({ type: 'message', to, message: 'inner' })
          return 1
        },
      }
      outgoing.send({ type: 'message', to, message })
      way.incoming.readAll((signal) => got.push(signal.type === 'message' && signal.message))
      assert.deepEqual(got.at(-1), { outer: 1 })
      assert.equal(got[0], 'wakes')
      assert.ok(got.includes('inner'))
    }))
})
