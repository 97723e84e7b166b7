/**
 * `npm run conformance`: runs the conformance tests and prints, for each section, how many core
 * cases there are, how many hold, and which do not; then the same of the extended cases, with those
 * that have no test. A case holds if at least one test carries its id and every test that does
 * passes. Exit code 1 if one does not hold that has to.
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SECTIONS } from './core-cases.ts'
import { EXTENDED } from './extended-cases.ts'

/** A file that takes longer is stuck, milliseconds. */
const FILE_LIMIT_MS = 180_000

const NO_TEST = ' (no test)'

const folder = fileURLToPath(new URL('.', import.meta.url))
const files = readdirSync(folder).filter((name) => /\.test\.[jt]s$/.test(name))
const outcomes = new Map<string, boolean>()

const run = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=1',
    '--test-reporter=tap',
    `--test-timeout=${FILE_LIMIT_MS}`,
    ...files.map((name) => `${folder}${name}`),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
for await (const line of createInterface({ input: run.stdout })) note(line)
const holds = [printCore(), printExtended()]
process.exitCode = holds.every(Boolean) ? 0 : 1

/** `ok 3 - SUP-017 faulty specs` counts for every id at the start of the title. */
function note(line: string): void {
  const [, failed, title = ''] = /^\s*(not )?ok \d+ - (.*)$/.exec(line) ?? []
  const [ids = ''] = /^(?:[A-Z]{2,3}-\d{3}(?:, | |: )?)*/.exec(title) ?? []
  for (const id of ids.match(/[A-Z]{2,3}-\d{3}/g) ?? []) {
    outcomes.set(id, failed === undefined && outcomes.get(id) !== false)
  }
}

/** True if all of them hold. */
function printCore(): boolean {
  const rows = Object.entries(SECTIONS).map(([section, { title, core }]) => {
    const bad = notHolding(section, core)
    return { name: `${section} ${title}`, core: core.length, bad }
  })
  print('section', 'core', 'passing', 'failing or missing')
  for (const { name, core, bad } of rows) {
    print(name, core, core - bad.length, bad.join(', ') || 'none')
  }
  const core = rows.reduce((sum, row) => sum + row.core, 0)
  const bad = rows.reduce((sum, row) => sum + row.bad.length, 0)
  print('all', core, core - bad, '')
  return bad === 0
}

/** True if all that are built hold, and none of the others has a test that fails. */
function printExtended(): boolean {
  const rows = Object.entries(EXTENDED).map(([section, { title, built, others }]) => {
    const missing = notHolding(section, others)
    const failing = missing.filter((id) => !id.endsWith(NO_TEST))
    const bad = [...notHolding(section, built), ...failing]
    const open = missing.map((id) => id.replace(NO_TEST, '').replace(`${section}-`, ''))
    const cases = built.length + others.length
    const passing = cases - notHolding(section, built).length - missing.length
    return { name: `${section} ${title}`, cases, passing, bad, open }
  })
  console.log('')
  print('section', 'ext.', 'passing', 'failing or missing; without a test')
  for (const { name, cases, passing, bad, open } of rows) {
    const rest = open.length === 0 ? '' : `; no test: ${open.join(' ')}`
    print(name, cases, passing, `${bad.join(', ') || 'none'}${rest}`)
  }
  const cases = rows.reduce((sum, row) => sum + row.cases, 0)
  print(
    'all',
    cases,
    rows.reduce((sum, row) => sum + row.passing, 0),
    '',
  )
  return rows.every(({ bad }) => bad.length === 0)
}

function notHolding(section: string, numbers: readonly number[]): string[] {
  return numbers
    .map((number) => `${section}-${String(number).padStart(3, '0')}`)
    .filter((id) => outcomes.get(id) !== true)
    .map((id) => (outcomes.has(id) ? id : `${id}${NO_TEST}`))
}

function print(name: string, cases: number | string, passing: number | string, rest: string): void {
  const columns = [
    name.padEnd(44),
    String(cases).padStart(4),
    String(passing).padStart(8),
    ` ${rest}`,
  ]
  console.log(columns.join(' ').trimEnd())
}
