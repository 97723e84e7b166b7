import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Claim, readClaims } from '../../../bench/incidents/claim.ts'
import { judge } from '../../../bench/incidents/judge.ts'
import { type IncidentScore, rank, scoreRun } from '../../../bench/incidents/score.ts'
import { summarise } from '../../../bench/incidents/summary.ts'
import type { Truth } from '../../../bench/incidents/truth.ts'

const truth: Truth = {
  id: 'inc-900',
  category: 'memory-leak',
  difficulty: 'easy',
  isHealthy: false,
  title: 'A Map that grows',
  rootCause: 'remember() fills the Map seen and never deletes',
  culpritFile: 'src/memory.js',
  culpritLine: 12,
  acceptFiles: ['src/memory.js'],
  acceptFunctions: ['remember'],
  mustMention: [['leak', 'grows'], ['map'], ['memory.js', 'remember']],
  mustNotClaim: ['event loop blocked'],
  remedyMustMention: [['evict', 'limit']],
  also: [],
  nodeArguments: [],
  overheadPath: undefined,
}
const control: Truth = { ...truth, isHealthy: true, mustMention: [] }
const phases = { baseline: 0, fault: 10_000, end: 32_000 }

const right: Claim = {
  at: 15_000,
  statement: 'The Map seen grows without bound: remember adds and nothing deletes',
  place: '/tmp/svc/service/src/memory.js:12 remember',
  line: 12,
  remedy: 'Evict old entries, or set a limit',
  severity: 'warning',
  confidence: 'high',
  isConsequence: false,
}
const vague: Claim = {
  ...right,
  statement: 'Latency and memory are above the usual',
  place: '',
  line: undefined,
  remedy: '',
  confidence: 'low',
}

function score(...claims: Claim[]): IncidentScore {
  const [result] = scoreRun(truth, phases, claims)
  assert.equal(result?.type, 'incident')
  return result as IncidentScore
}
const rounded = (value: number): number => Math.round(value * 1000) / 1000

describe('the score of an incident', () => {
  const cases: readonly (readonly [string, readonly Claim[], number])[] = [
    ['is 1 for the whole truth in time', [right], 1],
    ['is 0 when nothing is said', [], 0],
    ['is a quarter for a symptom in time', [vague], 0.25],
    ['loses the punctuality at the end of the fault', [{ ...right, at: 32_000 }], 0.9],
    ['loses half the punctuality half-way', [{ ...right, at: 25_000 }], 0.95],
    ['loses the remedy', [{ ...right, remedy: 'Look at it' }], 0.9],
    [
      'loses file and function that are not named',
      [{ ...right, place: '', statement: 'The Map seen in memory.js grows' }],
      0.75,
    ],
    ['is scaled by the precision of what is said', [right, vague], 0.75],
    ['does not count a consequence against it', [right, { ...vague, isConsequence: true }], 1],
    [
      'loses the root cause and a fifth for a wrong claim',
      [{ ...right, statement: `${right.statement}; the event loop blocked` }],
      0.4,
    ],
    ['counts nothing that was only worth an info', [{ ...right, severity: 'info' }], 0],
    ['does not count what was said before the fault', [{ ...right, at: 9_000 }], 0],
  ]
  for (const [fact, claims, expected] of cases) {
    it(fact, () => assert.equal(rounded(score(...claims).score), expected))
  }

  it('judges the claim that ranks first: causes, then severity, confidence, time', () => {
    const later = { ...vague, at: 20_000 }
    const consequence = { ...right, severity: 'critical', isConsequence: true } as const
    const order = rank([consequence, vague, later, right])
    assert.deepEqual(order, [right, later, vague, consequence])
  })

  it('has the times of the first claim and of the first right one', () => {
    const result = score({ ...vague, at: 12_500 }, right)
    assert.equal(result.detectedAfterSeconds, 2.5)
    assert.equal(result.rootCauseAfterSeconds, 5)
  })

  it('calls what comes before the fault a false alarm', () => {
    assert.equal(score({ ...vague, at: 3_000 }, right).falseAlarms.length, 1)
  })
})

