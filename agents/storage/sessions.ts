/** The lives of nodelens that have written to a journal file, and those that ended without a word. */
import type { Database, Row } from './database.ts'
import { isGone, type Processes, type Session } from './process-birth.ts'

/** Who writes: one life of nodelens in one process. */
export interface Owner {
  readonly id: string
  readonly pid: number
  readonly host: string
  /** Path of the application's entry script. */
  readonly application: string
}

/** A run that was under way when its process was killed. */
export interface Interrupted {
  readonly runId: string
  readonly pid: number
  readonly host: string
  /** When the last record of it was written, epoch milliseconds. */
  readonly knownUntil: number
  readonly notifications: number
  readonly insights: number
}

/** Writes that the owner is there now; once more after others took it for gone. */
export function enterSession(
  database: Database,
  { id, pid, host, application }: Owner,
  now: number,
  birth?: string,
): void {
  database.run(
    `insert into sessions (id, pid, host, application, birth, started_at, seen_at)
     values (?, ?, ?, ?, ?, ?, ?)
     on conflict (id) do update set seen_at = excluded.seen_at, ended_at = null, ending = null`,
    id,
    pid,
    host,
    application,
    birth ?? null,
    now,
    now,
  )
}

export function endSession(database: Database, id: string, now: number): void {
  database.run(
    `update sessions set seen_at = ?, ended_at = ?, ending = 'stopped' where id = ?`,
    now,
    now,
    id,
  )
  endOpenRuns(database, id, 'stopped')
}

/** Ends the sessions whose process is gone, and their runs as interrupted; says which runs. */
export function interruptLost(
  database: Database,
  owner: Owner,
  now: number,
  processes?: Processes,
): Interrupted[] {
  return lostSessions(database, owner, now, processes).flatMap((session) =>
    endLost(database, session),
  )
}

/** The sessions that were not ended and whose process is gone, as seen from a process. */
export function lostSessions(
  database: Database,
  own: Omit<Session, 'seenAt'>,
  now: number,
  processes?: Processes,
): Session[] {
  return database
    .all('select * from sessions where ended_at is null and id <> ?', own.id)
    .map(sessionIn)
    .filter((session) => isGone(session, own, now, processes))
}

function sessionIn({ id, pid, host, birth, seen_at }: Row): Session {
  return {
    id: String(id),
    pid: Number(pid),
    host: String(host),
    seenAt: Number(seen_at),
    ...(typeof birth === 'string' ? { birth } : {}),
  }
}

function endLost(database: Database, { id, pid, host }: Session): Interrupted[] {
  const runs = database.all(
    `select run as id, max(at) as at, count(case when type = 'notification' then 1 end) as notifications,
       count(case when type = 'insight' then 1 end) as insights
     from records where run in (select id from runs where session = ? and ended_at is null)
     group by run`,
    id,
  )
  endOpenRuns(database, id, 'interrupted')
  database.run(
    `update sessions set ending = 'lost', ended_at = max(seen_at, coalesce((select max(at) from records
       where run in (select id from runs where session = sessions.id)), 0)) where id = ?`,
    id,
  )
  return runs.map((run) => ({
    runId: String(run['id']),
    pid,
    host,
    knownUntil: Number(run['at']),
    notifications: Number(run['notifications']),
    insights: Number(run['insights']),
  }))
}

/** What was known when a run was cut off stays; that it was cut off is its outcome. */
function endOpenRuns(
  database: Database,
  session: string,
  outcome: 'stopped' | 'interrupted',
): void {
  database.run(
    `update runs set outcome = ?, partial = 1,
       ended_at = coalesce((select max(at) from records where run = runs.id), started_at)
     where session = ? and ended_at is null`,
    outcome,
    session,
  )
}
