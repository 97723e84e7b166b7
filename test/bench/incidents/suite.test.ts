import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { LoadLog } from '../../../bench/incidents/load-log.ts'
import { readOptions } from '../../../bench/incidents/options.ts'
import { scoreRun } from '../../../bench/incidents/score.ts'
import { stage } from '../../../bench/incidents/stage.ts'
import { incidentIds, readTruth, type Truth } from '../../../bench/incidents/truth.ts'
import { modulePath, projectRoot } from '../../support/project.ts'

const ownSuite = join(projectRoot, 'bench/incidents/suite')
const folder = mkdtempSync(join(tmpdir(), 'incidents-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function makeApp(id: string, truth: unknown): void {
  mkdirSync(join(folder, 'apps', id, 'src'), { recursive: true })
  writeFileSync(join(folder, 'apps', id, 'app.js'), 'first()\nculprit()\n')
  writeFileSync(join(folder, 'apps', id, 'load.js'), '')
  writeFileSync(join(folder, 'apps', id, 'truth.json'), JSON.stringify(truth))
}
const least = { id: 'inc-1', category: 'c', healthy: false, title: 't' }

describe('the own incidents', () => {
  const truths = incidentIds(ownSuite).map((id) => readTruth(ownSuite, id))
  const faults = truths
    .filter(({ isHealthy }) => !isHealthy)
    .flatMap((truth) => [truth, ...truth.also].map((fault) => ({ ...truth, ...fault, also: [] })))
  const told = (truth: Truth, statement: string) => {
    const [result] = scoreRun(truth, { baseline: 0, fault: 10_000, end: 32_000 }, [
      {
        at: 15_000,
        statement,
        place: `${truth.culpritFile ?? ''}:${truth.culpritLine ?? ''}`,
        line: truth.culpritLine,
        remedy: truth.remedyMustMention.map(([first]) => first).join(' '),
        severity: 'critical',
        confidence: 'high',
        isConsequence: false,
      },
    ])
    assert.ok(result?.type === 'incident')
    return result
  }

  for (const truth of faults) {
    it(`${truth.id}, ${truth.category}: its own words get full marks`, () => {
      const result = told(truth, `${truth.rootCause ?? ''} ${truth.acceptFunctions[0] ?? ''}`)
      assert.equal(result.score, 1, JSON.stringify(result))
    })

    it(`${truth.id}, ${truth.category}: a symptom is no root cause`, () => {
      const symptom = 'Elevated latency and resource usage; p99 is above the baseline'
      assert.equal(told({ ...truth, culpritFile: undefined }, symptom).isRootCauseFirst, false)
    })
  }
})

describe('reading a truth', () => {
  it('finds the line by its text', () => {
    makeApp('inc-1', { ...least, culprit_file: 'app.js', line_match: 'culprit(' })
    assert.equal(readTruth(folder, 'inc-1').culpritLine, 2)
  })

  it('names file and field of a mistake', () => {
    makeApp('inc-2', { ...least, id: 'inc-2', healthy: 'yes' })
    assert.throws(() => readTruth(folder, 'inc-2'), /inc-2\/truth\.json.*[\s\S]*healthy/)
  })

  it('says which text is not there', () => {
    makeApp('inc-3', { ...least, id: 'inc-3', culprit_file: 'app.js', line_match: 'nowhere' })
    assert.throws(() => readTruth(folder, 'inc-3'), /has no line with "nowhere"/)
  })
})

describe('staging', () => {
  it('copies the service and leaves the experiment behind', () => {
    makeApp('inc-4', { ...least, id: 'inc-4' })
    const staged = stage(folder, 'inc-4')
    try {
      const has = (name: string): boolean => existsSync(join(staged.folder, name))
      assert.deepEqual(['app.js', 'src', 'package.json', 'truth.json', 'load.js'].map(has), [
        true,
        true,
        true,
        false,
        false,
      ])
      assert.doesNotMatch(staged.folder, /inc-/)
    } finally {
      staged.remove()
    }
  })
})

describe('the lines of a load', () => {
  it('give the phases; the end is the load’s own, else that of the process', () => {
    const log = new LoadLog()
    for (const [name, ts] of [
      ['baseline', 1],
      ['fault', 2],
    ] as const) {
      log.hear(JSON.stringify({ event: 'phase', name, ts }))
    }
    log.hear('not JSON')
    assert.deepEqual(log.phases(9), { baseline: 1, fault: 2, end: 9 })
  })

  it('are no run when the fault never came', () => {
    assert.equal(new LoadLog().phases(9), undefined)
  })
})

describe('the options', () => {
  const register = modulePath('agents/register')
  const read = (...argv: string[]) =>
    readOptions(argv, { registerPath: register, alsoWhereItExists: '/nowhere' })

  it('run everything by default, once', () => {
    const { ids, repeat, does, also } = read()
    assert.deepEqual([ids, repeat, also], [[], 1, []])
    assert.deepEqual(does, { incidents: true, overhead: true, run: true })
  })

  const mistakes: readonly (readonly [string[], RegExp])[] = [
    [['--repeat', '0'], /--repeat is "0", expected a whole number from 1 to 50/],
    [['--fault', 'long'], /--fault is "long"/],
    [['--label', '../up'], /--label is "..\/up", expected letters/],
    [['--register', '/no/such.js'], /--register: \/no\/such\.js is not there/],
    [['--overhead', '--no-overhead'], /choose one/],
    [['--own-only', '--also', '/tmp'], /choose one/],
    [['--speed'], /--speed/],
    [['../etc'], /an incident is "..\/etc", expected an id/],
  ]
  for (const [argv, message] of mistakes) {
    it(`refuse ${argv.join(' ')}`, () => assert.throws(() => read(...argv), message))
  }

  it('of an unknown incident are refused with the known ones', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [modulePath('bench/incidents/main'), 'inc-777', '--own-only'],
      { encoding: 'utf8', timeout: 30_000 },
    )
    assert.equal(status, 2)
    assert.match(stderr, /no incident is called inc-777; there are inc-/)
  })
})
