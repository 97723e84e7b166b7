import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StallSignals } from '../../skills/gateway/signals.ts'
import { type Json, textOf } from '../../skills/json.ts'
import { SourceFiles } from '../../skills/source/source-files.ts'
import { heapFillOf } from '../../skills/vm-events/heap-fill.ts'
import type { StallEvidence, TimedSample } from '../../skills/vm-events/stall.ts'
import { StallLog } from '../../skills/vm-events/stall-log.ts'

const MB = 1_048_576

/** Looks of 20 ms at one function, with the heap in use at each. */
function looks(heapMb: readonly number[]): TimedSample[] {
  return heapMb.map((used) => ({
    weightMs: 20,
    sample: {
      ticks: [0, 0],
      heapUsedBytes: used * MB,
      frames: [{ function: 'expand', file: '/app/a.js', line: 8, column: 1, origin: 'app' }],
    },
  }))
}

const range = (count: number, valueAt: (index: number) => number): number[] =>
  Array.from({ length: count }, (_, index) => valueAt(index))

/** What survives grows by 4 MB a look, under a nursery that fills and empties. */
const filling = range(30, (index) => 20 + 4 * index + 6 * (index % 4))

describe('heapFillOf', () => {
  it('sees through collections of the young generation', () => {
    const fill = heapFillOf(looks(filling), 268 * MB)
    assert.ok(fill !== undefined && fill.secondsLeft < 5, JSON.stringify(fill))
  })

  for (const [what, used, limitMb] of [
    [
      'garbage, however much, that each collection takes away',
      range(40, (index) => 30 + 8 * (index % 9)),
      268,
    ],
    ['a piece of work of ordinary size', range(30, (index) => 20 + index / 4), 268],
    ['the same growth where the limit is far away', filling, 4144],
    ['a few looks', filling.slice(0, 5), 268],
  ] as const) {
    it(`is not turned by ${what}`, () =>
      assert.equal(heapFillOf(looks(used), limitMb * MB), undefined))
  }
})

describe('a stall that fills the heap', () => {
  const evidence = (samples: readonly TimedSample[]): StallEvidence => ({
    id: 's1',
    startedAt: 0,
    durationMs: samples.length * 20,
    ongoing: true,
    samples,
    waitMs: 0,
    frozenMs: 0,
    gcMs: 0,
    heapLimitBytes: 268 * MB,
  })

  it('is told as such, with the numbers and how it ends', () => {
    const log = new StallLog(new SourceFiles(), '/app')
    const place = log.note(evidence(looks(filling)), 600)
    assert.ok(place !== undefined)
    const row = log.row(place)
    assert.equal(row['kind'], 'heap')
    assert.match(textOf(row['observation']), /the heap grows from 20 to \d+ MB of its limit of 268/)
    assert.match(
      textOf(row['explanation']),
      /expand\(\) at a\.js:8 .* the heap fills up.*out of memory/,
    )
    assert.match(textOf(row['remedy']), /Bound how much one call may build/)
  })

  it('is critical from half of the limit on', () => {
    const log = new StallLog(new SourceFiles(), '/app')
    const severityAt = (count: number): string | undefined =>
      log.note(evidence(looks(range(count, (index) => 20 + 5 * index))), 600)?.severity
    assert.deepEqual([severityAt(10), severityAt(29)], ['info', 'critical'])
  })

  it('is signalled again when that shows only after it was told that it blocks', () => {
    const kinds: (Json | undefined)[] = []
    const signals = new StallSignals(new StallLog(new SourceFiles(), '/app'), (signal) => {
      if (signal.type === 'stall') kinds.push(signal.culprit['kind'])
    })
    const flat = range(30, () => 20)
    for (const used of [flat, [...flat, ...filling], [...flat, ...filling]])
      signals.note(evidence(looks(used)), 2000)
    assert.deepEqual(kinds, ['cpu', 'heap'])
  })
})
