/**
 * The journal: what happened, in the order in which it happened. It is written before anyone counts
 * on it, so a coordinator that crashed goes on from here: its run is the fold of its events.
 *
 * This is the bounded record in memory, as values; `journal-server.ts` keeps it and writes the file.
 */
import { stepCoordinator } from './loop/coordinator-loop.ts'
import type { CoordinatorEvent, CoordinatorResult, CoordinatorRun } from './loop/coordinator-run.ts'
import { type CoordinatorStart, startCoordinatorRun } from './loop/coordinator-start.ts'
import type { OperatorResult } from './loop/operator-run.ts'
import type { Insight } from './vocabulary/insight.ts'
import type { ModelFailure, ModelUsage } from './vocabulary/model-reply.ts'
import type { Action, Turn } from './vocabulary/model-request.ts'
import type { Notification } from './vocabulary/notification.ts'

/** Version of the journal's lines. Raised when a record changes its meaning. */
export const journalVersion = 1

/** One line of the journal. `at` is epoch milliseconds. */
export type JournalRecord = {
  readonly version: typeof journalVersion
  readonly at: number
  readonly runId: string
} & (
  | { readonly type: 'run-started'; readonly start: CoordinatorStart }
  | { readonly type: 'run-event'; readonly event: CoordinatorEvent }
  | { readonly type: 'run-ended'; readonly result: CoordinatorResult }
  | { readonly type: 'operator-run-started'; readonly skill: string; readonly operator: string }
  | {
      readonly type: 'operator-run-ended'
      readonly operator: string
      readonly result: OperatorResult
    }
  | { readonly type: 'notification'; readonly notification: Notification }
  | { readonly type: 'insight'; readonly insight: Insight }
  /** One turn of a model: what was new to it, and what it said or why it did not. Kept in files only. */
  | {
      readonly type: 'model-turn'
      /** Id of the agent's run. */
      readonly agent: string
      /** Of an operator; absent: the coordinator. */
      readonly skill?: string
      readonly heard: readonly Turn<Action>[]
      readonly model: string
      readonly action?: Action
      readonly usage?: ModelUsage
      readonly failure?: ModelFailure
    }
)

/** How much the record in memory holds; the file holds everything. */
export interface JournalBounds {
  /** Runs that have ended; the oldest is forgotten first. */
  readonly maxEndedRuns: number
  /** Records of one run; beyond, it cannot be resumed after a crash of its coordinator. */
  readonly maxRecordsPerRun: number
  readonly maxInsights: number
}

/** The default bounds. */
export const defaultJournalBounds: JournalBounds = {
  maxEndedRuns: 64,
  maxRecordsPerRun: 2_000,
  maxInsights: 500,
}

/** What is kept of one run. */
export interface JournaledRun {
  readonly runId: string
  readonly records: readonly JournalRecord[]
  /** Records that did not fit. */
  readonly dropped: number
  readonly ended: boolean
}

/** The record in memory. */
export interface Journal {
  readonly bounds: JournalBounds
  /** By run id, oldest first. */
  readonly runs: ReadonlyMap<string, JournaledRun>
  readonly insights: readonly Insight[]
}

/** A bound that was hit; told as `nodelens:journal:bound-hit`. */
export interface JournalBoundHit {
  readonly bound: keyof JournalBounds
  readonly value: number
  readonly runId: string
}

/** An empty journal. */
export function emptyJournal(bounds: Partial<JournalBounds> = {}): Journal {
  return { bounds: { ...defaultJournalBounds, ...bounds }, runs: new Map(), insights: [] }
}

