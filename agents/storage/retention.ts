/** Keeps a journal file within its bounds: the oldest runs that have ended are forgotten first. */
import type { Database } from './database.ts'
import type { FileBounds } from './file-bounds.ts'

/** What one look has removed. */
export interface Forgotten {
  readonly bound: keyof FileBounds
  /** Absent: the file is too large, and every run in it is under way. */
  readonly runId?: string
  /** There is nothing left of the run; else there is more to do. */
  readonly isWhole: boolean
}

/** Rows that are deleted in one transaction: a millisecond or two. */
const rowsAtOnce = 100
/** Once the file is too large it is brought below this part of its bound. */
const roomPart = 0.9

/** Removes a part of the oldest run that is beyond the bounds; undefined: none is. */
export function forgetSome(
  database: Database,
  { maxBytes, maxAgeMs }: FileBounds,
  now: number,
): Forgotten | undefined {
  const [oldest] = database.all(
    'select id, ended_at from runs where ended_at is not null order by ended_at limit 1',
  )
  const isOld = oldest !== undefined && Number(oldest['ended_at']) < now - maxAgeMs
  if (!isOld && usedBytes(database) <= maxBytes) return undefined
  if (oldest === undefined) return { bound: 'maxBytes', isWhole: true }
  const runId = String(oldest['id'])
  const isWhole = forgetPart(database, runId)
  return { bound: isOld ? 'maxAgeMs' : 'maxBytes', runId, isWhole }
}

/** The bound to go down to once the file has been too large. */
export function roomierThan(bounds: FileBounds): FileBounds {
  return { ...bounds, maxBytes: Math.floor(bounds.maxBytes * roomPart) }
}

/** Pages that were freed are used again: the file does not shrink, and does not grow. */
export function usedBytes(database: Database): number {
  const [row] = database.all(
    `select (pages.page_count - free.freelist_count) * size.page_size as bytes
     from pragma_page_count() as pages, pragma_freelist_count() as free, pragma_page_size() as size`,
  )
  return Number(row?.['bytes'] ?? 0)
}

function forgetPart(database: Database, runId: string): boolean {
  const removed = database.run(
    'delete from records where seq in (select seq from records where run = ? order by seq limit ?)',
    runId,
    rowsAtOnce,
  )
  if (removed === rowsAtOnce) return false
  database.run('delete from runs where id = ?', runId)
  database.run(
    'delete from sessions where ended_at is not null and not exists (select 1 from runs where session = sessions.id)',
  )
  return true
}
