/**
 * `npm run conformance`: runs the conformance tests and prints, for each section, how many core
 * cases there are, how many hold, and which do not. A case holds if at least one test carries its
 * id and every test that does passes. Exit code 1 if one does not hold.
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SECTIONS } from './core-cases.ts'

/** A file that takes longer is stuck, milliseconds. */
const FILE_LIMIT_MS = 180_000

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
printTable()

/** `ok 3 - SUP-017 faulty specs` counts for every id at the start of the title. */
function note(line: string): void {
  const [, failed, title = ''] = /^\s*(not )?ok \d+ - (.*)$/.exec(line) ?? []
  const [ids = ''] = /^(?:[A-Z]{3}-\d{3}(?:, | |: )?)*/.exec(title) ?? []
  for (const id of ids.match(/[A-Z]{3}-\d{3}/g) ?? []) {
    outcomes.set(id, failed === undefined && outcomes.get(id) !== false)
  }
}

function printTable(): void {
  const rows = Object.entries(SECTIONS).map(([section, { title, core }]) => {
    const ids = core.map((number) => `${section}-${String(number).padStart(3, '0')}`)
    const failing = ids.filter((id) => outcomes.get(id) === false)
    const missing = ids.filter((id) => !outcomes.has(id))
    return { section, title, core: ids.length, failing, missing }
  })
  const head = `${'section'.padEnd(44)} core  passing  failing or missing`
  console.log(head)
  for (const { section, title, core, failing, missing } of rows) {
    const bad = [...failing, ...missing.map((id) => `${id} (no test)`)]
    const passing = core - bad.length
    const name = `${section} ${title}`.padEnd(44)
    console.log(
      `${name} ${String(core).padStart(4)} ${String(passing).padStart(8)}  ${bad.join(', ') || 'none'}`,
    )
  }
  const core = rows.reduce((sum, row) => sum + row.core, 0)
  const bad = rows.reduce((sum, row) => sum + row.failing.length + row.missing.length, 0)
  console.log(`${'all'.padEnd(44)} ${String(core).padStart(4)} ${String(core - bad).padStart(8)}`)
  process.exitCode = bad === 0 ? 0 : 1
}