/** Adds a record; an insight that is known already changes nothing, and turns of models are for files. */
export function appendRecord(
  journal: Journal,
  record: JournalRecord,
): { readonly journal: Journal; readonly isNew: boolean; readonly hits: JournalBoundHit[] } {
  if (record.type === 'insight' && journal.insights.some(({ id }) => id === record.insight.id)) {
    return { journal, isNew: false, hits: [] }
  }
  if (record.type === 'model-turn') return { journal, isNew: true, hits: [] }
  const hits: JournalBoundHit[] = []
  const runs = new Map(journal.runs)
  runs.set(record.runId, extendRun(journal, record, hits))
  forgetOldest(journal.bounds, runs, hits)
  const insights =
    record.type === 'insight' ? [...journal.insights, record.insight] : journal.insights
  if (insights.length > journal.bounds.maxInsights) {
    hits.push({ bound: 'maxInsights', value: journal.bounds.maxInsights, runId: record.runId })
  }
  const kept = insights.slice(-journal.bounds.maxInsights)
  return { journal: { ...journal, runs, insights: kept }, isNew: true, hits }
}

function extendRun(journal: Journal, record: JournalRecord, hits: JournalBoundHit[]): JournaledRun {
  const { runId } = record
  const { maxRecordsPerRun } = journal.bounds
  const run = journal.runs.get(runId) ?? { runId, records: [], dropped: 0, ended: false }
  const ended = run.ended || record.type === 'run-ended' || record.type === 'operator-run-ended'
  const isEnd = record.type === 'run-ended' || record.type === 'operator-run-ended'
  if (run.records.length < maxRecordsPerRun || isEnd) {
    return { ...run, ended, records: [...run.records, record] }
  }
  if (run.dropped === 0) hits.push({ bound: 'maxRecordsPerRun', value: maxRecordsPerRun, runId })
  return { ...run, ended, dropped: run.dropped + 1 }
}

function forgetOldest(
  bounds: JournalBounds,
  runs: Map<string, JournaledRun>,
  hits: JournalBoundHit[],
): void {
  const ended = [...runs.values()].filter((run) => run.ended)
  const surplus = ended.slice(0, Math.max(0, ended.length - bounds.maxEndedRuns))
  for (const { runId } of surplus) {
    runs.delete(runId)
    hits.push({ bound: 'maxEndedRuns', value: bounds.maxEndedRuns, runId })
  }
}

/** Runs of a coordinator that have begun and not ended: what a new coordinator takes over. */
export function openRuns(journal: Journal): string[] {
  return [...journal.runs.values()]
    .filter(({ ended, records }) => !ended && records[0]?.type === 'run-started')
    .map(({ runId }) => runId)
}

/** The result of a run, if it is still known. */
export function resultOf(journal: Journal, runId: string): CoordinatorResult | undefined {
  const last = journal.runs.get(runId)?.records.findLast(({ type }) => type === 'run-ended')
  return last?.type === 'run-ended' ? last.result : undefined
}

/** How a run stands after all that the journal knows of it, or why that cannot be said. */
export type Replay =
  | { readonly ok: true; readonly run: CoordinatorRun }
  | { readonly ok: false; readonly reason: string }

/** Folds the events of a run into its state. Effects are left out: they were done, or are done again. */
export function replayRun({ runId, records, dropped }: JournaledRun): Replay {
  if (dropped > 0) {
    return { ok: false, reason: `${dropped} records of the run did not fit in the journal` }
  }
  const [first] = records
  if (first?.type !== 'run-started') {
    return { ok: false, reason: `the journal does not begin with the start of run "${runId}"` }
  }
  const [started] = startCoordinatorRun(first.start, first.at)
  const run = records.reduce(
    (current, record) =>
      record.type === 'run-event' ? stepCoordinator(current, record.event)[0] : current,
    started,
  )
  return { ok: true, run: hearAgain(run, records) }
}

/** Notifications reach the journal before the coordinator; what it did not hear of is told again. */
function hearAgain(run: CoordinatorRun, records: readonly JournalRecord[]): CoordinatorRun {
  return records.reduce((current, record) => {
    if (record.type !== 'notification') return current
    const { notification } = record
    const owner = current.operators.find(({ runId }) => notification.id.startsWith(`${runId}.n`))
    if (owner === undefined) return current
    const event: CoordinatorEvent = {
      type: 'operator-notified',
      at: record.at,
      operator: owner.runId,
      notification,
    }
    return stepCoordinator(current, event)[0]
  }, run)
}
