import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ExitReason,
  exit,
  isAlive,
  isDownMessage,
  isExitMessage,
  link,
  monitor,
  type Pid,
  readTimer,
  receive,
  register,
  self,
  send,
  sendAfter,
  spawn,
  spawnMonitor,
  trapExit,
  unregister,
  whereis,
} from '../../runtime/index.ts'
import { type ChainArgs, chain, witness } from '../fixtures/conformance/signal-puppet.ts'
import {
  asActor,
  assertEmpty,
  Gate,
  inEachPlace,
  nextDown,
  nextExit,
  PLACES,
  useRuntime,
  WAIT,
} from './placements.ts'

const boom: ExitReason = { type: 'boom' }

describe('SIG signals, delivery and ordering', () => {
  useRuntime()

  for (const [id, place] of [
    ['SIG-001', 'same thread'],
    ['SIG-002', 'two threads'],
    ['SIG-002', 'own thread'],
  ] as const) {
    inEachPlace(`${id} what is sent after an exit signal is never seen`, async () => {
      for (let round = 0; round < 20; round++) {
        const { pid, ref } = spawnMonitor(witness, self(), { placement: PLACES[place] })
        for (const m of ['m1', 'm2', 'm3']) send(pid, m)
        exit(pid, boom)
        for (const m of ['m4', 'm5']) send(pid, m)
        assert.deepEqual(await nextDown(ref), boom)
        const seen: unknown[] = []
        for (let m = await take(); m !== undefined; m = await take()) seen.push(m)
        assert.deepEqual(seen, [{ saw: 'm1' }, { saw: 'm2' }, { saw: 'm3' }].slice(0, seen.length))
        if (place === 'own thread') return
      }
    }, [place])
  }

  inEachPlace('SIG-003 messages and exit signals share one queue', async (start) => {
    const partner = start({ trapExit: true })
    for (let n = 0; n < 200; n++) {
      send(partner.pid, n)
      exit(partner.pid, { type: 'n', n })
    }
    const pid = self()
    assert.deepEqual(
      await partner.ask('drain'),
      Array.from({ length: 200 }, (_, n) => [
        n,
        { type: 'EXIT', pid, reason: { type: 'n', n } },
      ]).flat(),
    )
  })

  inEachPlace('SIG-003 link, unlink and exit keep their order', async (start) => {
    trapExit(true)
    const [linked, unlinked] = [start(), start()]
    linked.tell('linkAndDie', self(), 'from linked', boom)
    assert.equal(await receive((m) => typeof m === 'string', WAIT), 'from linked')
    assert.deepEqual(await nextExit(linked.pid), boom)
    const ref = monitor(unlinked.pid)
    unlinked.tell('linkUnlinkAndDie', self(), 'from unlinked', boom)
    assert.deepEqual(await nextDown(ref), boom)
    assert.equal(await receive(undefined, WAIT), 'from unlinked')
    await assertEmpty()
  })

  inEachPlace(
    'SIG-004 two senders each keep their own order, whatever the mixture',
    async (start) => {
      const [a, b] = [start(), start()]
      const numbers = Array.from({ length: 300 }, (_, n) => n)
      a.tell('send', self(), ...numbers.map((n) => ({ by: 'a', n })))
      b.tell('send', self(), ...numbers.map((n) => ({ by: 'b', n })))
      for (const by of ['a', 'b']) {
        const isBy = (m: unknown): m is { by: string; n: number } =>
          typeof m === 'object' && m !== null && 'by' in m && m.by === by
        for (const n of numbers) assert.equal((await receive(isBy, WAIT))?.n, n)
      }
    },
  )

  inEachPlace(
    'SIG-005 a message to the dead is dropped',
    async (start) => {
      const partner = start({ monitor: true })
      partner.tell('finish')
      await nextDown(partner.ref)
      send(partner.pid, 'anybody there?')
      await assertEmpty()
    },
    ['same thread', 'two threads', 'own thread'],
  )

  inEachPlace(
    'SIG-007 DOWN never overtakes what the dead had sent',
    async (start) => {
      const partner = start({ monitor: true })
      partner.tell('sendAndDie', self(), ['first', 'second'], { type: 'normal' })
      assert.equal(await receive(undefined, WAIT), 'first')
      assert.equal(await receive(undefined, WAIT), 'second')
      const down = await receive(undefined, WAIT)
      assert.ok(isDownMessage(down))
      assert.deepEqual(down.reason, { type: 'normal' })
    },
    ['same thread', 'two threads', 'own thread', 'root thread'],
  )

  for (const [id, place] of [
    ['SIG-008', 'same thread'],
    ['SIG-009', 'two threads'],
  ] as const) {
    inEachPlace(
      `${id} whether sent by pid or by name, one sender has one order`,
      async (start) => {
        register('sig-8-receiver', self())
        const partner = start({ name: 'sig-8-sender' })
        await partner.ask('ping')
        const ref = monitor('sig-8-sender')
        const numbers = Array.from({ length: 100 }, (_, n) => n)
        for (const n of numbers) partner.tell('send', n % 2 ? self() : 'sig-8-receiver', n)
        partner.tell('finish')
        for (const n of numbers) {
          assert.equal(await receive((m) => typeof m === 'number' || isDownMessage(m), WAIT), n)
          await receive((m) => !isDownMessage(m) && typeof m === 'object', WAIT)
        }
        assert.deepEqual(await nextDown(ref), { type: 'normal' })
        unregister('sig-8-receiver')
      },
      [place],
    )
  }

  const alternations = [
    ['same thread', [undefined, undefined]],
    ['alternating threads', ['chain-a', 'chain-b']],
  ] as const
  for (const [where, places] of alternations) {
    const id = (own: string): string => (where === 'same thread' ? own : 'SIG-014')
    for (const length of [1, 2, 9, 10]) {
      it(`${id('SIG-011')} kill becomes killed along ${length} links [${where}]`, () =>
        asActor(async () => {
          const { first, last } = await startChain(length, places)
          exit(last, { type: 'kill' })
          assert.deepEqual(await nextExit(first), { type: 'killed' })
        }))
      it(`${id('SIG-012')} a kill to itself is killed along ${length} links [${where}]`, () =>
        asActor(async () => {
          const { first, last } = await startChain(length, places)
          send(last, 'signal')
          assert.deepEqual(await nextExit(first), { type: 'killed' })
        }))
      it(`${id('SIG-013')} an end with reason kill stays kill along ${length} links [${where}]`, () =>
        asActor(async () => {
          const { first, last } = await startChain(length, places)
          send(last, 'exception')
          assert.deepEqual(await nextExit(first), { type: 'kill' })
        }))
    }
  }

  inEachPlace(
    'SIG-015 whether exits are trapped is asked when the signal is received',
    async (start) => {
      const partner = start()
      const gate = new Gate()
      partner.tell('trapAfterGate', gate.buffer)
      await gate.reached()
      exit(partner.pid, boom)
      gate.open()
      assert.deepEqual(await partner.ask('next'), { type: 'EXIT', pid: self(), reason: boom })
    },
    ['two threads', 'own thread'],
  )

  inEachPlace(
    'SIG-016 who links and monitors gets EXIT and DOWN, each once',
    async (start) => {
      trapExit(true)
      const partner = start()
      const other = start()
      link(partner.pid)
      const ref = monitor(partner.pid)
      partner.tell('die', boom)
      assert.deepEqual(await nextExit(partner.pid), boom)
      assert.deepEqual(await nextDown(ref), boom)
      await other.ask('ping')
      await assertEmpty()
    },
    ['same thread', 'two threads', 'own thread'],
  )

  inEachPlace(
    'SIG-017 name and timers are free before the death is told',
    async (start) => {
      for (let round = 0; round < 20; round++) {
        const partner = start({ name: 'sig-17', link: true })
        trapExit(true)
        const ref = monitor(partner.pid)
        const timer = sendAfter(partner.pid, 'late', 60_000)
        partner.tell('die', boom)
        const first = await receive((m) => isDownMessage(m) || isExitMessage(m), WAIT)
        assert.ok(isDownMessage(first) || isExitMessage(first))
        assert.equal(whereis('sig-17'), undefined)
        assert.equal(await isAlive(partner.pid), false)
        await receive((m) => isDownMessage(m) || isExitMessage(m), WAIT)
        assert.ok(ref)
        assert.equal(readTimer(timer), false)
      }
    },
    ['same thread', 'two threads'],
  )

  it('SIG-018 an exit ends an actor in the middle of what it does', () =>
    asActor(async () => {
      const me = self()
      let release: () => void = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      let ended: () => void = () => {}
      const over = new Promise<void>((resolve) => {
        ended = resolve
      })
      const pid = spawn(async () => {
        send(me, 'begun')
        await held
        send(me, 'ghost')
        ended()
      })
      await receive((m) => m === 'begun', WAIT)
      const ref = monitor(pid)
      exit(pid, boom)
      assert.deepEqual(await nextDown(ref), boom)
      release()
      await over
      await assertEmpty()
    }))
})

function take(): Promise<unknown> {
  return receive(undefined, { timeoutMs: 0 })
}

/** A linked chain below the acting actor, which traps exits. */
async function startChain(
  left: number,
  places: ChainArgs['places'],
): Promise<{ first: Pid; last: Pid }> {
  trapExit(true)
  const [here] = places
  const first = spawn(
    chain,
    { left, top: self(), places },
    { link: true, placement: here === undefined ? 'here' : { thread: here } },
  )
  const isLast = (m: unknown): m is { last: Pid } =>
    typeof m === 'object' && m !== null && 'last' in m
  const told = await receive(isLast, WAIT)
  assert.ok(told)
  return { first, last: told.last }
}
