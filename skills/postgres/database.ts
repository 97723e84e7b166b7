import { SkillFailure } from '../failure.ts'
import type { MainAccess } from '../gateway/main-access.ts'
import { isRecord, type Json, type JsonRecord, textOf } from '../json.ts'

/** What the database is asked: read-only, of its own catalogues and statistics. */
const SQL = {
  activity: `select pid, state, wait_event_type, wait_event, application_name,
      round(extract(epoch from now() - xact_start) * 1000)::float8 as transaction_ms,
      round(extract(epoch from now() - query_start) * 1000)::float8 as query_ms,
      round(extract(epoch from now() - state_change) * 1000)::float8 as state_ms,
      array_to_string(pg_blocking_pids(pid), ',') as blocked_by
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    order by xact_start nulls last limit 100`,
  locks: `select a.pid, l.locktype, l.mode, coalesce(c.relname, '') as table
    from pg_stat_activity a join pg_locks l on l.pid = a.pid and not l.granted
    left join pg_class c on c.oid = l.relation limit 50`,
  tables: `select s.relname as table, greatest(c.reltuples, s.n_live_tup, 0)::float8 as rows,
      pg_relation_size(c.oid)::float8 as bytes, s.seq_scan::float8 as seq_scans, s.seq_tup_read::float8 as seq_rows_read,
      coalesce(s.idx_scan, 0)::float8 as index_scans, s.n_dead_tup::float8 as dead_rows,
      s.last_autovacuum::text as last_autovacuum, coalesce(s.last_analyze, s.last_autoanalyze)::text as last_analyze
    from pg_stat_user_tables s join pg_class c on c.oid = s.relid
    order by s.seq_tup_read desc limit 60`,
  indexes: `select i.tablename as table, i.indexname as index, i.indexdef as definition,
      coalesce(s.idx_scan, 0)::float8 as scans, coalesce(pg_relation_size(s.indexrelid), 0)::float8 as bytes
    from pg_indexes i
    left join pg_stat_user_indexes s on s.schemaname = i.schemaname and s.indexrelname = i.indexname
    where i.schemaname not in ('pg_catalog', 'information_schema') limit 200`,
  database: `select pg_database_size(current_database())::float8 as bytes, d.numbackends::float8 as connections,
      current_setting('max_connections')::float8 as max_connections,
      round((100.0 * d.blks_hit / nullif(d.blks_hit + d.blks_read, 0))::numeric, 2)::float8 as cache_hit_pct,
      d.deadlocks::float8 as deadlocks, d.temp_bytes::float8 as temp_bytes,
      d.xact_commit::float8 as commits, d.xact_rollback::float8 as rollbacks, version() as version
    from pg_stat_database d where d.datname = current_database()`,
  connections: `select coalesce(nullif(application_name, ''), '(no name)') as application, coalesce(state, 'none') as state,
      count(*)::float8 as connections
    from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
    group by 1, 2 order by 3 desc limit 30`,
} as const

export type QuestionName = keyof typeof SQL

/** Rows of an answer, or why there is none. */
export type Rows = { readonly rows: readonly JsonRecord[] } | { readonly failed: string }

/** Connecting and a few questions, on a server that is busy. */
export const ASK_TIMEOUT_MS = 12_000

/** Asks the database of a pool, over a connection of its own that main opens. */
export class Database {
  readonly #access: MainAccess
  /** One look at a time: each opens a connection. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(access: MainAccess) {
    this.#access = access
  }

  /** Answers by name; the plan of a statement comes as `plan`. Never rejects: what failed says so. */
  async ask(
    pool: number,
    names: readonly QuestionName[],
    explain?: number,
  ): Promise<ReadonlyMap<string, Rows>> {
    // The plan first: it is what matters most when the database is too busy for the rest.
    const questions = [
      ...(explain === undefined ? [] : [{ name: 'plan', explain }]),
      ...names.map((name) => ({ name, sql: SQL[name] })),
    ]
    const answers = this.#last.then(() => this.#askNow(pool, questions))
    this.#last = answers
    return answers
  }

  async #askNow(
    pool: number,
    questions: readonly ({ name: string; sql: string } | { name: string; explain: number })[],
  ): Promise<ReadonlyMap<string, Rows>> {
    try {
      const call = { timeoutMs: ASK_TIMEOUT_MS, mayInterrupt: false }
      const { value } = await this.#access.invoke('postgres.ask', { pool, questions }, call)
      return new Map(answersOf(value))
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error)
      return new Map(questions.map(({ name }) => [name, { failed }]))
    }
  }

  /** The rows of one answer. @throws {SkillFailure} There is none. */
  async rows(pool: number, name: QuestionName): Promise<readonly JsonRecord[]> {
    const answer = (await this.ask(pool, [name])).get(name) ?? { failed: 'no answer' }
    if ('failed' in answer) throw new SkillFailure('threw', answer.failed)
    return answer.rows
  }
}

function answersOf(value: Json): [string, Rows][] {
  return (Array.isArray(value) ? value : []).flatMap((answer): [string, Rows][] => {
    if (!isRecord(answer)) return []
    const name = textOf(answer['name'])
    const rows: unknown = answer['rows']
    return Array.isArray(rows)
      ? [[name, { rows: rows.filter(isJsonRecord) }]]
      : [[name, { failed: textOf(answer['failed']) }]]
  })
}

function isJsonRecord(value: unknown): value is JsonRecord {
  return isRecord(value)
}

/** The rows of an answer, none when it failed. */
export function rowsIn(answers: ReadonlyMap<string, Rows>, name: string): readonly JsonRecord[] {
  const answer = answers.get(name)
  return answer !== undefined && 'rows' in answer ? answer.rows : []
}

/** Why an answer is missing; null when it is there. */
export function failureIn(answers: ReadonlyMap<string, Rows>, name: string): string | null {
  const answer = answers.get(name)
  return answer === undefined ? 'not asked' : 'failed' in answer ? answer.failed : null
}
