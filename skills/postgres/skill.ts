import * as v from 'valibot'
import {
  type BuiltInCallback,
  type BuiltInSkill,
  builtInCallback,
  countInput,
} from '../built-in-skill.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import type { Json, JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { ASK_TIMEOUT_MS, Database, type QuestionName } from './database.ts'
import { PROMPT, STEPS } from './drilldown.ts'
import { FINDING_KINDS } from './finding.ts'
import { Findings } from './findings.ts'
import { readPlan } from './plan.ts'
import { poolRows, round, STATEMENT_ORDERS, statementRows } from './views.ts'
import { PostgresWatch } from './watch.ts'

class PostgresSkill {
  readonly watch: PostgresWatch
  readonly #findings: Findings
  readonly #database: Database

  constructor(context: SkillContext) {
    const { access, isUp, reader, raise } = context
    this.#database = new Database(access)
    this.watch = new PostgresWatch({
      isUp,
      raise: (symptom) => {
        // The look at the database begins now: it may take seconds when the database is the trouble.
        this.#findings.rows(epochMs()).catch(() => {})
        raise(symptom)
      },
      loopLateMs: () => mean(reader.recentLatenesses(40)),
      read: async () =>
        (await access.invoke('postgres.read', null, { timeoutMs: 1000, mayInterrupt: false }))
          .value,
    })
    this.#findings = new Findings(context, this.watch, this.#database)
  }

