/** Where the journal is kept: a database, or lines of JSON where the file's name ends in `.jsonl`. */
import { JournalUnusable } from '../errors.ts'
import type { JournalRecord } from '../journal.ts'
import { appendLine } from '../line-file.ts'
import type { FileBounds } from '../storage/file-bounds.ts'
import { JournalFile, maxApplications } from '../storage/journal-file.ts'
import type { Owner } from '../storage/sessions.ts'
import { emit } from '../telemetry.ts'
import { JournalWriter } from './journal-writer.ts'

/** What the journal's file is opened with. */
export interface JournalFileArgs {
  /** Absolute. */
  readonly path: string
  readonly owner: Owner
  readonly bounds: FileBounds
}

/** What was learned of applications, by the path of their entry. */
export interface BaselineShelf {
  load(application: string): string | undefined
  save(application: string, text: string): void
}

export interface JournalBook {
  readonly path: string
  /** Why nothing is written, if nothing is. */
  readonly problem?: string
  /** @param done Called once, with whether the record stands in the file. */
  add(record: JournalRecord, done?: (isWritten: boolean) => void): void
  /** Where the skill `anomaly` keeps what it learned; absent: not here. */
  readonly baselines?: BaselineShelf
  /** Writes what waits, now. */
  flush(): void
  /** What this life of nodelens wrote before the journal was restarted. */
  ownRecords(maxEndedRuns: number): JournalRecord[]
  recordsOf(runId: string): JournalRecord[]
  /** @param isEnd Nobody of this life of nodelens comes back to its runs. */
  close(isEnd: boolean): void
}

/** Opens the file; one that cannot be used is an event, and the investigations go on without it. */
export function openBook(args: JournalFileArgs): JournalBook {
  const tell = failuresOnce(args.path)
  if (isLineFile(args.path)) return lineBook(args.path, tell)
  try {
    return databaseBook(args, tell)
  } catch (error) {
    tell(messageOf(error))
    const problem = error instanceof JournalUnusable ? error.why : messageOf(error)
    return { ...closedBook, path: args.path, problem }
  }
}

/** Lines are for programs that follow a file: nothing bounds them, and nothing is read back. */
export function isLineFile(path: string): boolean {
  return /\.(?:jsonl|ndjson)$/i.test(path)
}

const closedBook = {
  add: (_: JournalRecord, done?: (isWritten: boolean) => void) => done?.(false),
  flush: () => {},
  ownRecords: () => [],
  recordsOf: () => [],
  close: () => {},
}

function lineBook(path: string, tell: (message: string) => void): JournalBook {
  return {
    ...closedBook,
    path,
    add: (record, done) => {
      try {
        appendLine(path, JSON.stringify(record))
        done?.(true)
      } catch (error) {
        tell(messageOf(error))
        done?.(false)
      }
    },
  }
}

function databaseBook(
  { path, owner, bounds }: JournalFileArgs,
  failed: (message: string) => void,
): JournalBook {
  const file = new JournalFile(path, owner, Date.now())
  const writer = new JournalWriter(file, bounds, {
    failed,
    boundHit: (hit) => emit('journal', 'bound-hit', { file: path, ...hit }),
    interrupted: (run) => emit('journal', 'run-interrupted', { file: path, ...run }),
  })
  return {
    path,
    add: (record, done) => writer.add(record, done),
    baselines: shelfOf(file, failed),
    flush: () => writer.flush(),
    ownRecords: (maxEndedRuns) => file.ownRecords(maxEndedRuns),
    recordsOf: (runId) => file.recordsOf(runId),
    close: (isEnd) => writer.close(isEnd),
  }
}

function shelfOf(file: JournalFile, failed: (message: string) => void): BaselineShelf {
  return {
    load: (application) => file.baselinesOf(application),
    save(application, text) {
      try {
        if (file.keepBaselines(application, text, Date.now()) === 0) return
        const hit = { bound: 'maxApplications', value: maxApplications }
        emit('journal', 'bound-hit', { file: file.path, ...hit })
      } catch (error) {
        failed(messageOf(error))
      }
    },
  }
}

/** Each kind of failure is told once: a full disk would tell thousands. */
function failuresOnce(file: string): (message: string) => void {
  const told = new Set<string>()
  return (message) => {
    if (told.has(message)) return
    told.add(message)
    emit('journal', 'write-failed', { file, message })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