describe('two faults at once', () => {
  const second = {
    ...truth,
    category: 'timer-leak',
    mustMention: [['timer'], ['pulse.js']],
    acceptFiles: ['src/pulse.js'],
    acceptFunctions: ['pulse'],
    culpritFile: 'src/pulse.js',
    remedyMustMention: [['clear']],
  }
  const aboutSecond: Claim = {
    ...right,
    statement: 'A timer of pulse is never stopped',
    place: 'src/pulse.js:12 pulse',
    remedy: 'Clear it',
  }
  const both = (...claims: Claim[]) =>
    scoreRun({ ...truth, also: [second] }, phases, claims).map((one) =>
      one.type === 'incident' ? [one.id, rounded(one.score)] : [],
    )

  it('each have a result, and neither is held against the other', () => {
    assert.deepEqual(both(right, aboutSecond), [
      ['inc-900', 1],
      ['inc-900+2', 1],
    ])
  })

  it('of which one was not seen leave that one at nothing', () => {
    assert.deepEqual(both(right), [
      ['inc-900', 1],
      ['inc-900+2', 0],
    ])
  })
})

describe('a verdict', () => {
  it('takes a denial for no claim', () => {
    const claim = { ...right, statement: `${right.statement}. It is not the event loop blocked` }
    assert.deepEqual(judge(truth, claim).wrong, [])
  })

  it('needs a whole identifier for a function', () => {
    const claim = { ...right, place: '', statement: 'rememberAll() grows the Map in memory.js' }
    assert.equal(judge(truth, claim).namesFunction, false)
  })

  it('takes a statement that names every kind of fault for a guess', () => {
    const guess =
      'memory leak in a Map of remember, event loop, redos, connection pool, socket leak, gc, thread pool'
    assert.equal(judge(truth, { ...right, statement: guess }).isRootCause, false)
  })

  it('allows the line to be a few lines off, and no more', () => {
    const at = (line: number) => ({ ...right, place: `src/memory.js:${line} remember` })
    assert.deepEqual(
      [4, 20, 21].map((line) => judge(truth, at(line)).namesLine),
      [true, true, false],
    )
  })

  it('says nothing of a place that the truth does not know', () => {
    assert.equal(judge({ ...truth, acceptFunctions: [] }, right).namesFunction, undefined)
  })
})

describe('the score of a control', () => {
  it('lists every warning as a false alarm', () => {
    const [result] = scoreRun(control, phases, [vague, right])
    assert.equal(result?.falseAlarms.length, 2)
  })

  it('is silent about an info, and about what came after the run', () => {
    const [result] = scoreRun(control, phases, [
      { ...vague, severity: 'info' },
      { ...right, at: 36_000 },
    ])
    assert.deepEqual(result?.falseAlarms, [])
  })
})

describe('reading claims', () => {
  it('takes statement and place, and leaves the evidence alone', () => {
    const line = JSON.stringify({
      createdAt: '2026-01-01T00:00:05.000Z',
      summary: 'It grows',
      rootCauseHypothesis: 'remember() never deletes',
      location: { file: 'src/memory.js', function: 'remember', line: 12 },
      severity: 'critical',
      confidence: 'high',
      remediation: 'Evict',
      causedBy: 'other',
      evidence: [{ name: 'secret', value: 1 }],
    })
    assert.deepEqual(readClaims(`${line}\n\n`), [
      {
        at: Date.parse('2026-01-01T00:00:05.000Z'),
        statement: 'It grows\nremember() never deletes',
        place: 'src/memory.js:12 remember',
        line: 12,
        remedy: 'Evict',
        severity: 'critical',
        confidence: 'high',
        isConsequence: true,
      },
    ])
  })

  it('counts a line that is no JSON as something said', () => {
    assert.equal(readClaims('half a li')[0]?.statement, 'half a li')
  })
})

describe('the summary of a suite', () => {
  it('counts incidents and controls apart', () => {
    const summary = summarise([
      score(right),
      score(),
      ...scoreRun(control, phases, []),
      ...scoreRun(control, phases, [vague]),
    ])
    assert.equal(summary.incidents, 2)
    assert.equal(summary.detected, 1)
    assert.equal(summary.rootCauseFirst, 1)
    assert.equal(summary.silentControls, 1)
    assert.equal(summary.falseAlarmsOnControls, 1)
    assert.equal(summary.medianRootCauseSeconds, 5)
    assert.equal(summary.meanScore, 0.5)
  })

  it('has no time and no mean of nothing', () => {
    const summary = summarise([])
    assert.equal(summary.medianDetectedSeconds, undefined)
    assert.equal(summary.meanScore, undefined)
  })
})
