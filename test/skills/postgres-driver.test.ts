import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, afterEach, before, describe, it } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'
import { askDatabase } from '../../skills/postgres/main/ask.ts'
import { Ledger } from '../../skills/postgres/main/ledger.ts'
import { watchModules } from '../../skills/postgres/main/modules.ts'
import { Patch } from '../../skills/postgres/main/patch.ts'
import { readDetails, readLedger } from '../../skills/postgres/main/readings.ts'

// The embedded stand-in for a server: one session behind a socket.
let server: PGLiteSocketServer
let url = ''
before(async () => {
  const db = await PGlite.create()
  await db.exec(
    'create table item(id int primary key, name text); insert into item select g, $$n$$ || g from generate_series(1, 50) g',
  )
  server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 20 })
  await server.start()
  url = `postgres://postgres@${server.getServerConn()}/postgres`
})
after(() => server.stop())

let ends: (() => void)[] = []
let pools: pg.Pool[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

function observe(): Ledger {
  const ledger = new Ledger()
  const patch = new Patch(ledger)
  const stop = watchModules((exported) => patch.see(exported))
  ends.push(() => {
    stop()
    patch.undo()
  })
  return ledger
}

function open(options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 3, ...options })
  pool.on('error', () => {})
  pools.push(pool)
  return pool
}

/** What an application can tell of the driver's behaviour. */
async function behaviour(): Promise<unknown> {
  const pool = open()
  const told: unknown[] = []
  const failure = (error: unknown): unknown =>
    error instanceof Error ? [error.name, error.message, Reflect.get(error, 'code')] : error
  const tell = (name: string, value: unknown): number => told.push([name, value])
  const client = await pool.connect()
  tell('rows', (await client.query('select id from item order by id limit 2')).rows)
  tell('values', (await client.query('select name from item where id = $1', [3])).rows)
  tell(
    'config',
    (await client.query({ text: 'select $1::int as a', values: [1], rowMode: 'array' })).rows,
  )
  tell('error', await client.query('select nonsense').catch(failure))
  tell(
    'null',
    await Promise.resolve()
      .then(() => client.query(null as never))
      .catch(failure),
  )
  const query = new pg.Query('select 5 as five', (() => {}) as never)
  tell('submittable', client.query(query) === query)
  await new Promise((resolve) => query.once('end', resolve))
  tell(
    'callback',
    await new Promise((resolve) => {
      const result: unknown = client.query(
        'select 1 as one',
        function callback(this: unknown, error, result) {
          resolve([error, result.rows, typeof this])
        },
      )
      tell('returned', result)
    }),
  )
  tell(
    'callback error',
    await new Promise((resolve) =>
      client.query('select nope', [], (error) => resolve(failure(error))),
    ),
  )
  client.release()
  tell(
    'twice',
    await Promise.resolve()
      .then(() => client.release())
      .catch(failure),
  )
  tell('pool', (await pool.query('select id from item where id = $1', [7])).rows)
  tell(
    'pool callback',
    await new Promise((resolve) =>
      pool.query('select 2 as two', (error, result) => resolve([error, result.rows])),
    ),
  )
  tell('pool error', await pool.query('select nope').catch(failure))
  tell(
    'checkout',
    await new Promise((resolve) =>
      pool.connect((error, one, done) => {
        done()
        resolve([error, one instanceof pg.Client, typeof done])
      }),
    ),
  )
  const many = await Promise.all(
    Array.from({ length: 9 }, (_, id) => pool.query('select $1::int as id', [id])),
  )
  tell(
    'many',
    many.map(({ rows }) => rows),
  )
  tell('counts', [pool.totalCount, pool.idleCount, pool.waitingCount])
  const impatient = open({ max: 1, connectionTimeoutMillis: 50 })
  const only = await impatient.connect()
  tell('timeout', await impatient.query('select 1').catch(failure))
  only.release()
  tell('names', [
    pg.Pool.prototype.query.name,
    pg.Client.prototype.query.length,
    pg.Client.prototype.connect.name,
    Object.keys(pg.Client.prototype),
  ])
  return told
}

