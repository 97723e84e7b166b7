/**
 * Writes records to the journal's file, one transaction for all that came in one turn of the loop.
 * Whoever waits is answered when its record is written. The root thread works for milliseconds at a
 * time: what does not fit waits for the next turn.
 */
import type { JournalRecord } from '../journal.ts'
import { databaseErrorCode } from '../storage/database.ts'
import type { FileBounds } from '../storage/file-bounds.ts'
import type { JournalFile } from '../storage/journal-file.ts'
import { sightingMs } from '../storage/process-birth.ts'
import { roomierThan } from '../storage/retention.ts'
import type { Interrupted } from '../storage/sessions.ts'

/** Milliseconds of work in one turn. */
const turnMs = 3
/** A file that another process holds is tried again after this long, and for so long, milliseconds. */
const retryMs = 10
const busyGiveUpMs = 5_000
/** Records that wait to be written; those that come then are refused. */
const maxWaiting = 10_000
/** Records after which the file's size is looked at. */
const lookEvery = 64

interface Waiting {
  readonly record: JournalRecord
  readonly done: (isWritten: boolean) => void
}

/** What the writer needs of the file. */
export type WrittenFile = Pick<
  JournalFile,
  'append' | 'close' | 'end' | 'forgetSome' | 'interrupted' | 'sight'
>

/** What the writer tells. */
export interface WriterEvents {
  failed(message: string): void
  boundHit(hit: { bound: string; value: number; runId?: string }): void
  interrupted(run: Interrupted): void
}

export class JournalWriter {
  readonly #file: WrittenFile
  readonly #bounds: FileBounds
  readonly #events: WriterEvents
  readonly #sighting: NodeJS.Timeout
  readonly #waiting: Waiting[] = []
  #busySince: number | undefined
  #next: { cancel(): void } | undefined
  #tidying: NodeJS.Immediate | undefined
  /** The file was too large: more room is made than it needs just now. */
  #isFull = false
  #sinceLook = 0

  constructor(file: WrittenFile, bounds: FileBounds, events: WriterEvents) {
    this.#file = file
    this.#bounds = bounds
    this.#events = events
    for (const run of file.interrupted) events.interrupted(run)
    this.#sighting = setInterval(() => this.#sight(), sightingMs)
    this.#sighting.unref()
    this.#tidy()
  }

  /** @param done Called once, with whether the record stands in the file. */
  add(record: JournalRecord, done: (isWritten: boolean) => void = () => {}): void {
    if (this.#waiting.length >= maxWaiting) {
      this.#events.boundHit({ bound: 'maxWaiting', value: maxWaiting, runId: record.runId })
      return done(false)
    }
    this.#waiting.push({ record, done })
    this.#next ??= nextTurn(() => this.#turn())
  }

  /** Writes all that waits, now. */
  flush(): void {
    this.#next?.cancel()
    this.#next = undefined
    this.#write(Number.POSITIVE_INFINITY)
  }

  /** @param isEnd Nobody of this life of nodelens comes back to its runs. */
  close(isEnd: boolean): void {
    clearInterval(this.#sighting)
    if (this.#tidying !== undefined) clearImmediate(this.#tidying)
    this.flush()
    if (isEnd) this.#attempt(() => this.#file.end(Date.now()))
    this.#file.close()
  }

  #turn(): void {
    this.#next = undefined
    this.#write(turnMs)
    if (this.#waiting.length > 0) {
      this.#next =
        this.#busySince === undefined
          ? nextTurn(() => this.#turn())
          : later(() => this.#turn(), retryMs)
    }
  }

  #write(withinMs: number): void {
    if (this.#waiting.length === 0) return
    try {
      this.#settle(this.#file.append(recordsOf(this.#waiting), withinMs), true)
      this.#busySince = undefined
    } catch (error) {
      if (!this.#isWorthAnotherTry(error, withinMs)) this.#writeOneByOne()
    }
    if (this.#sinceLook >= lookEvery) this.#tidy()
  }

  #isWorthAnotherTry(error: unknown, withinMs: number): boolean {
    if (databaseErrorCode(error) !== 'SQLITE_BUSY' || withinMs > turnMs) return false
    this.#busySince ??= Date.now()
    return Date.now() - this.#busySince < busyGiveUpMs
  }

  /** One record that cannot be written must not take the others with it. */
  #writeOneByOne(): void {
    this.#busySince = undefined
    while (this.#waiting.length > 0) {
      const isWritten = this.#attempt(() =>
        this.#file.append(recordsOf(this.#waiting.slice(0, 1)), 0),
      )
      this.#settle(1, isWritten)
    }
  }

  #settle(count: number, isWritten: boolean): void {
    this.#sinceLook += count
    for (const { done } of this.#waiting.splice(0, count)) done(isWritten)
  }

  #attempt(work: () => void): boolean {
    try {
      work()
      return true
    } catch (error) {
      this.#events.failed(error instanceof Error ? error.message : String(error))
      return false
    }
  }

  /** Work that comes again: while another process holds the file, it waits for the next time. */
  #whenFree(work: () => void): void {
    this.#attempt(() => {
      try {
        work()
      } catch (error) {
        if (databaseErrorCode(error) !== 'SQLITE_BUSY') throw error
      }
    })
  }

  #sight(): void {
    this.#whenFree(() => {
      for (const run of this.#file.sight(Date.now())) this.#events.interrupted(run)
    })
    this.#tidy()
  }

  #tidy(): void {
    this.#sinceLook = 0
    this.#tidying ??= setImmediate(() => {
      this.#tidying = undefined
      this.#whenFree(() => this.#forget())
    })
  }

  #forget(): void {
    const bounds = this.#isFull ? roomierThan(this.#bounds) : this.#bounds
    const forgotten = this.#file.forgetSome(bounds, Date.now())
    const wasFull = this.#isFull
    this.#isFull = forgotten?.bound === 'maxBytes'
    if (forgotten === undefined) return
    const { bound, runId, isWhole } = forgotten
    if (runId === undefined) {
      if (!wasFull) this.#events.boundHit({ bound, value: this.#bounds[bound] })
      return
    }
    if (isWhole) this.#events.boundHit({ bound, value: this.#bounds[bound], runId })
    this.#tidy()
  }
}

function recordsOf(waiting: readonly Waiting[]): JournalRecord[] {
  return waiting.map(({ record }) => record)
}

function nextTurn(work: () => void): { cancel(): void } {
  const immediate = setImmediate(work)
  return { cancel: () => clearImmediate(immediate) }
}

function later(work: () => void, ms: number): { cancel(): void } {
  const timer = setTimeout(work, ms)
  return { cancel: () => clearTimeout(timer) }
}
