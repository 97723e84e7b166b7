import type { DrillStep } from '../contract.ts'
import { OVERLOAD_TYPES } from '../overload/types.ts'
import { ROW_WORDS } from '../row-words.ts'
import { FINDING_KINDS, type FindingKind } from './finding.ts'

/** What the operator is told. */
export const PROMPT = `You watch the PostgreSQL traffic of the application: the pools of the driver pg, its queries by normalised
statement with the function that runs them, and, on demand, the database itself. Times are milliseconds.
Normal: no caller waits for a connection, or for a few milliseconds; connections that are checked out come back in less than a
second; a statement takes about as long as it always did; each request runs a handful of queries. A table that is read
sequentially is fine while it is small. Look first at postgres_findings: each row names the cause, the function, file and
line, and a remedy; callers that wait for the pool are almost always a consequence. The postgres_db_ callbacks open one
connection of their own, read-only; use them when a row does not say enough. A statement is never executed, only explained.`

/** Types of other skills that a finding here explains: what waits for the database waits at other places too. */
const CONSEQUENCES = [
  ...OVERLOAD_TYPES,
  'http_requests_hang',
  'http_requests_stuck',
  'http_server_slow',
  'http_server_errors',
  'handles_leak',
  'handles_descriptor_leak',
  'logger_error_storm',
  'logger_warnings_rising',
  'logger_flood',
  'exception_unhandled_rejections',
  'exception_uncaught',
  'exception_reported_rising',
]

/** The type of the notification, and which fields of the row are its evidence. */
const TITLES: Record<FindingKind, { readonly type: string; readonly evidence: readonly string[] }> =
  {
    not_released: {
      type: 'postgres_not_released',
      evidence: ['poolMax', 'notReleased', 'oldestHeldMs', 'waiting', 'lastStatement'],
    },
    open_transaction: {
      type: 'postgres_open_transaction',
      evidence: ['releasedInTransaction', 'openTransactions'],
    },
    held: {
      type: 'postgres_held',
      evidence: ['poolMax', 'heldClients', 'restingClients', 'waiting', 'longestWaitMs'],
    },
    exhausted: { type: 'postgres_exhausted', evidence: ['poolMax', 'waiting', 'longestWaitMs'] },
    slow_query: {
      type: 'postgres_slow_query',
      evidence: [
        'statement',
        'meanMs',
        'callsPerSecond',
        'sharePct',
        'plan',
        'planCost',
        'planFailed',
      ],
    },
    lock: {
      type: 'postgres_lock',
      evidence: ['waitingStatement', 'waiters', 'longestWaitMs', 'transactionMs', 'blockerPid'],
    },
    n_plus_one: {
      type: 'postgres_n_plus_one',
      evidence: ['statement', 'repetitions', 'requestMs'],
    },
    not_ended: { type: 'postgres_not_ended', evidence: ['open', 'fromOpen'] },
    errors: { type: 'postgres_errors', evidence: ['code', 'errors'] },
  }

function stepOf(kind: FindingKind): DrillStep {
  const { type, evidence } = TITLES[kind]
  return {
    id: kind,
    when: [{ field: 'troubles', above: 0 }],
    code: `return postgres_findings({ kind = "${kind}" })`,
    limit: 2,
    notify: {
      type,
      ...ROW_WORDS,
      context:
        'Queries a second: {snapshot.callsPerSecond}; under way: {snapshot.active}; callers that wait for a connection: {snapshot.waiting}',
      evidence: [...evidence, 'via', 'stack'],
      explains: [
        ...(kind === 'exhausted' ? [] : ['postgres_exhausted']),
        ...(kind === 'errors' ? [] : CONSEQUENCES),
      ].filter((one) => one !== type),
    },
  }
}

/** One step for each kind: they share one look at the database. */
export const STEPS: readonly DrillStep[] = FINDING_KINDS.map(stepOf)
