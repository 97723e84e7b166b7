import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HeardSignal, skillsOf } from '../../agents/servers/lookout-signals.ts'

const symptom = (skill: string, key: string): HeardSignal => ({
  type: 'symptom',
  skill,
  key,
  severity: 'warning',
  reason: 'it changed',
})
const heap: HeardSignal = {
  type: 'heap',
  what: 'heap',
  fromBytes: 100 * 2 ** 20,
  toBytes: 200 * 2 ** 20,
  overMs: 60_000,
  usedPct: 40,
}
const stall: HeardSignal = {
  type: 'stall',
  id: 's1',
  startedAt: 0,
  durationMs: 4_210,
  ongoing: true,
  severity: 'critical',
  culprit: {},
}

describe('a signal opens the gate of', () => {
  const cases: [string, HeardSignal, string[], string[]][] = [
    ['the skill that saw it', symptom('postgres', 'pool'), ['vm', 'postgres'], ['postgres']],
    ['nobody if that is not watched', symptom('postgres', 'pool'), ['vm'], []],
    [
      'the skill whose metric left its baseline',
      symptom('anomaly', 'http_inOpen up'),
      ['vm', 'http'],
      ['http'],
    ],
    [
      'the skill with the longer name of two',
      symptom('anomaly', 'vm_events_stalls up'),
      ['vm', 'vm_events'],
      ['vm_events'],
    ],
    [
      'anomaly, if the owner is not watched',
      symptom('anomaly', 'http_inOpen up'),
      ['anomaly'],
      ['anomaly'],
    ],
    ['vm_events for a stall', stall, ['vm', 'vm_events'], ['vm_events']],
    ['vm for a stall, if vm_events is not watched', stall, ['vm'], ['vm']],
    ['tables for a heap that grows', heap, ['vm', 'gc', 'tables'], ['tables']],
  ]
  for (const [name, signal, watched, ids] of cases) {
    it(name, () => assert.deepEqual(skillsOf(signal, watched).ids, ids))
  }
  it('says why with numbers', () => {
    assert.match(skillsOf(heap, []).reason, /from 100 MB to 200 MB/)
    assert.match(skillsOf(stall, []).reason, /blocked for 4210 ms/)
  })
})
