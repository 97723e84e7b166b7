import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { Peers } from '../../runtime/peers.ts'
import { makePid } from '../../runtime/pid.ts'
import { createSharedBuffers, SharedState } from '../../runtime/shared-state.ts'
import type { Signal } from '../../runtime/signal.ts'

const FLOOD = 20_000
/** More than one slice for each of the few events that a turn of the event loop may have. */
const AT_MOST = 2000
const to = makePid(1, 1)

/** Two threads' ends, here in one thread. */
class Pair {
  readonly got: Signal[] = []
  readonly #ends: [Peers, Peers]

  constructor() {
    const shared = new SharedState(createSharedBuffers())
    const receiver: Peers = new Peers({
      ordinal: 1,
      shared,
      control: () => {},
      deliver: (signal) => this.got.push(signal),
      knows: (pid) => pid === to,
      readControl: () => {},
    })
    const sender = new Peers({
      ordinal: 0,
      shared,
      control: (message) => message.type === 'connect' && receiver.accept(0, message.port),
      deliver: () => {},
      knows: () => false,
      readControl: () => {},
    })
    this.#ends = [sender, receiver]
  }

  send(message: unknown): void {
    this.#ends[0].post(1, { type: 'message', to, message })
  }

  /** How many came in each turn of the event loop, until all have come. */
  async turns(count: number): Promise<readonly number[]> {
    const turns: number[] = []
    for (let before = 0; before < count && turns.length < FLOOD; before = this.got.length) {
      await eventLoopTurn()
      turns.push(this.got.length - before)
    }
    return turns
  }

  /** The receiver hears that the sender is gone. */
  lost(): void {
    this.#ends[1].lost(0, () => this.got.push({ type: 'unlink', to, from: to }))
  }

  close(): void {
    for (const end of this.#ends) end.close()
  }
}

async function onPair(test: (pair: Pair) => Promise<void>): Promise<void> {
  const pair = new Pair()
  try {
    await test(pair)
  } finally {
    pair.close()
  }
}

const KINDS: Readonly<Record<string, unknown>> = {
  'plain messages': { n: 1 },
  'messages that only a port carries': new Map([['n', 1]]),
}

describe('a flood from another thread', () => {
  for (const [kind, message] of Object.entries(KINDS)) {
    it(`of ${kind} leaves the event loop its turns`, () =>
      onPair(async (pair) => {
        for (let count = 0; count < FLOOD; count++) pair.send(message)
        const turns = await pair.turns(FLOOD)
        assert.equal(pair.got.length, FLOOD)
        assert.ok(Math.max(...turns) <= AT_MOST, `${Math.max(...turns)} in one turn`)
      }))

    it(`of ${kind} is read to its end when the thread is gone, before that is told`, () =>
      onPair(async (pair) => {
        for (let count = 0; count < FLOOD; count++) pair.send(message)
        await eventLoopTurn()
        pair.lost()
        assert.equal(pair.got.length, FLOOD + 1)
        assert.equal(pair.got.at(-1)?.type, 'unlink')
      }))
  }
})