describe('the driver, observed', () => {
  it('behaves as it does unobserved, and is as it was afterwards', async () => {
    const unobserved = await behaviour()
    // oxlint-disable-next-line typescript/unbound-method
    const was = [pg.Client.prototype.query, pg.Query.prototype.submit, pg.Pool.prototype.connect]
    const ledger = observe()
    assert.deepEqual(await behaviour(), unobserved)
    const { calls, active } = readLedger(ledger)
    assert.deepEqual([calls, active], [20, 0])
    for (const end of ends.splice(0)) end()
    assert.deepEqual(
      // oxlint-disable-next-line typescript/unbound-method
      [pg.Client.prototype.query, pg.Query.prototype.submit, pg.Pool.prototype.connect],
      was,
    )
    assert.deepEqual(await behaviour(), unobserved)
    assert.equal(readLedger(ledger).calls, calls)
  })

  it('is found when it is loaded later, by require too', () => {
    const ledger = new Ledger()
    const patch = new Patch(ledger)
    const seen: unknown[] = []
    const stop = watchModules((exported) => {
      seen.push(exported)
      patch.see(exported)
    })
    ends.push(stop, () => patch.undo())
    const count = seen.length
    const required: unknown = createRequire(import.meta.url)('pg')
    assert.deepEqual([seen.length, seen.at(-1) === required], [count + 1, true])
    assert.equal(ledger.isLoaded, true)
  })

  it('tells statements with their callers, rows, errors and repetitions', async () => {
    const ledger = observe()
    const pool = open()
    async function listItems(): Promise<void> {
      const { rows } = await pool.query('select id from item order by id limit 12')
      for (const { id } of rows) await pool.query('select name from item where id = $1', [id])
    }
    await listItems()
    await pool.query("select 'secret' as nope, missing from item").catch(() => {})
    const { statements, sites } = readDetails(ledger, [])
    const one = statements.find(({ text }) => text.includes('where id = $1'))
    const list = statements.find(({ text }) => text.includes('order by'))
    const failed = statements.find(({ text }) => text.includes('missing'))
    const counts = readLedger(ledger).statements.find(({ id }) => id === one?.id)
    assert.equal(list?.text, 'select id from item order by id limit ?')
    assert.deepEqual(
      [counts?.calls, counts?.ended, counts?.rows, counts?.runs, counts?.longestRun],
      [12, 12, 12, 1, 12],
    )
    assert.equal(one?.leader, list?.id)
    assert.deepEqual(
      [failed?.text, failed?.codes],
      ['select ? as nope, missing from item', { '42703': 1 }],
    )
    const caller = sites.find(({ id }) => id === one?.callers[0]?.site)
    assert.equal(caller?.sites[0]?.[0], 'listItems')
  })

  it('separate requests are no repetition', async () => {
    const ledger = observe()
    const pool = open()
    for (let index = 0; index < 15; index += 1) {
      await pool.query('select name from item where id = $1', [index])
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(
      readLedger(ledger).statements.map(({ calls, runs }) => [calls, runs])[0],
      [15, 0],
    )
  })

  it('tells who waits, and what went back inside a transaction', async () => {
    const ledger = observe()
    const pool = open({ max: 1 })
    const client = await pool.connect()
    const waiting = pool.query('select 1')
    const [reading] = readLedger(ledger).pools
    assert.deepEqual([reading?.max, reading?.total, reading?.idle, reading?.waiting], [1, 1, 0, 1])
    assert.ok((reading?.oldestWaitMs ?? -1) >= 0)
    client.release()
    await waiting
    await pool.query('begin')
    const { releasedInTransaction, clients } = readDetails(ledger, [])
    assert.deepEqual(
      releasedInTransaction.map(({ count, isPoolQuery }) => [count, isPoolQuery]),
      [[1, true]],
    )
    assert.deepEqual(
      clients.map(({ isReleased }) => isReleased),
      [true],
    )
    await pool.query('rollback')
    assert.deepEqual(readDetails(ledger, []).clients, [])
  })

  it('connections outside pools, until they are ended', async () => {
    const ledger = observe()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    assert.deepEqual(
      readLedger(ledger).loose.map(({ open: count }) => count),
      [1],
    )
    await client.end()
    assert.deepEqual(readLedger(ledger).loose, [])
  })
})

describe('askDatabase', () => {
  it('explains a statement without running it, and changes nothing', async () => {
    const ledger = observe()
    const pool = open()
    await pool.query('update item set name = $1 where name = $2', ['y', 'nobody'])
    const { statements } = readDetails(ledger, [])
    const explain = statements[0]?.id ?? 0
    const answers = await askDatabase(ledger, 1, [
      { name: 'plan', explain },
      { name: 'again', explain },
      { name: 'write', sql: 'delete from item' },
      { name: 'count', sql: 'select count(*)::int as count from item' },
    ])
    const [plan, again, write, count] = answers
    assert.ok(
      plan !== undefined && 'rows' in plan && JSON.stringify(plan.rows).includes('Seq Scan'),
    )
    assert.deepEqual(again, { ...plan, name: 'again' })
    assert.ok(
      write !== undefined && 'failed' in write && /read-only transaction/.test(write.failed),
    )
    assert.deepEqual(count, { name: 'count', rows: [{ count: 50 }] })
    assert.equal(readLedger(ledger).calls, 1)
  })

  it('refuses what is more than one statement', async () => {
    const ledger = observe()
    const pool = open()
    await pool.query('select 1; select 2')
    const id = readDetails(ledger, []).statements[0]?.id ?? 0
    const [answer] = await askDatabase(ledger, 1, [{ name: 'plan', explain: id }])
    assert.ok(
      answer !== undefined && 'failed' in answer && /several statements/.test(answer.failed),
    )
  })
})
