/** One incident from start to end: upstream, service, load; then what was said about it. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readClaims } from './claim.ts'
import { LoadLog } from './load-log.ts'
import { freePort, isListening } from './ports.ts'
import { type Exit, Program } from './program.ts'
import { type Phases, type RunScore, scoreRun } from './score.ts'
import { type Stage, stage } from './stage.ts'
import type { Truth } from './truth.ts'
import { type Usage, watchUsage } from './usage.ts'

const upstreamStartMs = 60_000
const serviceStartMs = 20_000
/** Over the two phases, until a load that hangs is stopped. */
const loadSpareMs = 30_000
/** What is known at the end is still being written. */
const lastWordsMs = 800

export interface RunSettings {
  /** The folder of the suite, its dependencies installed. */
  readonly suite: string
  /** The module that `--import` names; without one the service runs bare. */
  readonly registerPath: string | undefined
  /** Logs, insights and the record of the run go here. */
  readonly resultsFolder: string
  readonly baselineSeconds: number
  readonly faultSeconds: number
}

/** What is kept of a run, so that it can be scored again. */
export interface RunRecord {
  readonly id: string
  readonly phases: Phases
  /** How the service ended when nobody had stopped it. */
  readonly exit: Exit | null
  readonly load: unknown
  /** What the kernel says of the service, twice a second. */
  readonly usage: readonly Usage[]
}

interface Staged {
  readonly truth: Truth
  readonly settings: RunSettings
  readonly service: Stage
  readonly programs: Program[]
  readonly environment: Readonly<Record<string, string>>
  readonly port: number
}

/**
 * Runs an incident and scores it, a result for each of its faults.
 *
 * @throws {Error} The service, its upstream or its load did not start, or a load did not get to the
 * fault; the message names the log.
 */
export async function runIncident(
  truth: Truth,
  settings: RunSettings,
): Promise<readonly RunScore[]> {
  mkdirSync(settings.resultsFolder, { recursive: true })
  for (const kind of resultKinds) rmSync(resultFile(settings, truth.id, kind), { force: true })
  const service = stage(settings.suite, truth.id)
  const programs: Program[] = []
  try {
    const record = await perform({ truth, settings, service, programs, ...(await address()) })
    writeFileSync(resultFile(settings, truth.id, 'run.json'), JSON.stringify(record, null, 1))
    return scoreRecord(truth, record, settings)
  } finally {
    await Promise.all(programs.map((program) => program.stop()))
    service.remove()
  }
}

/** Scores what a run has left behind. */
export function scoreRecord(
  truth: Truth,
  { phases }: Pick<RunRecord, 'phases'>,
  settings: Pick<RunSettings, 'resultsFolder'>,
): readonly RunScore[] {
  const file = resultFile(settings, truth.id, 'insights.jsonl')
  return scoreRun(truth, phases, existsSync(file) ? readClaims(readFileSync(file, 'utf8')) : [])
}

const resultKinds = ['run.json', 'insights.jsonl', 'stdout.txt', 'stderr.txt', 'load.txt'] as const

/** Where a part of a run's results is kept. */
export function resultFile(
  { resultsFolder }: Pick<RunSettings, 'resultsFolder'>,
  id: string,
  kind: (typeof resultKinds)[number],
): string {
  return join(resultsFolder, `${id}.${kind}`)
}

async function address(): Promise<Pick<Staged, 'port' | 'environment'>> {
  const port = await freePort()
  const upstreamPort = await freePort()
  const environment = {
    PORT: String(port),
    DEP_PORT: String(upstreamPort),
    UPSTREAM_URL: `http://127.0.0.1:${upstreamPort}`,
    DATABASE_URL: `postgres://postgres@127.0.0.1:${upstreamPort}/postgres`,
    NODE_ENV: 'production',
  }
  return { port, environment }
}

async function perform(staged: Staged): Promise<RunRecord> {
  const { truth, settings, programs } = staged
  if (existsSync(join(appFolder(staged), 'dep.js'))) await startUpstream(staged)
  const service = startService(staged)
  programs.push(service)
  if (!(await isListening(staged.port, serviceStartMs))) {
    throw failure(staged, 'stderr.txt', `did not listen on port ${staged.port}`)
  }
  const log = new LoadLog()
  const load = startLoad(staged, service, log)
  programs.push(load)
  const watch = watchUsage(service)
  await load.endWithin((settings.baselineSeconds + settings.faultSeconds) * 1000 + loadSpareMs)
  const endedAt = Date.now()
  await delay(lastWordsMs)
  const usage = watch.end()
  const exit = service.exit ?? null
  await service.stop()
  const phases = log.phases(endedAt)
  if (phases === undefined)
    throw failure(staged, 'load.txt', 'has a load.js that never came to the fault')
  return { id: truth.id, phases, exit, load: log.summary ?? null, usage }
}

async function startUpstream(staged: Staged): Promise<void> {
  const ready = new AbortController()
  const upstream = new Program({
    name: 'dep.js',
    folder: appFolder(staged),
    arguments: ['dep.js'],
    environment: staged.environment,
    output: (line) => (line.includes('READY') ? ready.abort() : undefined),
    errors: resultFile(staged.settings, staged.truth.id, 'load.txt'),
  })
  staged.programs.push(upstream)
  const isReady = await Promise.race([
    delay(upstreamStartMs, false, { signal: ready.signal }).catch(() => true),
    upstream.ended.then(() => false),
  ])
  ready.abort()
  if (!isReady) throw failure(staged, 'load.txt', 'has a dep.js that did not say READY')
}

function startService({ truth, settings, service, environment }: Staged): Program {
  const { registerPath } = settings
  const imports = registerPath === undefined ? [] : ['--import', registerPath]
  return new Program({
    name: 'app.js',
    folder: service.folder,
    arguments: [...truth.nodeArguments, ...imports, 'app.js'],
    environment: {
      ...environment,
      NODELENS_MODEL: 'rules',
      NODELENS_OBSERVER: 'off',
      NODELENS_INSIGHTS_FILE: resultFile(settings, truth.id, 'insights.jsonl'),
    },
    output: resultFile(settings, truth.id, 'stdout.txt'),
    errors: resultFile(settings, truth.id, 'stderr.txt'),
  })
}

function startLoad(staged: Staged, service: Program, log: LoadLog): Program {
  const { settings, truth } = staged
  return new Program({
    name: 'load.js',
    folder: appFolder(staged),
    arguments: ['load.js'],
    environment: {
      ...staged.environment,
      APP_PID: String(service.pid ?? 0),
      BASE_S: String(settings.baselineSeconds),
      FAULT_S: String(settings.faultSeconds),
    },
    output: (line) => log.hear(line),
    errors: resultFile(settings, truth.id, 'load.txt'),
  })
}

function appFolder({ settings, truth }: Staged): string {
  return join(settings.suite, 'apps', truth.id)
}

function failure({ truth, settings }: Staged, log: 'stderr.txt' | 'load.txt', what: string): Error {
  return new Error(`${truth.id} ${what}; see ${resultFile(settings, truth.id, log)}`)
}
