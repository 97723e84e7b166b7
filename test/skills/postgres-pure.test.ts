import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lockRoots, slowCauseOf } from '../../skills/postgres/cause.ts'
import { isHelper } from '../../skills/postgres/helper.ts'
import { History } from '../../skills/postgres/history.ts'
import { Chain } from '../../skills/postgres/main/chain.ts'
import { isSeveral, normaliseSql, transactionStep } from '../../skills/postgres/main/normalise.ts'
import { Statements } from '../../skills/postgres/main/statements.ts'
import { readPlan } from '../../skills/postgres/plan.ts'
import { slowWords } from '../../skills/postgres/query-words.ts'
import type {
  HolderReading,
  PoolReading,
  PostgresReading,
  StatementReading,
} from '../../skills/postgres/reading.ts'
import { rootsOf, type Trouble } from '../../skills/postgres/trouble.ts'
import { judge } from '../../skills/postgres/verdicts.ts'

describe('normaliseSql', () => {
  const table: readonly [string, string][] = [
    ["select * from t where a = 'x''y' and b = 12.5", 'select * from t where a = ? and b = ?'],
    ['select a1, $1::int from t2 limit 10', 'select a1, $1::int from t2 limit ?'],
    ['select  *\n from t -- all\n where /* why */ a = $2', 'select * from t where a = $2'],
    ['select 1 from t where id in (1, 2,3)', 'select ? from t where id in (…)'],
    ['insert into t values ($1, $2), ($3, $4), ($5, $6)', 'insert into t values (…), …'],
    ['select "Odd 1" from "T 2" where x = $$it\'s$$', 'select "Odd 1" from "T 2" where x = ?'],
    ["select 'never closed", "select 'never closed"],
  ]
  for (const [text, form] of table) {
    it(text, () => assert.equal(normaliseSql(text), form))
  }
  it('is short and quick whatever it gets', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5000 }), (text) => {
        assert.ok(normaliseSql(text).length <= 601)
      }),
    )
    const startedAt = performance.now()
    normaliseSql("'".repeat(100_001))
    normaliseSql('/*'.repeat(100_000))
    assert.ok(performance.now() - startedAt < 500)
  })
})

