/** A record of the journal as rows of its file, and back. */
import * as v from 'valibot'
import type { JournalRecord } from '../journal.ts'
import { unreachable } from '../loop/unreachable.ts'
import { journalRecordSchema } from '../schemas.ts'
import type { Database, Row } from './database.ts'

/** Why a record is not what the journal promises, or undefined. */
export function flawOf(record: unknown): string | undefined {
  const parsed = v.safeParse(journalRecordSchema, record)
  if (parsed.success) return undefined
  const [issue] = parsed.issues
  return `${v.getDotPath(issue) ?? 'record'}: ${issue.message}`
}

/** The record in a row of `records`; undefined if it is not what the journal promises. */
export function recordIn({ run, at, type, body }: Row): JournalRecord | undefined {
  const content: unknown = parsedJson(body)
  if (typeof content !== 'object' || content === null) return undefined
  const record: unknown = { version: 1, at, runId: run, type, ...content }
  return isJournalRecord(record) ? record : undefined
}

function isJournalRecord(value: unknown): value is JournalRecord {
  return v.is(journalRecordSchema, value)
}

function parsedJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}

/** Writes a record and what it changes of its run. A notification or insight that is known changes nothing. */
export function insertRecord(database: Database, session: string, record: JournalRecord): void {
  const { version: _, at, runId, type, ...content } = record
  const inserted = database.run(
    'insert or ignore into records (run, at, type, key, body) values (?, ?, ?, ?, ?)',
    runId,
    at,
    type,
    keyOf(record),
    JSON.stringify(content),
  )
  if (inserted > 0) changeRun(database, session, record)
}

function keyOf(record: JournalRecord): string | null {
  if (record.type === 'notification') return record.notification.id
  return record.type === 'insight' ? record.insight.id : null
}

function changeRun(database: Database, session: string, record: JournalRecord): void {
  switch (record.type) {
    case 'run-started':
      return beginRun(database, session, record, { kind: 'coordinator', ...record.start })
    case 'operator-run-started':
      return beginRun(database, session, record, { kind: 'operator', skill: record.skill })
    case 'run-ended': {
      const { outcome, partial, iterations, tokens, summary } = record.result
      return endRun(database, record, { outcome, partial, iterations, tokens, summary })
    }
    case 'operator-run-ended': {
      const { ending, partial, iterations, tokens } = record.result
      const summary = ending.type === 'completed' ? ending.summary : ending.reason
      return endRun(database, record, {
        outcome: ending.type,
        partial,
        iterations,
        tokens,
        summary,
      })
    }
    case 'insight':
      return beginCrash(database, session, record)
    case 'notification':
      // Its run is known but for one case: it was taken for lost, and forgotten.
      return beginRun(database, session, record, { kind: 'coordinator' })
    case 'run-event':
    case 'model-turn':
      return undefined
    default:
      return unreachable(record)
  }
}

interface RunStart {
  readonly kind: 'coordinator' | 'operator'
  readonly skill?: string
  readonly reason?: string
}

function beginRun(
  database: Database,
  session: string,
  { runId, at }: JournalRecord,
  { kind, skill, reason }: RunStart,
): void {
  database.run(
    'insert or ignore into runs (id, session, kind, skill, reason, started_at) values (?, ?, ?, ?, ?, ?)',
    runId,
    session,
    kind,
    skill ?? null,
    reason ?? null,
    at,
  )
}

/** An insight without a run is that of a crash, which is over when it is written. */
function beginCrash(database: Database, session: string, { runId, at }: JournalRecord): void {
  database.run(
    `insert or ignore into runs (id, session, kind, started_at, ended_at, outcome, partial)
     values (?, ?, 'crash', ?, ?, 'done', 0)`,
    runId,
    session,
    at,
    at,
  )
}

interface RunEnd {
  readonly outcome: string
  readonly partial: boolean
  readonly iterations: number
  readonly tokens: number
  readonly summary: string | undefined
}

function endRun(database: Database, { runId, at }: JournalRecord, end: RunEnd): void {
  const { outcome, partial, iterations, tokens, summary = null } = end
  database.run(
    `update runs set ended_at = ?, outcome = ?, partial = ?, iterations = ?, tokens = ?, summary = ?
     where id = ?`,
    at,
    outcome,
    Number(partial),
    iterations,
    tokens,
    summary,
    runId,
  )
}
