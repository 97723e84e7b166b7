import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const APP = fileURLToPath(
  new URL(`../fixtures/skills/io-app${extname(import.meta.url)}`, import.meta.url),
)
/** Generous: the machine has two cores and other work. */
const LIMIT_MS = 90_000

interface Row {
  readonly reportable?: boolean
  readonly isLoop?: boolean
  readonly trouble?: string
  readonly kind?: string
  readonly explanation?: string
  readonly location?: { readonly function: string; readonly file: string } | null
}

/** Runs one scenario until the skill has raised a symptom and answered the question. */
function firstAnswer(scenario: string, call: string): Promise<readonly Row[]> {
  const settings = { onSymptom: [{ call, input: {}, timeoutMs: 20_000 }] }
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', APP, scenario, JSON.stringify(settings)],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS },
  )
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said: { asked?: string; value?: readonly Row[] } = JSON.parse(line)
      if (said.asked !== call) return
      resolve(said.value ?? [])
      child.kill('SIGKILL')
    })
    child.once('close', () => reject(new Error(`${scenario}: no symptom within ${LIMIT_MS} ms`)))
  })
}

describe('handles and http in a running application', () => {
  it('name the function that opens connections and closes none', async () => {
    const rows = await firstAnswer('connections', 'handles_sites')
    const [row] = rows.filter(({ reportable }) => reportable === true)
    assert.equal(row?.location?.function, 'Ledger.post')
    assert.match(row?.explanation ?? '', /never closes it/)
  })

  it('name the function that leaves streams of files half read', async () => {
    const rows = await firstAnswer('streams', 'handles_files')
    const row = rows.find(({ reportable }) => reportable === true)
    assert.equal(row?.location?.function, 'firstBytes')
  })

  it('name the function whose workers die and are started again', async () => {
    const rows = await firstAnswer('workers', 'handles_crash_loops')
    assert.equal(rows.find(({ isLoop }) => isLoop === true)?.location?.function, 'startIndexer')
  })

  it('name the function that calls an upstream that became slow', async () => {
    const rows = await firstAnswer('slow', 'http_upstream_troubles')
    const row = rows.find(({ trouble }) => trouble === 'slow')
    assert.equal(row?.location?.function, 'loadRates')
    assert.match(row?.explanation ?? '', /Slow upstream/)
  })

  it('name the function in which requests wait for a lock, and the way out that keeps it', async () => {
    const [row] = await firstAnswer('stuck', 'http_stuck_requests')
    assert.equal(row?.kind, 'lock')
    assert.match(
      row?.explanation ?? '',
      /never released.*without giving it back in line \d+ .*return 'forgot something'/,
    )
  })
})
