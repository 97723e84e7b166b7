import type { Ledger } from './ledger.ts'
import { isSeveral } from './normalise.ts'
import { isMethod, isObject, type Method } from './wrap.ts'

/** What the database is asked, one after the other. */
export interface Question {
  readonly name: string
  /** One statement that only reads. */
  readonly sql?: string
  /** Id of a statement of the application, of which the plan is wanted. */
  readonly explain?: number
}

export type Answer =
  | { readonly name: string; readonly rows: readonly unknown[] }
  | { readonly name: string; readonly failed: string }

const CONNECT_MS = 5000
/** The server ends a question after this. */
const STATEMENT_MS = 3000
const LOCK_MS = 300
const MAX_ROWS = 200
const PLAN_KEYS = [
  'Plan',
  'Plans',
  'Node Type',
  'Relation Name',
  'Alias',
  'Filter',
  'Join Filter',
  'Index Name',
  'Parent Relationship',
  'Plan Rows',
  'Sort Key',
  'Total Cost',
]
const PREPARED = 'nodelens_plan'

const OPEN = `begin transaction read only; set local statement_timeout = ${STATEMENT_MS}; set local lock_timeout = ${LOCK_MS}; set local plan_cache_mode = force_generic_plan`

interface Session {
  readonly client: object
  isOpen: boolean
}

let isAsking = false

/**
 * Asks the database over a connection of our own, made of the pool's configuration.
 *
 * All of it happens in a transaction that is read-only, whose statements are short and do not queue for
 * locks, and which is rolled back. Nothing is set on the session, so a connection pooler in between is left as it was. The
 * extended protocol takes one statement only, so no second one can hide behind the first.
 */
export async function askDatabase(
  ledger: Ledger,
  poolId: number,
  questions: readonly Question[],
): Promise<Answer[]> {
  const pools = ledger.pools()
  const found = pools.find(({ state }) => state.id === poolId) ?? pools[0]
  if (found === undefined) throw new Error('there is no pool to take the configuration from')
  if (isAsking) throw new Error('another look at the database is under way')
  isAsking = true
  const client = newClient(found.pool, ledger)
  try {
    await ask(client, 'connect')
    const session = { client, isOpen: false }
    const answers: Answer[] = []
    for (const question of questions) answers.push(await answerOf(session, ledger, question))
    await close(session)
    return answers
  } finally {
    isAsking = false
    ask(client, 'end').then(undefined, () => {})
  }
}

function newClient(pool: object, ledger: Ledger): object {
  const make: unknown = Reflect.get(pool, 'Client')
  const options: unknown = Reflect.get(pool, 'options')
  if (!isMethod(make)) throw new Error('the pool has no Client')
  const config: Record<string, unknown> = isObject(options) ? { ...options } : {}
  const password: unknown = isObject(options) ? Reflect.get(options, 'password') : undefined
  if (password !== undefined) config['password'] = password
  const client: unknown = Reflect.construct(make, [
    {
      ...config,
      application_name: 'nodelens',
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: STATEMENT_MS * 1.5,
      keepAlive: false,
      pipeline: false,
    },
  ])
  if (!isObject(client)) throw new Error('the pool has no Client')
  ledger.client(client).isOwn = true
  const on: unknown = Reflect.get(client, 'on')
  if (isMethod(on)) Reflect.apply(on, client, ['error', () => {}])
  return client
}

async function answerOf(session: Session, ledger: Ledger, question: Question): Promise<Answer> {
  const { name, sql, explain } = question
  try {
    if (!session.isOpen) await query(session.client, OPEN)
    session.isOpen = true
    const rows =
      explain === undefined
        ? await query(session.client, sql ?? '')
        : [shortPlan(await planOf(session.client, ledger.statements.byId(explain)?.sample))]
    return { name, rows: rows.slice(0, MAX_ROWS) }
  } catch (error) {
    await close(session)
    return { name, failed: (error instanceof Error ? error.message : String(error)).slice(0, 300) }
  }
}

async function close(session: Session): Promise<void> {
  session.isOpen = false
  await query(session.client, 'rollback').catch(() => [])
}

/** The plan without running the statement. Parameters are planned for any value, as in a prepared statement. */
async function planOf(client: object, text: string | undefined): Promise<readonly unknown[]> {
  if (text === undefined || !/^\s*(?:select|with|insert|update|delete|values|merge)\b/i.test(text))
    throw new Error('this kind of statement has no plan')
  if (isSeveral(text)) throw new Error('several statements in one text have no plan')
  const count = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, digits]) => Number(digits)))
  if (count === 0) return single(client, `explain (format json) ${text}`)
  if (count > 100) throw new Error('the statement has too many parameters')
  const values = Array.from({ length: count }, () => 'null').join(', ')
  await single(client, `prepare ${PREPARED} as ${text}`)
  try {
    return await single(client, `explain (format json) execute ${PREPARED}(${values})`)
  } finally {
    await query(client, `rollback; deallocate ${PREPARED}; ${OPEN}`).catch(() => [])
  }
}

/** As text, because plans are deep; only what is read of it. */
function shortPlan(rows: readonly unknown[]): unknown {
  return { 'QUERY PLAN': JSON.stringify(valueOf(rows[0]), PLAN_KEYS) }
}

function valueOf(row: unknown): unknown {
  return isObject(row) ? Object.values(row)[0] : undefined
}

/**
 * `rows` makes the driver use the extended protocol, in every version, with a statement that has no
 * name and so leaves nothing behind.
 */
async function single(client: object, text: string): Promise<readonly unknown[]> {
  return query(client, { text, rows: MAX_ROWS })
}

async function query(client: object, what: string | object): Promise<readonly unknown[]> {
  const result = await ask(client, 'query', [what])
  const rows: unknown = isObject(result) ? Reflect.get(result, 'rows') : undefined
  return Array.isArray(rows) ? rows : []
}

async function ask(client: object, name: string, input: unknown[] = []): Promise<unknown> {
  const method: unknown = Reflect.get(client, name)
  if (!isMethod(method)) throw new Error(`the client has no ${name}`)
  const run: Method = method
  return await Reflect.apply(run, client, input)
}
