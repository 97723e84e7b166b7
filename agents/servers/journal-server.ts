/**
 * The journal as an actor in the root thread: what it has answered for is written. It also writes the
 * insights file and tells the observer, so that there is one order in which things happened.
 */
import {
  cast,
  type ExitReason,
  isAbnormal,
  type ServerContext,
  server,
} from '../../runtime/index.ts'
import { type InsightsFile, insightsFile } from '../insights-file.ts'
import {
  appendRecord,
  defaultJournalBounds,
  emptyJournal,
  type Journal,
  type JournaledRun,
  type JournalRecord,
  openRuns,
  resultOf,
} from '../journal.ts'
import type { CoordinatorResult } from '../loop/coordinator-run.ts'
import { flawOf } from '../storage/record-rows.ts'
import { emit } from '../telemetry.ts'
import type { Insight } from '../vocabulary/insight.ts'
import { type JournalBook, type JournalFileArgs, openBook } from './journal-book.ts'
import { names } from './names.ts'

/** Where the journal writes, beside its memory. */
export interface JournalArgs {
  readonly journal?: JournalFileArgs
  /** JSON lines of insights. */
  readonly insightsFile?: string
}

interface State {
  readonly journal: Journal
  /** Where everything is written; absent: nowhere. */
  readonly book: JournalBook | undefined
  readonly insights: InsightsFile | undefined
  /** A file that cannot be written is told once for each kind of error. */
  readonly troubles: readonly string[]
}

/** What the skill `anomaly` learned, as it saved it; undefined: nothing yet. */
export interface LearnedText {
  readonly text: string | undefined
}

/** A run as lists show it. */
export interface RunSummary {
  readonly runId: string
  readonly reason: string | undefined
  readonly startedAt: number
  readonly outcome: string | undefined
  readonly insights: number
}

export const journal = server(import.meta, {
  name: names.journal,
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: ({ journal: file, insightsFile: path }: JournalArgs): State => {
    const book = file === undefined ? undefined : openBook(file)
    const known = book?.ownRecords(defaultJournalBounds.maxEndedRuns) ?? []
    return {
      journal: known.reduce((all, record) => appendRecord(all, record).journal, emptyJournal()),
      book,
      insights: path === undefined ? undefined : insightsFile(path),
      troubles: [],
    }
  },
  calls: {
    /** Answers when the record is written: true, or false if the file could not take it. */
    append: (state: State, record: JournalRecord, context: ServerContext) => ({
      state: append(state, record, {
        done: (isWritten) => {
          if (context.from !== undefined) context.reply(context.from, isWritten)
        },
      }),
    }),
    openRuns: (state: State) => ({ reply: openRuns(state.journal), state }),
    runOf: (state: State, runId: string): { reply: JournaledRun | undefined; state: State } => ({
      reply: wholeRun(state, runId),
      state,
    }),
    resultOf: (
      state: State,
      runId: string,
    ): { reply: CoordinatorResult | undefined; state: State } => ({
      reply: resultOf(state.journal, runId),
      state,
    }),
    insights: (state: State): { reply: readonly Insight[]; state: State } => ({
      reply: state.journal.insights,
      state,
    }),
    runs: (state: State) => ({ reply: summaries(state.journal), state }),
    /** What was learned of an application; undefined: a journal keeps nothing of that kind. */
    baselines: (
      { book, ...state }: State,
      application: string,
    ): { reply: LearnedText | undefined; state: State } => ({
      reply: book?.baselines && { text: book.baselines.load(application) },
      state: { ...state, book },
    }),
    /** Why the file is not written, if it is not. */
    problem: (state: State): { reply: string | undefined; state: State } => ({
      reply: state.book?.problem,
      state,
    }),
  },
  casts: {
    append: (state: State, record: JournalRecord) => ({ state: append(state, record) }),
    keepBaselines: (state: State, { application, text }: { application: string; text: string }) => {
      state.book?.baselines?.save(application, text)
      return { state }
    },
    /** An insight that a dying process has written to the insights file itself: no turn may follow. */
    appendWritten: (state: State, record: JournalRecord) => {
      const next = append(state, record, { isDying: true })
      next.book?.flush()
      return { state: next }
    },
  },
  terminate: ({ book }: State, reason: ExitReason) => book?.close(!isAbnormal(reason)),
})

