/**
 * Runs the built tests: `node dist/test/support/run-tests.js [filter…] [--repeat N] …`.
 *
 * Every file is a process group of its own with a time limit. Files run side by side, except those
 * that hold a line `// run alone: <why>`; these follow one by one. At the end stands what failed,
 * what was left out and why, and one closing line with the totals.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { projectRoot } from './project.ts'
import { printFile, printSummary, type RunTotals, summarise } from './run-summary.ts'
import { type FileResult, runTestFile } from './test-file.ts'

const usage = `run-tests [filter…]        files whose path contains one of the filters; none: all
  --repeat N                 the whole selection N times (1)
  --concurrency N            files side by side (one more than cores, at most 4: most of them wait)
  --file-limit-ms N          longest run of one file (240000)
  --bail                     stop after the first round with a failure
  --summary FILE             totals as JSON into FILE`

interface Settings {
  readonly filters: readonly string[]
  readonly repeat: number
  readonly concurrency: number
  readonly fileLimitMs: number
  readonly bail: boolean
  readonly summary: string | undefined
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2))
  const files = findTests(settings.filters)
  if (files.length === 0)
    fail(`no test file matches ${settings.filters.join(', ') || 'dist/test/**/*.test.js'}`)
  const startedAt = performance.now()
  const results: FileResult[] = []
  for (let round = 1; round <= settings.repeat; round += 1) {
    if (settings.repeat > 1) console.log(`round ${round} of ${settings.repeat}`)
    const ofRound = await runRound(files, settings)
    results.push(...ofRound)
    if (settings.bail && ofRound.some((result) => result.failures.length > 0)) break
  }
  const totals: RunTotals = summarise(results, performance.now() - startedAt)
  if (settings.summary !== undefined) writeFileSync(settings.summary, JSON.stringify(totals))
  printSummary(totals)
  process.exitCode = totals.failed > 0 ? 1 : 0
}

async function runRound(files: readonly string[], settings: Settings): Promise<FileResult[]> {
  const alone = files.filter(runsAlone)
  const together = files.filter((file) => !alone.includes(file))
  const results = await runPool(together, settings.concurrency, settings)
  return [...results, ...(await runPool(alone, 1, settings))]
}

async function runPool(
  files: readonly string[],
  width: number,
  settings: Settings,
): Promise<FileResult[]> {
  const results: FileResult[] = []
  const waiting = [...files]
  const lane = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runTestFile(file, settings.fileLimitMs)
      results.push(result)
      printFile(result, settings.repeat > 1)
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}

function runsAlone(file: string): boolean {
  return /^\s*\/\/ run alone: \S/m.test(readFileSync(join(projectRoot, file), 'utf8'))
}

/** Test files of the build whose source still exists: `tsc` never removes what it once wrote. */
function findTests(filters: readonly string[]): string[] {
  const sources = new Set(
    walk(join(projectRoot, 'test')).map((path) => path.replace(/\.ts$/, '.js')),
  )
  return walk(join(projectRoot, 'dist', 'test'))
    .filter((path) => path.endsWith('.test.js') && !path.includes('/fixtures/'))
    .filter((path) => sources.has(path.replace(/^dist\//, '')))
    .filter(
      (path) =>
        filters.length === 0 ||
        filters.some((filter) => path.includes(normal(filter).replace(/\.ts$/, ''))),
    )
    .toSorted()
}

function walk(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => normal(relative(projectRoot, join(entry.parentPath, entry.name))))
}

function normal(path: string): string {
  return path.replaceAll('\\', '/')
}

function readSettings(argv: string[]): Settings {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        repeat: { type: 'string', default: '1' },
        concurrency: { type: 'string', default: String(Math.min(4, availableParallelism() + 1)) },
        'file-limit-ms': { type: 'string', default: '240000' },
        bail: { type: 'boolean', default: false },
        summary: { type: 'string' },
      },
    })
    return {
      filters: positionals,
      repeat: count('--repeat', values.repeat),
      concurrency: count('--concurrency', values.concurrency),
      fileLimitMs: count('--file-limit-ms', values['file-limit-ms']),
      bail: values.bail,
      summary: values.summary,
    }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function count(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new RangeError(`${option} expects a whole number above 0, got '${text}'`)
}

function fail(message: string): never {
  console.error(`${message}\n\n${usage}`)
  process.exit(2)
}

await main()
