/**
 * The journal as an actor in the root thread: what it has answered for is written. It also writes the
 * insights file and tells the observer, so that there is one order in which things happened.
 */
import { cast, server } from '../../runtime/index.ts'
import { type InsightsFile, insightsFile } from '../insights-file.ts'
import {
  appendRecord,
  emptyJournal,
  type Journal,
  type JournaledRun,
  type JournalRecord,
  openRuns,
  resultOf,
} from '../journal.ts'
import { appendLine } from '../line-file.ts'
import type { CoordinatorResult } from '../loop/coordinator-run.ts'
import { emit } from '../telemetry.ts'
import type { Insight } from '../vocabulary/insight.ts'
import { names } from './names.ts'

/** Where the journal writes, beside its memory. */
export interface JournalArgs {
  /** JSON lines of everything. */
  readonly journal?: string
  /** JSON lines of insights. */
  readonly insightsFile?: string
}

interface State {
  readonly journal: Journal
  readonly args: JournalArgs
  readonly insights: InsightsFile | undefined
  /** A file that cannot be written is told once for each kind of error. */
  readonly troubles: readonly string[]
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
  init: (args: JournalArgs): State => ({
    journal: emptyJournal(),
    args,
    insights: args.insightsFile === undefined ? undefined : insightsFile(args.insightsFile),
    troubles: [],
  }),
  calls: {
    append: (state: State, record: JournalRecord) => ({
      reply: true as const,
      state: append(state, record),
    }),
    openRuns: (state: State) => ({ reply: openRuns(state.journal), state }),
    runOf: (state: State, runId: string): { reply: JournaledRun | undefined; state: State } => ({
      reply: state.journal.runs.get(runId),
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
  },
  casts: {
    append: (state: State, record: JournalRecord) => ({ state: append(state, record) }),
    /** An insight that a dying process has written to the insights file itself. */
    appendWritten: (state: State, record: JournalRecord) => ({
      state: append(state, record, true),
    }),
  },
})

function append(state: State, record: JournalRecord, isWritten = false): State {
  const { journal: next, isNew, hits } = appendRecord(state.journal, record)
  for (const hit of hits) emit('journal', 'bound-hit', { ...hit })
  if (!isNew) return state
  const trouble = isWritten
    ? writeLine(state, record)
    : (writeLine(state, record) ?? writeInsight(state, record))
  tellObserver(record)
  return trouble === undefined || state.troubles.includes(trouble)
    ? { ...state, journal: next }
    : { ...state, journal: next, troubles: [...state.troubles, trouble] }
}

function writeLine({ args, troubles }: State, record: JournalRecord): string | undefined {
  if (args.journal === undefined) return undefined
  try {
    appendLine(args.journal, JSON.stringify(record))
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (!troubles.includes(message))
      emit('journal', 'write-failed', { file: args.journal, message })
    return message
  }
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
