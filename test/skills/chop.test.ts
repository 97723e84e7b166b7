import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeartbeatReader } from '../../skills/gateway/heartbeat-reader.ts'
import type { ThreadState } from '../../skills/gateway/thread-state.ts'
import { epochMs } from '../../skills/probe/clock.ts'
import { GAUGE, HEARTBEAT_BYTES, viewsOf, WORD } from '../../skills/probe/layout.ts'
import { type ChopLook, ChopWatch, provenBlocks } from '../../skills/vm-events/chop-watch.ts'
import type { StallEvidence } from '../../skills/vm-events/stall.ts'

const STACK = JSON.stringify({
  frames: [['hash', null, null, '/app/login.js', 4, 9]],
  beats: 0,
  ticks: [0, 0],
})

interface Setting {
  readonly lateMs: number
  /** Microtasks of ours run between looks. */
  readonly isMoving?: boolean
  /** Of 100 ms that main wanted a CPU, so many it got. */
  readonly ranPct: number
}

/** A heartbeat whose last beats all came so late, and one overdue now; main's stack never changes. */
async function watchOnce({
  lateMs,
  ranPct,
  isMoving,
}: Setting): Promise<StallEvidence | undefined> {
  const memory = new SharedArrayBuffer(HEARTBEAT_BYTES)
  const { words, gauges, lateness } = viewsOf(memory)
  lateness.fill(lateMs, 0, 200)
  words[WORD.latenesses] = 200
  gauges[GAUGE.beatAt] = epochMs() - 500
  gauges[GAUGE.heartbeatMs] = 50
  let reads = 0
  let looks = 0
  const readThread = (): ThreadState => {
    reads += 1
    return { state: 'R', runMs: reads * ranPct, waitMs: reads * (100 - ranPct) }
  }
  const found: StallEvidence[] = []
  const watch = new ChopWatch({
    reader: new HeartbeatReader(memory),
    inspector: {
      evaluate: async () =>
        isMoving === true ? STACK.replace('[0,0]', `[${(looks += 1)},0]`) : STACK,
    },
    ownFolders: [],
    onChop: (evidence) => found.push(evidence),
    readThread,
  })
  const alive = setInterval(() => {}, 1000)
  watch.tick(true)
  await watch.settled
  clearInterval(alive)
  return found[0]
}

describe('a loop that is blocked often and shortly', () => {
  it('is found by the lateness of its beats, with the stack of the moments that are late', async () => {
    const evidence = await watchOnce({ lateMs: 40, ranPct: 90 })
    assert.ok(evidence !== undefined)
    assert.equal(evidence.samples[0]?.sample.frames[0]?.function, 'hash')
    assert.equal(evidence.blocks?.count, 100)
    assert.equal(Math.round(evidence.durationMs), 3600)
  })

  const silent: readonly (readonly [string, Setting])[] = [
    ['a loop that is merely busy', { lateMs: 10, ranPct: 90 }],
    ['a machine that gives main no CPU', { lateMs: 40, ranPct: 30, isMoving: true }],
    ['lateness that is mostly the machine’s', { lateMs: 30, ranPct: 60, isMoving: true }],
  ]
  for (const [name, setting] of silent) {
    it(`is not ${name}`, async () => assert.equal(await watchOnce(setting), undefined))
  }
})

describe('provenBlocks', () => {
  const look = (runMs: number, ran: number, beats = 1): ChopLook => ({
    runMs,
    sample: { frames: [], ticks: [ran, 0], beats },
  })
  const cases: readonly (readonly [string, readonly ChopLook[], number])[] = [
    ['one piece of work that runs on counts once', [look(0, 0), look(6, 0), look(12, 0)], 1],
    ['each piece counts', [look(0, 0), look(6, 0), look(8, 1), look(15, 1)], 2],
    ['what ended between two looks does not', [look(0, 0), look(6, 1), look(12, 2)], 0],
    ['nor what only waited for a CPU', [look(0, 0), look(1, 0), look(2, 0)], 0],
    ['nor what lies in two turns of the loop', [look(0, 0, 1), look(6, 0, 2)], 0],
  ]
  for (const [name, looks, count] of cases) it(name, () => assert.equal(provenBlocks(looks), count))
})
