/** Reads a journal file, also while its process writes it, or is dead. */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { JournalUnusable } from '../errors.ts'
import { type Database, openDatabase, type Row } from './database.ts'
import {
  type History,
  type HistoryRun,
  historyRunSchema,
  historySchema,
  historySpendingSchema,
  historyVersion,
} from './history-schema.ts'
import { unusable } from './journal-file.ts'
import { migrations, versionOf } from './migrations.ts'
import { recordIn } from './record-rows.ts'
import { lostSessions } from './sessions.ts'

/** What is asked of the past. */
export interface HistoryOptions {
  /** Epoch milliseconds. Default: from the beginning. */
  readonly since?: number
  /** One run, with everything that is known of it. Default: all. */
  readonly runId?: string
  /** Runs and insights, each. Default 200. */
  readonly limit?: number
}

const busyMs = 2_000
const maxRecords = 20_000

/**
 * Reads what a journal file tells of the past; changes nothing.
 *
 * @throws {JournalUnusable} There is no such file, or it is not a journal of this version.
 * @throws {RangeError} `since` or `limit` is not a number that can be meant.
 */
export function readHistory(file: string, options: HistoryOptions = {}): History {
  const { since = 0, limit = 200 } = options
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`readHistory(file, { limit }): expected 1 or more, got ${limit}`)
  if (!Number.isFinite(since) || Math.abs(since) > 8.64e15)
    throw new RangeError(`readHistory(file, { since }): expected epoch milliseconds, got ${since}`)
  const path = resolve(file)
  if (!existsSync(path)) throw new JournalUnusable(path, 'there is no such file')
  let database: Database | undefined
  try {
    database = openDatabase(path, { busyMs })
    database.script('pragma query_only = 1')
    checkVersion(database, path)
    return historyOf(database, path, { ...options, since, limit })
  } catch (error) {
    throw error instanceof JournalUnusable ? error : unusable(path, error)
  } finally {
    database?.close()
  }
}

function checkVersion(database: Database, path: string): void {
  const version = versionOf(database, path)
  if (version === migrations.length) return
  throw new JournalUnusable(
    path,
    version === 0
      ? 'it is empty'
      : `it has version ${version}; a nodelens that writes to it brings it to version ${migrations.length}`,
  )
}

type Asked = Required<Omit<HistoryOptions, 'runId'>> & Pick<HistoryOptions, 'runId'>

function historyOf(database: Database, path: string, asked: Asked): History {
  const { since, runId } = asked
  // A reader is none of those that write: with a pid of its own it would take them for its former lives.
  const reader = { id: '', pid: -1, host: hostname() }
  const lost = new Set(lostSessions(database, reader, Date.now()).map(({ id }) => id))
  const runs = parsedRows(runsIn(database, asked), (row) => runIn(row, lost))
  const insights = parsedRows(insightsIn(database, asked), (row) => {
    const record = recordIn(row)
    return record?.type === 'insight' ? record.insight : undefined
  })
  const records = runId === undefined ? undefined : parsedRows(recordsIn(database, runId), recordIn)
  const parts = [runs, insights, ...(records === undefined ? [] : [records])]
  return v.parse(historySchema, {
    version: historyVersion,
    file: path,
    readAt: new Date().toISOString(),
    ...(since === 0 ? {} : { since: new Date(since).toISOString() }),
    runs: runs.values.slice(0, asked.limit),
    insights: insights.values.slice(0, asked.limit),
    spending: spendingIn(database, asked),
    truncated:
      runs.values.length > asked.limit ||
      insights.values.length > asked.limit ||
      records?.values.length === maxRecords,
    unreadable: parts.reduce((sum, { unreadable }) => sum + unreadable, 0),
    ...(records === undefined ? {} : { records: records.values }),
  })
}

function parsedRows<Value>(rows: readonly Row[], parse: (row: Row) => Value | undefined) {
  const values = rows.flatMap((row) => parse(row) ?? [])
  return { values, unreadable: rows.length - values.length }
}

/** One more than was asked for, to know whether there is more. */
function runsIn(database: Database, { since, runId, limit }: Asked): Row[] {
  return database.all(
    `select runs.*, host, pid,
       (select max(at) from records where run = runs.id) as known_until,
       (select count(*) from records where run = runs.id and type = 'notification') as notifications,
       (select count(*) from records where run = runs.id and type = 'insight') as insights
     from runs join sessions on sessions.id = runs.session
     where coalesce(runs.ended_at, runs.started_at) >= ? and runs.id = coalesce(?, runs.id)
     order by runs.started_at desc limit ?`,
    since,
    runId ?? null,
    limit + 1,
  )
}

function insightsIn(database: Database, { since, runId, limit }: Asked): Row[] {
  return database.all(
    `select run, at, type, body from records
     where type = 'insight' and at >= ? and run = coalesce(?, run) order by at desc limit ?`,
    since,
    runId ?? null,
    limit + 1,
  )
}

function recordsIn(database: Database, runId: string): Row[] {
  return database.all(
    'select run, at, type, body from records where run = ? order by seq limit ?',
    runId,
    maxRecords,
  )
}

function spendingIn(database: Database, { since, runId }: Asked): History['spending'] {
  const rows = database.all(
    `select model, count(*) as turns, count(*) - count(input) as failures,
       coalesce(sum(input), 0) as inputTokens, coalesce(sum(output), 0) as outputTokens,
       case when count(input) = count(cost) then coalesce(sum(cost), 0) end as costUsd
     from (select body ->> '$.model' as model, body ->> '$.usage.inputTokens' as input,
         body ->> '$.usage.outputTokens' as output, body ->> '$.usage.costUsd' as cost
       from records where type = 'model-turn' and at >= ? and run = coalesce(?, run))
     group by model order by model`,
    since,
    runId ?? null,
  )
  return rows.map((row) => v.parse(historySpendingSchema, { ...row }))
}

/** What is open in a session that is lost will be marked by the next that writes; it is told now. */
function runIn(row: Row, lost: ReadonlySet<string>): HistoryRun | undefined {
  const { id, started_at, ended_at: end, known_until, partial, session, ...known } = row
  const isLost = end === null && lost.has(String(session))
  const ended_at = isLost ? known_until : end
  const parsed = v.safeParse(historyRunSchema, {
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)),
    runId: id,
    startedAt: timeOf(started_at),
    ...(ended_at === null ? {} : { endedAt: timeOf(ended_at) }),
    partial: partial === 1 || isLost,
    ...(isLost ? { outcome: 'interrupted' } : {}),
  })
  return parsed.success ? parsed.output : undefined
}

function timeOf(value: unknown): string | undefined {
  return typeof value === 'number' ? new Date(value).toISOString() : undefined
}
