import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BOARD_OFFSET, HEARTBEAT_BYTES } from '../../skills/probe/layout.ts'
import {
  claimSlot,
  SLOT_ALIVE,
  SLOT_ENDED,
  SLOT_GAUGE,
  SLOT_WORD,
  SLOTS,
} from '../../skills/threads/board.ts'
import { Board } from '../../skills/threads/readings.ts'
import { ThreadBook } from '../../skills/threads/thread-book.ts'
import {
  hasMovedOn,
  isComputing,
  judgeStuck,
  type StuckSigns,
} from '../../skills/threads/verdicts.ts'
import { entryText, threadText, timeText } from '../../skills/threads/words.ts'
import type { TimedSample } from '../../skills/vm-events/stall.ts'

describe('judgeStuck', () => {
  const known: StuckSigns = {
    kind: 'cpu',
    durationMs: 7000,
    usualMs: 1000,
    isKnown: true,
    looks: 20,
    sharePct: 100,
  }
  const cases: readonly (readonly [string, Partial<StuckSigns>, string | undefined])[] = [
    ['a loop far longer than ever', {}, 'warning'],
    ['a loop that is no longer than five times the usual', { usualMs: 1500 }, undefined],
    ['a long job of threads that never worked before', { isKnown: false }, undefined],
    ['a very long one of such', { isKnown: false, durationMs: 25_000 }, 'warning'],
    ['a very, very long one of such', { isKnown: false, durationMs: 90_000 }, 'warning'],
    ['a loop of half a minute', { durationMs: 31_000 }, 'critical'],
    ['a regular expression for two seconds', { kind: 'regex', durationMs: 2100 }, 'warning'],
    ['a regular expression for a second', { kind: 'regex', durationMs: 1000 }, undefined],
    ['a regular expression for a minute', { kind: 'regex', durationMs: 60_000 }, 'critical'],
    ['a wait', { kind: 'sleep', durationMs: 60_000 }, undefined],
    ['many short jobs', { kind: 'microtasks', durationMs: 60_000 }, undefined],
    ['a machine that gives no CPU', { kind: 'starved', durationMs: 60_000 }, undefined],
    ['what was hardly looked at', { looks: 2 }, undefined],
    ['functions that take turns', { sharePct: 60 }, undefined],
  ]
  for (const [name, signs, verdict] of cases)
    it(`${name}: ${verdict ?? 'at work'}`, () =>
      assert.equal(judgeStuck({ ...known, ...signs }), verdict))
})

describe('hasMovedOn', () => {
  const look = (ticks: readonly number[], beats = 5, isArmed?: false): TimedSample => ({
    sample: { frames: [], beats, ticks, ...(isArmed === false ? { isArmed } : {}) },
    weightMs: 50,
  })
  it('not at the first look', () => assert.equal(hasMovedOn(undefined, look([0, 0])), false))
  it('not while nothing of ours ran', () =>
    assert.equal(hasMovedOn(look([3, 1]), look([3, 1])), false))
  it('when a microtask ran', () => assert.equal(hasMovedOn(look([3, 1]), look([4, 1])), true))
  it('when the loop turned', () => assert.equal(hasMovedOn(look([3, 1]), look([3, 1], 6)), true))
  it('not by what was queued earlier than the look before', () =>
    assert.equal(hasMovedOn(look([3, 1], 5, false), look([4, 1])), false))
})

describe('isComputing', () => {
  const cases: readonly (readonly [string, number, number, boolean])[] = [
    ['is a thread on a CPU', 900, 20, true],
    ['is one that hardly gets a CPU on a crowded machine', 100, 850, true],
    ['is not one that sleeps', 10, 5, false],
    ['is not one that only waits to run', 20, 900, false],
  ]
  for (const [name, runMs, waitMs, is] of cases)
    it(name, () => assert.equal(isComputing({ runMs, waitMs }, 1000), is))
  it('may be one of which nothing is known', () => assert.equal(isComputing(undefined, 1000), true))
})

describe('the board', () => {
  const memory = new SharedArrayBuffer(HEARTBEAT_BYTES)
  it('has a bounded number of slots', () => {
    const slots = Array.from({ length: SLOTS + 1 }, () => claimSlot(memory, BOARD_OFFSET))
    assert.equal(slots.filter((slot) => slot !== undefined).length, SLOTS)
  })

  it('shows those that live, and frees the slots of those that ended', () => {
    const own = new SharedArrayBuffer(HEARTBEAT_BYTES)
    const [first, second] = [claimSlot(own, BOARD_OFFSET), claimSlot(own, BOARD_OFFSET)]
    assert.ok(first !== undefined && second !== undefined)
    const board = new Board(own)
    assert.deepEqual(board.read(), [])
    first.words[SLOT_WORD.threadId] = 7
    first.gauges[SLOT_GAUGE.heapUsedBytes] = 1234
    Atomics.store(first.words, SLOT_WORD.state, SLOT_ALIVE)
    Atomics.store(second.words, SLOT_WORD.state, SLOT_ENDED)
    assert.deepEqual(
      board.read().map(({ threadId, heapUsedBytes }) => [threadId, heapUsedBytes]),
      [[7, 1234]],
    )
    assert.equal(claimSlot(own, BOARD_OFFSET)?.words.byteOffset, second.words.byteOffset)
  })

  it('frees the slot of a thread that is gone without a word', {
    skip: process.platform !== 'linux',
  }, () => {
    const own = new SharedArrayBuffer(HEARTBEAT_BYTES)
    const slot = claimSlot(own, BOARD_OFFSET)
    assert.ok(slot !== undefined)
    // no kernel gives so high a number to a thread
    slot.words[SLOT_WORD.kernelId] = 2 ** 30
    Atomics.store(slot.words, SLOT_WORD.state, SLOT_ALIVE)
    assert.deepEqual(new Board(own).read(), [])
    assert.equal(claimSlot(own, BOARD_OFFSET)?.words.byteOffset, slot.words.byteOffset)
  })
})

describe('ThreadBook', () => {
  it('takes nothing that is no worker', () => {
    const book = new ThreadBook()
    book.add({})
    assert.deepEqual([book.started, book.alive()], [0, []])
  })
})

describe('words', () => {
  it('name a thread', () => {
    const thread = { threadId: 5, entry: '/app/src/w.js', name: 'resize' }
    assert.equal(threadText(thread, '/app'), 'worker thread 5 "resize" (src/w.js)')
  })
  it('leave what is no file as it is', () =>
    assert.equal(entryText('[worker eval]', '/app'), '[worker eval]'))
  for (const [ms, text] of [
    [850, '850 ms'],
    [6400, '6 s'],
    [180_000, '3 min'],
  ] as const)
    it(`say ${text}`, () => assert.equal(timeText(ms), text))
})
