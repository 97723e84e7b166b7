import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeartbeatReader } from '../../skills/gateway/heartbeat-reader.ts'
import type { ThreadState } from '../../skills/gateway/thread-state.ts'
import { epochMs } from '../../skills/probe/clock.ts'
import { GAUGE, HEARTBEAT_BYTES, viewsOf, WORD } from '../../skills/probe/layout.ts'
import { ChopWatch } from '../../skills/vm-events/chop-watch.ts'
import type { StallEvidence } from '../../skills/vm-events/stall.ts'

const STACK = JSON.stringify({
  frames: [['hash', null, null, '/app/login.js', 4, 9]],
  beats: 0,
  ticks: [0, 0],
})

interface Setting {
  readonly lateMs: number
  /** Of 100 ms that main wanted a CPU, so many it got. */
  readonly ranPct: number
}

/** A heartbeat whose last beats all came so late, and one overdue now; main's stack never changes. */
async function watchOnce({ lateMs, ranPct }: Setting): Promise<StallEvidence | undefined> {
  const memory = new SharedArrayBuffer(HEARTBEAT_BYTES)
  const { words, gauges, lateness } = viewsOf(memory)
  lateness.fill(lateMs, 0, 200)
  words[WORD.latenesses] = 200
  gauges[GAUGE.beatAt] = epochMs() - 500
  gauges[GAUGE.heartbeatMs] = 50
  let reads = 0
  const readThread = (): ThreadState => {
    reads += 1
    return { state: 'R', runMs: reads * ranPct, waitMs: reads * (100 - ranPct) }
  }
  const found: StallEvidence[] = []
  const watch = new ChopWatch({
    reader: new HeartbeatReader(memory),
    inspector: { evaluate: async () => STACK },
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
    ['a machine that gives main no CPU', { lateMs: 40, ranPct: 30 }],
    ['lateness that is mostly the machine’s', { lateMs: 30, ranPct: 60 }],
  ]
  for (const [name, setting] of silent) {
    it(`is not ${name}`, async () => assert.equal(await watchOnce(setting), undefined))
  }
})
