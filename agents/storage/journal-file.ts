/**
 * The journal's file: a database that several processes may write and others may read meanwhile.
 *
 * What a transaction has written outlives the process, whenever that is killed: it is in the
 * system's hands then. It is forced onto the disk only now and then (`synchronous = normal` in WAL
 * mode, https://sqlite.org/pragma.html#pragma_synchronous), so that the root thread does not wait for
 * disks: a machine that loses its power may lose the last records, never the file.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { JournalUnusable } from '../errors.ts'
import type { JournalRecord } from '../journal.ts'
import { type Database, openDatabase } from './database.ts'
import type { FileBounds } from './file-bounds.ts'
import { migrate } from './migrations.ts'
import { birthOf } from './process-birth.ts'
import { insertRecord, recordIn } from './record-rows.ts'
import { type Forgotten, forgetSome } from './retention.ts'
import {
  endSession,
  enterSession,
  type Interrupted,
  interruptLost,
  type Owner,
} from './sessions.ts'

/** Milliseconds that opening waits for other processes, and that a commit does. */
const openBusyMs = 2_000
const commitBusyMs = 2
/** Pages of the log that are written back at once: more would hold up a turn for 10 ms and longer. */
const checkpointPages = 250
/** Applications whose baselines one file keeps. */
export const maxApplications = 50
/** Rows that are read of one run to resume it; more than any run writes. */
const maxRecordsRead = 50_000

export class JournalFile {
  readonly path: string
  readonly #database: Database
  readonly #owner: Owner
  /** Runs that a process had left open when it died, as they were found when this file was opened. */
  readonly interrupted: readonly Interrupted[]

  /**
   * Opens a file, or makes it, with its folders; older ones are brought to this version.
   *
   * @throws {JournalUnusable} No journal, one of a newer nodelens, or the system's own reason.
   */
  constructor(path: string, owner: Owner, now: number) {
    this.path = path
    this.#owner = owner
    const { database, interrupted } = opened(path, owner, now)
    this.#database = database
    this.interrupted = interrupted
  }

  /**
   * Writes records in one transaction, as many as the time allows.
   *
   * @returns How many were written: the first ones.
   * @throws {Error} Nothing was written.
   */
  append(records: readonly JournalRecord[], withinMs: number): number {
    const until = performance.now() + withinMs
    return this.#database.transaction(() => {
      let written = 0
      for (const record of records) {
        insertRecord(this.#database, this.#owner.id, record)
        written += 1
        if (performance.now() > until) break
      }
      return written
    })
  }

  /** What this life of nodelens has written: all of its open runs and the newest of those that ended. */
  ownRecords(maxEndedRuns: number): JournalRecord[] {
    const runs = this.#database.all(
      `select id from runs where session = ? and (ended_at is null or id in (
         select id from runs where session = ? and ended_at is not null
         order by started_at desc limit ?)) order by started_at`,
      this.#owner.id,
      this.#owner.id,
      maxEndedRuns,
    )
    return runs.flatMap(({ id }) => this.recordsOf(String(id)))
  }

  /** All that stands in the file of one run, in order, but the models' turns. */
  recordsOf(runId: string): JournalRecord[] {
    return this.#database
      .all(
        `select run, at, type, body from records where run = ? and type <> 'model-turn' order by seq limit ?`,
        runId,
        maxRecordsRead,
      )
      .flatMap((row) => recordIn(row) ?? [])
  }

  /** What the skill `anomaly` learned of an application; undefined: nothing yet. */
  baselinesOf(application: string): string | undefined {
    const [row] = this.#database.all(
      'select body from baselines where application = ?',
      application,
    )
    return row === undefined ? undefined : String(row['body'])
  }

  /**
   * Keeps what was learned of an application in the place of what was kept before.
   *
   * @returns How many others had to make room: those that were silent longest.
   */
  keepBaselines(application: string, text: string, now: number): number {
    return this.#database.transaction(() => {
      this.#database.run(
        'insert or replace into baselines (application, saved_at, body) values (?, ?, ?)',
        application,
        now,
        text,
      )
      return this.#database.run(
        `delete from baselines where application not in
           (select application from baselines order by saved_at desc limit ?)`,
        maxApplications,
      )
    })
  }

  /** Forgets what is beyond the bounds, a part at a time; undefined: nothing is. */
  forgetSome(bounds: FileBounds, now: number): Forgotten | undefined {
    return this.#database.transaction(() => forgetSome(this.#database, bounds, now))
  }

  /** Writes that this process is there; finds those that are not any more. */
  sight(now: number): readonly Interrupted[] {
    return this.#database.transaction(() => {
      enterSession(this.#database, this.#owner, now)
      return interruptLost(this.#database, this.#owner, now)
    })
  }

  /** Says that this life has come to its end: what it had under way was stopped. */
  end(now: number): void {
    this.#database.transaction(() => endSession(this.#database, this.#owner.id, now))
  }

  /** Harmless when repeated. */
  close(): void {
    this.#database.close()
  }
}

function opened(
  path: string,
  owner: Owner,
  now: number,
): { readonly database: Database; readonly interrupted: readonly Interrupted[] } {
  let database: Database | undefined
  try {
    mkdirSync(dirname(path), { recursive: true })
    // What the application's memory held is nobody else's to read.
    closeSync(openSync(path, 'a', 0o600))
    database = openDatabase(path, { busyMs: openBusyMs })
    const tables = database
    migrate(tables, path)
    tables.script('pragma journal_mode = wal; pragma synchronous = normal')
    tables.script(`pragma wal_autocheckpoint = ${checkpointPages}`)
    tables.script(`pragma journal_size_limit = 4194304; pragma busy_timeout = ${commitBusyMs}`)
    const interrupted = tables.transaction(() => {
      enterSession(tables, owner, now, birthOf(owner.pid))
      return interruptLost(tables, owner, now)
    })
    return { database: tables, interrupted }
  } catch (error) {
    database?.close()
    throw error instanceof JournalUnusable ? error : unusable(path, error)
  }
}

/** @param error What the system or the binding said. */
export function unusable(path: string, error: unknown): JournalUnusable {
  const why = error instanceof Error ? error.message : String(error)
  const isForeign = /not a database/.test(why)
  return new JournalUnusable(
    path,
    isForeign
      ? 'it is not a database. Name another file, or one that ends in .jsonl for lines of JSON'
      : why,
    error,
  )
}
