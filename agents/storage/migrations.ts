/** The tables of a journal file, and how those of an older version become those of this one. */
import { JournalUnusable } from '../errors.ts'
import type { Database } from './database.ts'

/** Marks a file as a journal of nodelens (`PRAGMA application_id`): "nlns". */
const applicationId = 0x6e6c6e73

const firstTables = `
create table sessions (
  id text primary key,
  pid integer not null,
  host text not null,
  application text not null,
  birth text,
  started_at integer not null,
  seen_at integer not null,
  ended_at integer,
  ending text
);
create table runs (
  id text primary key,
  session text not null,
  kind text not null,
  skill text,
  reason text,
  started_at integer not null,
  ended_at integer,
  outcome text,
  partial integer,
  iterations integer,
  tokens integer,
  summary text
);
create index runs_by_start on runs (started_at);
create index runs_by_end on runs (ended_at);
create index runs_by_session on runs (session, ended_at);
create table records (
  seq integer primary key autoincrement,
  run text not null,
  at integer not null,
  type text not null,
  key text,
  body text not null
);
create index records_by_run on records (run, seq);
create index records_by_time on records (type, at);
create unique index records_by_key on records (type, key) where key is not null;
create view notifications as
  select key as id, run, at, body ->> '$.notification.severity' as severity,
    body ->> '$.notification.operator' as skill, body ->> '$.notification.type' as type,
    body ->> '$.notification.observation' as observation,
    body ->> '$.notification.hypothesis' as hypothesis
  from records where type = 'notification';
create view insights as
  select key as id, run, at, body ->> '$.insight.severity' as severity,
    body ->> '$.insight.summary' as summary,
    body ->> '$.insight.rootCauseHypothesis' as cause,
    body ->> '$.insight.location.function' as function,
    body ->> '$.insight.location.file' as file, body ->> '$.insight.location.line' as line
  from records where type = 'insight';
create view snapshots as
  select distinct part.value ->> '$.id' as id, run, records.key as notification,
    part.value ->> '$.capturedAt' as captured_at, part.value -> '$.data' as data
  from records, json_each(body, '$.notification.snapshots') as part
  where records.type = 'notification';
create view spending as
  select run, at, body ->> '$.agent' as agent, body ->> '$.model' as model,
    body ->> '$.usage.inputTokens' as input_tokens,
    body ->> '$.usage.outputTokens' as output_tokens, body ->> '$.usage.costUsd' as cost_usd
  from records where type = 'model-turn' and body -> '$.usage' is not null;
`

const baselines = `
create table baselines (
  application text primary key,
  saved_at integer not null,
  body text not null
);
`

/** What each version adds to the one before; a file of version n has had the first n of them. */
export const migrations: readonly string[] = [firstTables, baselines]

/**
 * Brings a file to the newest version, in one transaction. An empty file becomes a journal.
 *
 * @returns The version that was found; 0 for a new file.
 * @throws {JournalUnusable} The file is not a journal, or of a newer nodelens.
 */
export function migrate(
  database: Database,
  file: string,
  steps: readonly string[] = migrations,
): number {
  return database.transaction(() => {
    const found = versionOf(database, file, steps.length)
    for (const step of steps.slice(found)) database.script(step)
    if (found < steps.length) {
      database.script(`pragma application_id = ${applicationId}`)
      database.script(`pragma user_version = ${steps.length}`)
    }
    return found
  })
}

/**
 * The version of a journal file; 0 for an empty file.
 *
 * @throws {JournalUnusable} The file is not a journal, or of a newer nodelens.
 */
export function versionOf(database: Database, file: string, newest = migrations.length): number {
  const version = numberOf(database, 'user_version')
  if (numberOf(database, 'application_id') !== applicationId) {
    if (version === 0 && database.all('select 1 from sqlite_schema limit 1').length === 0) return 0
    throw new JournalUnusable(file, 'it is a database of something else. Name another file')
  }
  if (version <= newest) return version
  throw new JournalUnusable(
    file,
    `it has version ${version}, written by a newer nodelens; this one knows versions up to ${newest}. Update nodelens or name another file`,
  )
}

function numberOf(database: Database, pragma: string): number {
  return Number(database.all(`pragma ${pragma}`)[0]?.[pragma] ?? 0)
}
