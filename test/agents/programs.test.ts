import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linesOf, modulePath, runProgram } from './support/run-program.ts'

function fixture(name: string): string {
  return modulePath(import.meta, `./fixtures/${name}`)
}

describe('after stop()', () => {
  it('nothing of nodelens is left, calls that waited have settled, and the process ends by itself', async () => {
    const { code, stdout, stderr } = await runProgram([fixture('leaves-nothing')])
    assert.equal(code, 0, stderr)
    assert.equal(stderr, '')
    const [told] = linesOf<{ before: unknown; after: unknown; cutOff: string }>(stdout)
    assert.deepEqual(told?.after, told?.before)
    assert.ok(['ERR_LENS_STOPPED', 'cancelled', 'done'].includes(told?.cutOff ?? ''), told?.cutOff)
  })
})

describe('clients in a worker of the application', () => {
  it('ask the root thread directly, and every call settles', async () => {
    const { code, stdout, stderr } = await runProgram([fixture('clients-program')])
    assert.equal(code, 0, stderr)
    const told = linesOf<{ what: string; value: unknown }>(stdout)
    assert.deepEqual(Object.fromEntries(told.map(({ what, value }) => [what, value])), {
      early: false,
      run: { insights: 0, outcome: 'done', models: ['rules'] },
      pipeline: { outcome: 'done', iterations: 2 },
      await: true,
      operator: [],
      handle: told.find(({ what }) => what === 'handle')?.value,
      'unknown skill': 'ERR_UNKNOWN_SKILL',
      'aborted before': 'too late',
      aborted: 'enough',
      'too short': 'ERR_CALL_TIMEOUT',
      'cut off': 'ERR_LENS_STOPPED',
      after: 'ERR_LENS_NOT_RUNNING',
      'worker-exited': true,
    })
    assert.match(JSON.stringify(told), /"what":"handle","value":\{"type":"completed"/)
  })
})

describe('a continuous operator of a real process', () => {
  it('attests what its rules see and that it is over, in status and observer, without a model', async () => {
    const { code, stdout, stderr } = await runProgram([fixture('continuous-program')])
    assert.equal(code, 0, stderr)
    const told = linesOf<{ what: string; value: { state: string; mode: string } }>(stdout)
    const stateAt = (what: string) => told.find((one) => one.what === what)?.value.state
    assert.equal(told[0]?.value.mode, 'continuous')
    assert.deepEqual(['before', 'ill', 'well'].map(stateAt), ['healthy', 'critical', 'healthy'])
    assert.match(JSON.stringify(told[2]), /"id":"pool"[^]*"state":"critical"/)
  })
})

interface Told {
  readonly when: string
  readonly what: string
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly running?: boolean
}

/** What each mistake must say. */
const expectations: Record<string, RegExp> = {
  'start(null)': /start\(options\): expected an object with skills.*got null/,
  'start: unknown option': /unknown option "skils"; did you mean "skills"\?/,
  'start: unknown skill': /unknown skill "vm_event"; did you mean "vm_events"\?/,
  'start: skill of wrong type': /Built in are vm, tables, vm_events/,
  'start: raw skill': /defineSkill/,
  'start: skill twice': /"vm" is given twice/,
  'start: no skill': /expected at least one of vm/,
  'start: unknown model': /gemni/,
  'start: observer option': /unknown option "prot"; did you mean "port"\?/,
  'start: observer port': /port: expected <=65535; got 70000/,
  'start: observer for others': /host "0\.0\.0\.0" can be reached by others/,
  'start: triggers option': /unknown option "stall"; did you mean "stalls"\?/,
  'start: insightsFile': /insightsFile: expected string/,
  'run: unknown option': /unknown option "deadline"; did you mean "deadlineMs"\?/,
  'run: deadline': /deadlineMs: expected number; got "soon"/,
  'run: iterations': /maxIterations: expected <=100; got 1000/,
  'run: skills': /skills: expected Array/,
  'run: strategy': /strategy: expected .*"agent-loop" \| "pipeline"/,
  'run: module': /strategy.*the URL of a file/,
  'run: priority': /priority: expected \("high" \| "normal" \| "low"\); got "urgent"/,
  'run: notifications': /notifications\.0\.id: expected "id"/,
  'run: context': /expected a context like \{ reason: 'memory alert' \}; got a string "p99"/,
  'run: reason': /context\.reason: expected a string; got a number 7/,
  'run: function in context': /plain JSON data/,
  'await: id': /expected the id of a run; got a number 7/,
  'await: timeout': /timeoutMs: expected milliseconds/,
  'cancel: id': /expected the id of a run; got an object/,
  'operator run: skill': /expected the id of a skill/,
  'operator run: option': /unknown option "skills"/,
  'operator message: text': /expected a text/,
  'operator status: skill': /expected the id of a skill/,
  defineSkill: /id/,
  'telemetry: event': /did you mean "coordinator"\?/,
  'run without start': /Call start\(\) first/,
  'start in a worker': /call it in the main thread/,
  'start twice': /runs in this process already/,
  'run: unknown model': /unknown provider "gemni".*Nothing was started/,
  'run: unknown skill': /unknown skill "table"\. Did you mean "tables"\? Known skills: vm, tables/,
  'operator run: unknown skill': /unknown skill "redis".*Known skills: vm, tables/,
  'operator status: unknown skill': /unknown skill "redis"/,
  'await: unknown run': /there is no run "run-unknown"/,
  'await: no run': /no run is under way/,
  'operator message: not running': /operator "vm" is not running/,
  'run after stop': /Call start\(\) first/,
}

describe('misuse of everything public', () => {
  it('is a clear error that names what was expected, and starts nothing', async () => {
    const { code, stdout, stderr } = await runProgram([fixture('misuse-program')])
    assert.equal(code, 0, stderr)
    const told = linesOf<Told>(stdout)
    for (const { when, what, name, message } of told.filter((line) => line.what !== undefined)) {
      assert.match(
        message ?? name,
        expectations[what] ?? /no expectation/,
        `${when} ${what}: ${name}: ${message}`,
      )
    }
    assert.deepEqual(
      new Set(told.map(({ what }) => what).filter((what) => what !== undefined)),
      new Set(Object.keys(expectations)),
    )
    assert.equal(told.find(({ when }) => when === 'end')?.running, false)
  })
})