describe('transactionStep', () => {
  const table: readonly [string, string][] = [
    ['begin', 'begin'],
    ['START TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'begin'],
    ['COMMIT', 'end'],
    ['rollback', 'end'],
    ['rollback to savepoint a', 'none'],
    ['begin; update t set a = ?; commit', 'none'],
    ['select ? as begin', 'none'],
  ]
  for (const [text, step] of table) it(text, () => assert.equal(transactionStep(text), step))
})

describe('isSeveral', () => {
  const table: readonly [string, boolean][] = [
    ['select 1', false],
    ['select 1; ', false],
    ["select 1 where a = ';drop table t'", false],
    ['select 1 /* ; drop */', false],
    ['select 1; drop table t', true],
  ]
  for (const [text, expected] of table) it(text, () => assert.equal(isSeveral(text), expected))
})

describe('isHelper', () => {
  const table: readonly [string, 'query' | 'client', boolean][] = [
    ['query(text, params) { return pool.query(text, params) }', 'query', true],
    ['query = (text, params) => pool.query(text, params)', 'query', true],
    [
      'function q(sql) { const t = Date.now(); const r = await pool.query(sql); return r }',
      'query',
      true,
    ],
    ['query = (...args) => pool.query(...args)', 'query', true],
    ["function find(id) { return pool.query('select 1 where a = $1', [id]) }", 'query', false],
    ['function find(id) { return pool.query(FIND_SQL, [id]) }', 'query', false],
    ['async function getClient() { return await pool.connect() }', 'client', true],
    ['getClient = () => pool.connect()', 'client', true],
    ['async getClient() { const client = await pool.connect(); return client }', 'client', true],
    [
      'async function tx(work) { const c = await pool.connect(); try { await work(c) } finally { c.release() } }',
      'client',
      true,
    ],
    [
      'async function pay(id) { const client = await pool.connect(); await client.query(1); client.release() }',
      'client',
      false,
    ],
    [
      'async function pay(id) { const client = await pool.connect(); if (!id) return { status: 422 } }',
      'client',
      false,
    ],
  ]
  it('a function that reports by callback is no helper', () => {
    const text =
      'function pay(id, then) { pool.connect((error, client, done) => { if (error) return then(error); client.query(1, () => then()) }) }'
    assert.equal(isHelper(text, 'client'), false)
  })
  for (const [text, wanted, expected] of table)
    it(text, () => assert.equal(isHelper(text, wanted), expected))
})

describe('Statements', () => {
  it('keeps 300 forms and counts the rest together', () => {
    const statements = new Statements()
    for (let index = 0; index < 1000; index += 1) statements.of(`select a${index} from t`, index)
    assert.equal(statements.all().length, 301)
    assert.equal(statements.of('select brand_new from t', 1001).text, '(other statements)')
    assert.equal(statements.of('select brand_new from t', 90_000).text, 'select brand_new from t')
  })
})

describe('Chain', () => {
  it('sees a run, its length, and the list that came before it', () => {
    const statements = new Statements()
    const [list, one] = [statements.of('select list', 0), statements.of('select one', 0)]
    const chain = new Chain()
    chain.note(list)
    chain.answered(list, 25, 1)
    for (let index = 0; index < 25; index += 1) {
      chain.note(one)
      chain.answered(one, 1, 2)
    }
    assert.deepEqual(
      [one.runs, one.runCalls, one.longestRun, one.leader, list.runs],
      [1, 25, 25, list.id, 0],
    )
  })
})

const scanNode = (filter: string, rows: number, more: object = {}): object => ({
  'Node Type': 'Seq Scan',
  'Relation Name': 'orders',
  Alias: 'o',
  'Plan Rows': rows,
  Filter: filter,
  ...more,
})
const planOf = (node: object): readonly object[] => [
  { 'QUERY PLAN': JSON.stringify([{ Plan: { 'Total Cost': 9, ...node } }]) },
]
const orders = { table: 'orders', rows: 50_000 }

describe('slowCauseOf', () => {
  const index = {
    table: 'orders',
    definition: 'CREATE INDEX i ON orders USING btree (customer, id)',
  }
  const table: readonly [string, object, object[], string, string[]][] = [
    ['an equality', scanNode('(customer = $1)', 20), [], 'no-index', ['customer']],
    [
      'two of them',
      scanNode("((o.state = 'x'::text) AND (o.customer = $1))", 20),
      [],
      'no-index',
      ['state', 'customer'],
    ],
    ['a range', scanNode('(at > $1)', 20), [], 'no-index', ['at']],
    [
      'a parameter that is cast',
      scanNode('(customer = ($1)::integer)', 20),
      [],
      'no-index',
      ['customer'],
    ],
    ['an index is there', scanNode('(customer = $1)', 20), [index], 'full', ['customer']],
    [
      'a condition that keeps most rows',
      scanNode('(customer = $1)', 30_000),
      [],
      'full',
      ['customer'],
    ],
    [
      'a function around the column',
      scanNode('(lower((email)::text) = $1)', 20),
      [],
      'wrapped',
      [],
    ],
    ['a cast of the column', scanNode('((number)::text = $1)', 20), [], 'wrapped', []],
    ['no condition', scanNode('', 50_000), [], 'full', []],
    ['alternatives', scanNode('((a = $1) OR (b = $2))', 20), [], 'full', []],
  ]
  for (const [name, node, indexes, type, columns] of table) {
    it(name, () => {
      const plan = readPlan(planOf(node))
      assert.deepEqual(
        [...(plan?.scans[0]?.equal ?? []), ...(plan?.scans[0]?.ranged ?? [])],
        columns,
      )
      assert.equal(slowCauseOf(plan, [orders], indexes as never, 1).type, type)
    })
  }
  it('a join condition on the inner table, and the order of a sort above it', () => {
    const inner = scanNode('', 50_000, { 'Parent Relationship': 'Inner' })
    const join = {
      'Node Type': 'Nested Loop',
      'Join Filter': '(o.customer = c.id)',
      Plans: [{ 'Node Type': 'Index Scan', 'Relation Name': 'customers' }, inner],
    }
    assert.deepEqual(readPlan(planOf(join))?.scans[0]?.equal, ['customer'])
    const sort = {
      'Node Type': 'Sort',
      'Sort Key': ['o.at DESC'],
      Plans: [scanNode('(customer = $1)', 20)],
    }
    assert.deepEqual(readPlan(planOf(sort))?.scans[0]?.sortedBy, ['at DESC'])
  })
  it('a small table is not worth an index', () => {
    const plan = readPlan(planOf(scanNode('(customer = $1)', 1)))
    assert.equal(slowCauseOf(plan, [{ table: 'orders', rows: 500 }], [], 1).type, 'unknown')
  })
  it('rubbish is no plan', () => {
    for (const rows of [[], [null], [{ 'QUERY PLAN': '{' }], [{ 'QUERY PLAN': '[{"Plan": 5}]' }]])
      assert.equal(readPlan(rows), undefined)
  })
})

describe('lockRoots', () => {
  const row = (pid: number, blockedBy: string, more: object = {}): never =>
    ({
      pid,
      blocked_by: blockedBy,
      state: 'active',
      query_ms: pid,
      transaction_ms: 10,
      ...more,
    }) as never
  it('follows the queue to the transaction that does not wait', () => {
    const idle = row(1, '', {
      state: 'idle in transaction',
      state_ms: 700,
      application_name: 'shop',
    })
    const [root] = lockRoots([idle, row(2, '1'), row(3, '2,1'), row(4, '')])
    assert.deepEqual(
      [root?.pid, root?.waiters, root?.waitMs, root?.idleMs, root?.application],
      [1, [2, 3], 3, 700, 'shop'],
    )
  })
  it('ends in a circle', () => {
    assert.equal(lockRoots([row(1, '2'), row(2, '1')]).length, 0)
  })
})

// Readings of a service, one a second, as main would send them.
interface Second {
  readonly statements?: readonly {
    id: number
    calls: number
    ms: number
    active?: number
    oldest?: number
    errors?: number
    runs?: number
  }[]
  readonly pool?: Partial<PoolReading>
  readonly loose?: number
  readonly lateMs?: number
}

function troublesOf(seconds: readonly Second[]): Trouble[] {
  const history = new History()
  const totals = new Map<number, StatementReading>()
  let found: Trouble[] = []
  const unlearnt: unknown[] = []
  seconds.forEach((second, index) => {
    for (const {
      id,
      calls,
      ms,
      active = 0,
      oldest = 0,
      errors = 0,
      runs = 0,
    } of second.statements ?? []) {
      const was = totals.get(id)
      totals.set(id, {
        id,
        calls: (was?.calls ?? 0) + calls,
        ended: (was?.ended ?? 0) + calls,
        errors: (was?.errors ?? 0) + errors,
        totalMs: (was?.totalMs ?? 0) + calls * ms,
        rows: 0,
        active,
        oldestActiveMs: oldest,
        runs: (was?.runs ?? 0) + runs,
        runCalls: (was?.runCalls ?? 0) + runs * 50,
        runMs: (was?.runMs ?? 0) + runs * 50 * ms,
        longestRun: runs > 0 ? 50 : (was?.longestRun ?? 0),
      })
    }
    const all = [...totals.values()]
    const sum = (field: 'calls' | 'errors' | 'totalMs' | 'active'): number =>
      all.reduce((total, statement) => total + statement[field], 0)
    const reading: PostgresReading = {
      at: index * 1000,
      isLoaded: true,
      calls: sum('calls'),
      errors: sum('errors'),
      totalMs: sum('totalMs'),
      active: sum('active'),
      pools: [poolOf(second.pool ?? {})],
      statements: all,
      loose: [{ site: 5, open: second.loose ?? 0, opened: 0 }],
      connectErrors: 0,
    }
    const interval = history.add(reading, second.lateMs ?? 0)
    if (interval === undefined) return
    found = judge(history.intervals, history.normal())
    if (found.length === 0 && index < 9) history.learn(interval)
    else unlearnt.push(interval)
  })
  return found
}

function poolOf(more: Partial<PoolReading>): PoolReading {
  const counts = { requested: 0, acquired: 0, released: 0, waitedMs: 0, releasedInTransaction: 0 }
  const now = { total: 8, idle: 8, waiting: 0, oldestWaitMs: 0 }
  return { id: 1, max: 8, connectionTimeoutMs: 0, holders: [], ...counts, ...now, ...more }
}

const quiet: Second = { statements: [{ id: 2, calls: 20, ms: 2 }] }
const before = Array.from({ length: 9 }, () => quiet)
const after = (make: (index: number) => Second, count = 5): Second[] => [
  ...before,
  ...Array.from({ length: count }, (_, index) => make(index)),
]
const held = (restingCount: number, oldestMs: number): HolderReading => ({
  site: 4,
  count: restingCount,
  restingCount,
  oldestMs,
  inTransaction: 0,
  statement: 2,
})
const slow = (calls: number, ms: number): Second => ({
  statements: [
    { id: 2, calls: 20, ms: 5 },
    { id: 3, calls, ms },
  ],
})

describe('judge', () => {
  const table: readonly [string, readonly Second[], string[]][] = [
    ['steady traffic', after(() => quiet), []],
    [
      'three times the traffic, as fast as before',
      after(() => ({ statements: [{ id: 2, calls: 60, ms: 2 }] })),
      [],
    ],
    [
      'clients that do not come back',
      after((index) => ({ ...quiet, pool: { holders: [held(index + 1, 3000 + index * 1000)] } })),
      ['leak'],
    ],
    [
      'clients that are held long and come back',
      after((index) => ({ ...quiet, pool: { holders: [held(3, 2500 + (index % 2) * 400)] } })),
      [],
    ],
    [
      'one client for ever, as for LISTEN',
      after((index) => ({ ...quiet, pool: { holders: [held(1, 60_000 + index * 1000)] } })),
      [],
    ],
    ['a statement with much more work', after(() => slow(60, 40)), ['slow']],
    [
      'a statement that got slow',
      [...after(() => slow(10, 4), 9).slice(9), ...after(() => slow(10, 80)).slice(9)],
      ['slow'],
    ],
    ['a slow statement that always was', Array.from({ length: 14 }, () => slow(10, 80)), []],
    ['all queries late because the loop is', after(() => ({ ...slow(60, 40), lateMs: 60 })), []],
    ['a rare slow statement', after((index) => slow(index === 2 ? 1 : 0, 900)), []],
    [
      'executions that do not end',
      after((index) => ({
        statements: [{ id: 2, calls: 3, ms: 2, active: 4, oldest: 1000 + index * 1000 }],
      })),
      ['stuck'],
    ],
    [
      'callers that wait',
      after(() => ({ ...quiet, pool: { idle: 0, waiting: 9, oldestWaitMs: 1500 } })),
      ['pool'],
    ],
    [
      'callers that wait for a moment',
      after((index) => ({ ...quiet, pool: { waiting: index === 3 ? 9 : 0, oldestWaitMs: 1500 } })),
      [],
    ],
    [
      'repetition',
      after(() => ({
        statements: [
          { id: 2, calls: 20, ms: 2 },
          { id: 3, calls: 200, ms: 1, runs: 4 },
        ],
      })),
      ['run'],
    ],
    [
      'little repetition',
      after(() => ({
        statements: [
          { id: 2, calls: 400, ms: 2 },
          { id: 3, calls: 50, ms: 1, runs: 1 },
        ],
      })),
      [],
    ],
    [
      'connections that nobody ends',
      after((index) => ({ ...quiet, loose: 10 + index * 3 })),
      ['loose'],
    ],
    ['errors', after(() => ({ statements: [{ id: 2, calls: 20, ms: 2, errors: 9 }] })), ['errors']],
  ]
  for (const [name, seconds, kinds] of table) {
    it(name, () =>
      assert.deepEqual(
        troublesOf(seconds).map(({ kind }) => kind),
        kinds,
      ),
    )
  }
  it('is silent on any traffic that stays as it was', () => {
    const second = fc.record({
      calls: fc.integer({ min: 80, max: 120 }),
      ms: fc.integer({ min: 8, max: 12 }),
    })
    fc.assert(
      fc.property(fc.array(second, { minLength: 12, maxLength: 30 }), (seconds) => {
        const traffic = seconds.map(({ calls, ms }) => ({ statements: [{ id: 2, calls, ms }] }))
        assert.deepEqual(troublesOf(traffic), [])
      }),
      { numRuns: 50 },
    )
  })
  it('says nothing before it has learnt', () => {
    assert.deepEqual(troublesOf([quiet, quiet, slow(60, 40), slow(60, 40), slow(60, 40)]), [])
  })
  it('callers that wait are the consequence of the rest', () => {
    const both = after((index) => ({
      ...quiet,
      pool: {
        idle: 0,
        waiting: 9,
        oldestWaitMs: 1500,
        holders: [held(6 + (index > 3 ? 1 : 0), 3000 + index * 1000)],
      },
    }))
    const found = troublesOf(both)
    assert.deepEqual(found.map(({ kind }) => kind).sort(), ['leak', 'pool'])
    assert.deepEqual(
      rootsOf(found).map(({ kind }) => kind),
      ['leak'],
    )
  })
})

describe('slowWords', () => {
  it('stays below what a template takes, whatever the names', () => {
    const [trouble] = troublesOf(after(() => slow(60, 40)))
    assert.equal(trouble?.kind, 'slow')
    if (trouble?.kind !== 'slow') return
    const long = 'x'.repeat(90)
    const plan = readPlan(planOf(scanNode(`(${long} = $1)`, 20)))
    const cause = slowCauseOf(plan, [orders], [], 1)
    const words = slowWords(
      trouble,
      `someFunction (src/some/folder/file.ts:123)`,
      long.repeat(3),
      cause,
    )
    for (const text of Object.values(words)) assert.ok(text.length < 400, text)
  })
})