interface Appending {
  readonly done?: (isWritten: boolean) => void
  /** The insights file has been written by whoever saw the process die. */
  readonly isDying?: boolean
}

function append(state: State, record: JournalRecord, { done, isDying }: Appending = {}): State {
  const { journal: next, isNew, hits } = appendRecord(state.journal, record)
  for (const hit of hits) emit('journal', 'bound-hit', { ...hit })
  if (!isNew) {
    done?.(true)
    return state
  }
  const trouble = isDying ? undefined : writeInsight(state, record)
  write(state, record, done)
  tellObserver(record)
  return trouble === undefined || state.troubles.includes(trouble)
    ? { ...state, journal: next }
    : { ...state, journal: next, troubles: [...state.troubles, trouble] }
}

/** Without a file, memory is all that was promised. */
function write({ book }: State, record: JournalRecord, done: Appending['done']): void {
  if (book === undefined) return done?.(true)
  const flaw = flawOf(record)
  if (flaw === undefined) return book.add(record, done)
  emit('journal', 'write-failed', {
    file: book.path,
    runId: record.runId,
    message: `a record "${record.type}" is not as its schema says: ${flaw}`,
  })
  done?.(false)
}

/** What did not fit in memory is read from the file. */
function wholeRun({ journal: { runs }, book }: State, runId: string): JournaledRun | undefined {
  const run = runs.get(runId)
  if (run === undefined || run.dropped === 0) return run
  const records = book?.recordsOf(runId) ?? []
  return records.length < run.records.length ? run : { ...run, records, dropped: 0 }
}

function writeInsight({ insights, troubles }: State, record: JournalRecord): string | undefined {
  if (insights === undefined || record.type !== 'insight') return undefined
  const error = insights.append(record.insight)
  if (error === undefined) {
    emit('insights', 'written', { file: insights.path, insightId: record.insight.id })
    return undefined
  }
  if (!troubles.includes(error.message)) {
    emit('insights', 'write-failed', { file: insights.path, message: error.message })
  }
  return error.message
}

function tellObserver(record: JournalRecord): void {
  if (record.type === 'insight') {
    cast(names.observer, 'publish', { topic: 'insights', entry: record.insight })
  } else if (record.type === 'notification') {
    const { snapshots: _, ...view } = record.notification
    cast(names.observer, 'publish', { topic: 'notifications', entry: view })
  } else if (record.type === 'run-started') {
    cast(names.observer, 'publish', { topic: 'runs', entry: startedEntry(record) })
  } else if (record.type === 'run-ended') {
    const { runId, outcome, partial, insights, repeats, startedAt, endedAt } = record.result
    const told = { insights: insights.length, ...(repeats === undefined ? {} : { repeats }) }
    const entry = { id: runId, outcome, partial, ...told, startedAt, endedAt }
    cast(names.observer, 'publish', { topic: 'runs', entry })
  }
}

function startedEntry({ runId, start, at }: Extract<JournalRecord, { type: 'run-started' }>) {
  return { id: runId, reason: start.reason ?? null, startedAt: new Date(at).toISOString() }
}

function summaries(journal: Journal): RunSummary[] {
  return [...journal.runs.values()].flatMap(({ runId, records }) => {
    const first = records[0]
    if (first?.type !== 'run-started') return []
    const last = records.at(-1)
    return [
      {
        runId,
        reason: first.start.reason,
        startedAt: first.at,
        outcome: last?.type === 'run-ended' ? last.result.outcome : undefined,
        insights: records.filter(({ type }) => type === 'insight').length,
      },
    ]
  })
}