  skill(): BuiltInSkill {
    return {
      id: 'postgres',
      title: 'PostgreSQL',
      description:
        'Database: pg pools and connections that leak, slow queries by statement and caller, N+1 patterns, locks, plans, indexes.',
      systemPrompt: PROMPT,
      watch: [],
      drilldown: STEPS,
      snapshot: async () => ({ data: this.#snapshot(), via: 'outside' }),
      callbacks: { ...this.#ownCallbacks(), ...this.#databaseCallbacks() },
    }
  }

  /** Numbers for the history; none before `pg` is loaded. */
  metrics(): MetricReadings {
    const { last, history } = this.watch
    if (last === undefined) return {}
    const { errors, connectErrors } = last
    const calls = history.intervals.at(-1)?.callsPerSecond ?? null
    return {
      gauges: { ...this.#traffic(), callsPerSecond: calls },
      counters: { errors, connectErrors },
    }
  }

  #traffic(): Record<string, number> {
    const { last, history } = this.watch
    const pools = last?.pools ?? []
    const sum = (values: readonly number[]): number =>
      values.reduce((total, value) => total + value, 0)
    return {
      connections: sum(pools.map(({ total }) => total)),
      maxConnections: sum(pools.map(({ max }) => max)),
      idle: sum(pools.map(({ idle }) => idle)),
      waiting: sum(pools.map(({ waiting }) => waiting)),
      longestWaitMs: Math.max(0, ...pools.map(({ oldestWaitMs }) => oldestWaitMs)),
      heldOverOneSecond: sum(pools.flatMap(({ holders }) => holders.map(({ count }) => count))),
      outsidePools: sum((last?.loose ?? []).map(({ open }) => open)),
      active: last?.active ?? 0,
      busyConnections: round(history.intervals.at(-1)?.load ?? 0),
    }
  }

  #snapshot(): JsonRecord {
    const { last, history } = this.watch
    return {
      isLoaded: last !== undefined,
      troubles: this.watch.troubles(epochMs()).length,
      pools: last?.pools.length ?? 0,
      ...this.#traffic(),
      callsPerSecond: round(history.intervals.at(-1)?.callsPerSecond ?? 0),
      errors: last?.errors ?? 0,
      connectErrors: last?.connectErrors ?? 0,
    }
  }

  #ownCallbacks(): Record<string, BuiltInCallback> {
    const limit = countInput(1, 50, 10)
    return {
      postgres_findings: builtInCallback({
        doc: `What is wrong with the database traffic, worst first: kind (${FINDING_KINDS.join(', ')}), severity, location {file, line, function}, observation, explanation, remedy, confidence. Empty on a healthy process. { kind = one of them, or none for all }`,
        input: v.strictObject({ kind: v.optional(v.picklist(FINDING_KINDS)) }),
        effect: { probe: { mainPauseMs: 5 } },
        defaultTimeoutMs: ASK_TIMEOUT_MS + 3000,
        run: async ({ kind }) => {
          const rows = await this.#findings.rows(epochMs())
          return rows.filter((row) => kind === undefined || row['kind'] === kind)
        },
      }),
      postgres_pools: builtInCallback({
        doc: 'The pg pools now: max, total, idle, waiting, longestWaitMs, connectionTimeoutMs (0 = for ever), meanWaitMs, and holders: places that have had clients out for a second or more {place, count, restingCount, oldestMs, inTransaction}.',
        input: v.strictObject({}),
        run: async () => poolRows(await this.#findings.book(), this.watch),
      }),
      postgres_statements: builtInCallback({
        doc: 'Statements, normalised, by total time since start: text, calls, meanMs, maxMs, totalMs, rowsPerCall, errors, active, callers (places), repeatedInRequest (times in one chain of queries), errorCodes. { limit = 10, by = "time" | "calls" | "errors" | "repetition" }',
        input: v.strictObject({
          limit,
          by: v.optional(v.picklist(STATEMENT_ORDERS), 'time'),
        }),
        run: async ({ limit: most, by }) =>
          statementRows(await this.#findings.book(), this.watch, most, by),
      }),
    }
  }

  #databaseCallbacks(): Record<string, BuiltInCallback> {
    const rows = (name: QuestionName, doc: string): BuiltInCallback =>
      builtInCallback({
        doc: `${doc} Asks the database, read-only. { limit = 20 }`,
        input: v.strictObject({ limit: countInput(1, 100, 20) }),
        effect: { probe: { mainPauseMs: 5 } },
        defaultTimeoutMs: ASK_TIMEOUT_MS,
        run: async (input) => (await this.#database.rows(this.#pool(), name)).slice(0, input.limit),
      })
    return {
      postgres_db_activity: rows(
        'activity',
        'Other backends of the database, oldest transaction first: pid, state, wait_event_type, wait_event, transaction_ms, query_ms, blocked_by (pids). No texts.',
      ),
      postgres_db_locks: rows('locks', 'Locks that are waited for: pid, locktype, mode, table.'),
      postgres_db_tables: rows(
        'tables',
        'Tables, those read sequentially most first: table, rows, bytes, seq_scans, seq_rows_read, index_scans, dead_rows (bloat: compare with rows), last_autovacuum, last_analyze. Counts since the statistics were reset.',
      ),
      postgres_db_indexes: rows(
        'indexes',
        'Indexes: table, index, definition, scans (0: unused since the statistics were reset), bytes.',
      ),
      postgres_db_state: rows(
        'database',
        'The database: bytes, connections, max_connections, cache_hit_pct (normal above 95), deadlocks, temp_bytes, commits, rollbacks, version.',
      ),
      postgres_db_connections: rows(
        'connections',
        'Connections by application name and state: application, state, connections.',
      ),
      postgres_db_explain: builtInCallback({
        doc: 'The plan of the statement with this id (of postgres_statements), without executing it: outline, totalCost, fullScans {table, filter, equal, keptRows}. { statement = id }',
        input: v.strictObject({ statement: v.pipe(v.number(), v.integer()) }),
        effect: { probe: { mainPauseMs: 5 } },
        defaultTimeoutMs: ASK_TIMEOUT_MS,
        run: async ({ statement }) => this.#explain(statement),
      }),
    }
  }

  async #explain(statement: number): Promise<Json> {
    const answer = (await this.#database.ask(this.#pool(), [], statement)).get('plan')
    if (answer === undefined || 'failed' in answer) return { failed: answer?.failed ?? 'no answer' }
    const plan = readPlan(answer.rows)
    if (plan === undefined) return { failed: 'the database gave no plan' }
    const fullScans = plan.scans.map(({ table, filter, equal, keptRows }) => ({
      table,
      filter,
      equal,
      keptRows,
    }))
    return { outline: plan.outline, totalCost: plan.totalCost, fullScans }
  }

  #pool(): number {
    return this.watch.last?.pools[0]?.id ?? 0
  }
}

/** The gateway's half of the skill `postgres`. */
export const postgresOutside: OutsidePart = {
  id: 'postgres',
  make: (context): OutsideHalf => {
    const half = new PostgresSkill(context)
    return {
      skill: half.skill(),
      hear: (reading, now) => half.watch.hear(reading, now),
      tick: (now) => half.watch.tick(now),
      metrics: () => half.metrics(),
    }
  },
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / Math.max(1, values.length)
}
