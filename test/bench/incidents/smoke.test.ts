// run alone: a service, its load and nodelens are three programs, which must not starve
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runIncident } from '../../../bench/incidents/run-incident.ts'
import { readTruth } from '../../../bench/incidents/truth.ts'
import { modulePath, projectRoot } from '../../support/project.ts'

const resultsFolder = mkdtempSync(join(tmpdir(), 'incident-smoke-'))
after(() => rmSync(resultsFolder, { recursive: true, force: true }))

// needs no package, so that nothing is installed
const suite = join(projectRoot, 'bench/incidents/suite')
const truth = readTruth(suite, 'inc-110')

describe('an incident from start to end', () => {
  it('is run, heard and scored: the function that starves the event loop is named', async () => {
    const [score] = await runIncident(truth, {
      suite,
      registerPath: modulePath('agents/register'),
      resultsFolder,
      baselineSeconds: 4,
      faultSeconds: 20,
    })
    assert.ok(score?.type === 'incident')
    // that it does so by microtasks may not be seen on a machine that starves it as well
    assert.equal(score.verdict.namesFunction, true, JSON.stringify(score))
    assert.deepEqual(score.falseAlarms, [])
    assert.deepEqual(score.wrongClaims, [])
  })

  it('leaves the record of the run behind, and no service', () => {
    assert.ok(existsSync(join(resultsFolder, 'inc-110.insights.jsonl')))
    const record: unknown = JSON.parse(
      readFileSync(join(resultsFolder, 'inc-110.run.json'), 'utf8'),
    )
    assert.ok(typeof record === 'object' && record !== null && 'load' in record)
  })
})
