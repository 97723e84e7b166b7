import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { causeOf, freshCauses, knownForMs, rememberCause } from '../../agents/loop/known-causes.ts'
import type { KnownCause } from '../../agents/vocabulary/insight.ts'
import { insightOf, viewOf } from './models/support/requests.ts'

const place = { file: 'src/a.js', function: 'parse', line: 3 }
const told = viewOf({ id: 'n1', type: 'stall', explains: ['vm_lagMs', 'slow'] })
const cause = (toldAt: number): KnownCause => ({
  insightId: `r.i${toldAt}`,
  summary: 'x',
  severity: 'warning',
  toldAt,
  location: place,
  types: ['stall'],
  explains: ['vm_lagMs'],
})

describe('what runs know of each other', () => {
  it('a cause with a place explains what its notifications explain', () => {
    const insight = insightOf({ location: place })
    assert.deepEqual(causeOf(insight, [told, viewOf({ id: 'n2', explains: ['other'] })]), {
      insightId: 'i1',
      summary: 'x',
      severity: 'warning',
      toldAt: Date.parse(insight.createdAt),
      location: place,
      types: ['stall'],
      explains: ['vm_lagMs', 'slow'],
    })
  })
  it('an insight without a place explains nothing', () =>
    assert.equal(causeOf(insightOf(), [told]), undefined))
  it('is forgotten after a while', () => {
    assert.equal(freshCauses([cause(0)], knownForMs - 1).length, 1)
    assert.equal(freshCauses([cause(0)], knownForMs).length, 0)
  })
  it('the same insight, told again after a crash, is known once', () =>
    assert.equal(rememberCause([cause(5)], cause(5)).length, 1))
  it('is bounded: the newest twenty are kept', () => {
    const all = Array.from({ length: 30 }, (_, index) => cause(index))
    const kept = all.reduce<readonly KnownCause[]>((known, one) => rememberCause(known, one), [])
    assert.deepEqual([kept.length, kept.at(-1)?.toldAt, kept[0]?.toldAt], [20, 29, 10])
  })
})
