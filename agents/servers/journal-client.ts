/** Writing to the journal from any actor. */
import { call } from '../../runtime/index.ts'
import { type JournalRecord, journalVersion } from '../journal.ts'
import { emit } from '../telemetry.ts'
import { names } from './names.ts'

type WithoutFrame<Record> = Record extends JournalRecord
  ? Omit<Record, 'version' | 'at' | 'runId'>
  : never

/** A record without what every record has. */
export type JournalEntry = WithoutFrame<JournalRecord>

/** Milliseconds to wait for the journal; it only appends, so more means that it is not well. */
const journalMs = 2_000

/** A whole record. */
export function recordOf(runId: string, entry: JournalEntry): JournalRecord {
  return { version: journalVersion, at: Date.now(), runId, ...entry }
}

/**
 * Writes a record and waits until it is written. A journal that does not answer is told; the run
 * goes on without it, as an investigation is worth more than its record.
 */
export async function appendToJournal(runId: string, entry: JournalEntry): Promise<void> {
  try {
    await call(names.journal, 'append', recordOf(runId, entry), { timeoutMs: journalMs })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    emit('journal', 'write-failed', { runId, message })
  }
}
