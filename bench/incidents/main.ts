/**
 * The incident suite: services with a fault, run under `--import nodelens/register` with the rules
 * model, and what nodelens said about them, scored. README.md of this folder has the rules.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { installed } from './install.ts'
import { type Options, readOptions, usage } from './options.ts'
import { measureOverhead, type Overhead, overheadText } from './overhead.ts'
import { summaryText, table } from './report.ts'
import { resultFile, runIncident, scoreRecord } from './run-incident.ts'
import type { RunScore } from './score.ts'
import { type Summary, summarise } from './summary.ts'
import { incidentIds, isSuite, readTruth } from './truth.ts'

const here = dirname(fileURLToPath(import.meta.url))
const isSource = import.meta.url.endsWith('.ts')
const projectRoot = resolve(here, isSource ? '../..' : '../../..')
const ownSuite = join(projectRoot, 'bench/incidents/suite')

interface SuiteResult {
  readonly suite: string
  readonly summary: Summary
  readonly runs: readonly RunScore[]
  readonly failures: readonly string[]
}

const recordFields = v.object({
  id: v.string(),
  phases: v.object({ baseline: v.number(), fault: v.number(), end: v.number() }),
  exit: v.nullable(
    v.object({ code: v.nullable(v.number()), signal: v.nullable(v.string()), at: v.number() }),
  ),
  load: v.unknown(),
  usage: v.unknown(),
})

async function main(): Promise<void> {
  const options = checkedOptions()
  const say = (line: string): void => (options.isJson ? console.error(line) : console.log(line))
  const suites = checkedSuites(options)
  const results: SuiteResult[] = []
  if (options.does.incidents) {
    for (const suite of suites) results.push(await runSuite(suite, options, say))
  }
  const overhead = options.does.overhead ? await overheadOf(options, say) : undefined
  if (options.isJson) {
    console.log(
      JSON.stringify({ version: 1, suites: results, overhead: overhead ?? null }, null, 1),
    )
  }
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1
}

function checkedOptions(): Options {
  const extension = isSource ? '.ts' : '.js'
  try {
    return readOptions(process.argv.slice(2), {
      registerPath: join(here, `../../agents/register${extension}`),
      alsoWhereItExists: resolve(projectRoot, '../shared/incidents'),
    })
  } catch (error) {
    return refuse(error)
  }
}

/** The suites in which the wanted incidents are; an id that is in none is a mistake. */
function checkedSuites({ also, ids }: Options): readonly string[] {
  const suites = [ownSuite, ...also.map((folder) => resolve(folder))]
  try {
    for (const suite of suites) {
      if (!isSuite(suite)) throw new Error(`${suite} has no apps/<id>/truth.json`)
    }
    const known = suites.flatMap((suite) => incidentIds(suite))
    const unknown = ids.filter((id) => !known.includes(id))
    if (unknown.length > 0) {
      throw new Error(`no incident is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
    }
  } catch (error) {
    return refuse(error)
  }
  return suites.filter((suite) => wanted(suite, ids).length > 0)
}

function refuse(error: unknown): never {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  return process.exit(2)
}

function wanted(suite: string, ids: readonly string[]): readonly string[] {
  return incidentIds(suite).filter((id) => ids.length === 0 || ids.includes(id))
}

async function runSuite(
  source: string,
  options: Options,
  say: (line: string) => void,
): Promise<SuiteResult> {
  const isOwn = source === ownSuite
  const folder = options.does.run ? installed(source, { own: isOwn, log: say }) : source
  const name = isOwn ? 'own' : 'other'
  say(`\n── ${source}`)
  const runs: RunScore[] = []
  const failures: string[] = []
  for (let round = 1; round <= options.repeat; round += 1) {
    const resultsFolder = join(projectRoot, 'results/incidents', options.label, name, `${round}`)
    for (const id of wanted(source, options.ids)) {
      try {
        const scores = await oneRun(id, folder, resultsFolder, options)
        runs.push(...scores)
        for (const line of table(scores).split('\n').slice(1)) say(line)
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error))
        say(`${id}  FAILED: ${failures.at(-1)}`)
      }
    }
  }
  const summary = summarise(runs)
  say(`\n${table(runs)}\n\n${summaryText(summary)}`)
  return { suite: source, summary, runs, failures }
}

/** Runs one, or reads what was kept; nothing where nothing was. */
async function oneRun(
  id: string,
  suite: string,
  resultsFolder: string,
  { registerPath, baselineSeconds, faultSeconds, does }: Options,
): Promise<readonly RunScore[]> {
  const truth = readTruth(suite, id)
  if (does.run) {
    return runIncident(truth, { suite, registerPath, resultsFolder, baselineSeconds, faultSeconds })
  }
  const file = resultFile({ resultsFolder }, id, 'run.json')
  if (!existsSync(file)) return []
  const record = v.parse(recordFields, JSON.parse(readFileSync(file, 'utf8')))
  return scoreRecord(truth, record, { resultsFolder })
}

async function overheadOf(
  { registerPath, label, ids }: Options,
  say: (line: string) => void,
): Promise<Overhead | undefined> {
  const truth = incidentIds(ownSuite)
    .map((id) => readTruth(ownSuite, id))
    .find(
      ({ id, overheadPath }) =>
        overheadPath !== undefined && (ids.length === 0 || ids.includes(id)),
    )
  if (truth === undefined || registerPath === undefined) {
    say('\noverhead: left out (no control with an overhead_path is wanted, or services run bare)')
    return undefined
  }
  const logsFolder = join(projectRoot, 'results/incidents', label)
  mkdirSync(logsFolder, { recursive: true })
  const suite = installed(ownSuite, { own: true, log: say })
  const overhead = await measureOverhead(truth, { suite, registerPath, logsFolder })
  say(`\n${overheadText(overhead)}`)
  return overhead
}

await main()
