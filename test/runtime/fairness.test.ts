// run alone: it measures how late timers are

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  call,
  exit,
  type Pid,
  type Runtime,
  receive,
  self,
  send,
  server,
  spawn,
  startRuntime,
  startServer,
} from '../../runtime/index.ts'
import { flood } from '../fixtures/runtime/lanes.ts'

const TIMER_MS = 20
/** The median of so many, so that a busy machine does not decide. */
const TIMERS = 11
/** The bench says how late they really are; a thread that is starved never comes to its timers. */
const TOLERATED_MS = 25

/** Counts what comes from another thread. */
const sink = server(import.meta, {
  name: 'sink',
  init: () => 0,
  calls: { handled: (state: number) => ({ reply: state, state }) },
  info: (state: number) => ({ state: state + 1 }),
})

async function floodFromAway(plain: boolean): Promise<readonly Pid[]> {
  const ref = await startServer(sink, undefined, { link: false })
  assert.ok(ref)
  const pid = ref.pid()
  const away = spawn(flood, { to: pid, plain }, { placement: 'thread' })
  while (Number(await call(pid, 'handled')) === 0) await delay(1)
  return [away, pid]
}

const flooded = server(import.meta, {
  name: 'flooded',
  init: () => 0,
  calls: { handled: (state: number) => ({ reply: state, state }) },
  info: (state: number) => {
    send(self(), 'again')
    return { state: state + 1 }
  },
})

/** Each begins to keep its thread busy for ever and says who does so. */
const hogs: Readonly<Record<string, () => Promise<readonly Pid[]>>> = {
  'a server that floods itself': async () => {
    const ref = await startServer(flooded, undefined, { link: false })
    assert.ok(ref)
    send(ref.pid(), 'begin')
    return [ref.pid()]
  },
  'two functions that play ping-pong': async () => {
    const player = async (): Promise<void> => {
      for (;;) {
        const message = await receive()
        if (isServe(message)) send(message.from, { from: self() })
      }
    }
    const [one, two] = [spawn(player), spawn(player)]
    send(one, { from: two })
    return [one, two]
  },
  'a function that floods itself': async () => [
    spawn(async () => {
      for (;;) {
        send(self(), 'again')
        await receive()
      }
    }),
  ],
  'a function that looks again and again for mail': async () => [
    spawn(async () => {
      while ((await receive(undefined, { timeoutMs: 0 })) === undefined);
    }),
  ],
  'a function that calls a server again and again': async () => {
    const ref = await startServer(flooded, undefined, { link: false })
    assert.ok(ref)
    const pid = ref.pid()
    const caller = spawn(async () => {
      for (;;) await call(pid, 'handled')
    })
    return [caller, pid]
  },
  'a flood of plain messages from another thread': () => floodFromAway(true),
  'a flood from another thread that only a port carries': () => floodFromAway(false),
}

describe('a timer is hardly late', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [] })
  })
  after(() => runtime.stop())

  for (const [who, begin] of Object.entries(hogs)) {
    it(`beside ${who}`, { timeout: 20_000 }, async () => {
      const pids = await begin()
      const lateness: number[] = []
      for (let count = 0; count < TIMERS; count++) {
        const from = performance.now()
        await delay(TIMER_MS)
        lateness.push(performance.now() - from - TIMER_MS)
      }
      for (const pid of pids) exit(pid, { type: 'kill' })
      const median = lateness.toSorted((a, b) => a - b)[TIMERS >> 1] ?? Number.NaN
      assert.ok(
        median <= TOLERATED_MS,
        `late by ${lateness.map((ms) => ms.toFixed(1)).join(', ')} ms`,
      )
    })
  }
})

function isServe(message: unknown): message is { readonly from: Pid } {
  return typeof message === 'object' && message !== null && 'from' in message
}
