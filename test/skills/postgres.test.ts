import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { leftOut } from '../support/left-out.ts'
import { type Database, postgresMissing, startPostgres } from '../support/postgres.ts'

interface Found {
  readonly signal: { readonly key: string; readonly severity: string }
  readonly failed?: string
  readonly rows: readonly {
    readonly kind: string
    readonly location: { readonly file: string; readonly function: string } | null
    readonly observation: string
    readonly explanation: string
    readonly remedy: string
  }[]
}

/** Generous: the machine has two cores and other work. */
const LIMIT_MS = 90_000

/** Runs the application, well for six seconds and then with its mistake, until something is found. */
function runShop(scenario: string, url: string, faultMs: number): Promise<readonly Found[]> {
  const app = fileURLToPath(
    new URL(`../fixtures/skills/postgres-app${extname(import.meta.url)}`, import.meta.url),
  )
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', app, scenario, url, '6500', `${faultMs}`],
      { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS },
    )
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.once('error', reject)
    child.once('close', () => {
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
      resolve(lines.map((line) => JSON.parse(line)))
    })
  })
}

const missing = postgresMissing()
if (missing !== undefined) leftOut('what goes wrong with a real PostgreSQL', missing)
else
  describe('an application with a real PostgreSQL', { concurrency: 3 }, () => {
    let database: Database
    before(async () => {
      database = await startPostgres()
    })
    after(() => database.stop())

    const table: readonly [string, string, string, string, RegExp][] = [
      [
        'leaves a client behind when it throws',
        'leak',
        'not_released',
        'payOrder',
        /line 9\d \(`throw new Error/,
      ],
      [
        'leaves a client behind in a callback',
        'callback',
        'not_released',
        'exportOrder',
        /never calls release/,
      ],
      [
        'lacks an index',
        'index',
        'slow_query',
        'ordersOfCustomer',
        /no index serves customer of the table orders/,
      ],
      ['compares an expression', 'expression', 'slow_query', 'customerByEmail', /lower\(email\)/],
      ['runs a query per row', 'loop', 'n_plus_one', 'listWithCustomers', /N\+1/],
      [
        'waits for a service inside a transaction',
        'lock',
        'lock',
        'reserve',
        /holds its row or table locks/,
      ],
      ['keeps its clients', 'held', 'held', 'quote', /keeps its client while it does other work/],
      [
        'begins transactions on the pool',
        'transaction',
        'open_transaction',
        'transfer',
        /BEGIN with pool\.query/,
      ],
      ['makes a client for each request', 'clients', 'not_ended', 'report', /does not end\(\)/],
    ]
    for (const [name, scenario, kind, place, explanation] of table) {
      it(name, async () => {
        const [first] = await runShop(scenario, database.url, 45_000)
        assert.ok(first !== undefined, 'nothing was found')
        assert.equal(first.failed, undefined)
        assert.deepEqual(
          first.rows.map((row) => [row.kind, row.location?.function]),
          [[kind, place]],
        )
        const [row] = first.rows
        assert.match(row?.location?.file ?? '', /postgres-app\.ts$/)
        assert.match(row?.explanation ?? '', explanation)
        for (const text of [row?.observation, row?.explanation, row?.remedy])
          assert.ok((text ?? '').length < 400, text)
      })
    }

    it('is busier than before, and well', async () => {
      assert.deepEqual(await runShop('healthy', database.url, 9000), [])
    })
  })
