/**
 * Which runs may begin and which wait, and for whom. Pure.
 *
 * So many runs are under way at a time and so many wait behind them, the urgent ones in front. A
 * few places of each kind are for urgent runs alone: a stall is not to wait behind sixteen nightly
 * looks, nor to be turned away by those that wait.
 */
import { priorityRank, type RunPriority } from '../vocabulary/run-priority.ts'

/** Runs under way at a time. */
export const maxRuns = 16
/** Runs that wait. */
export const maxQueued = 64
/** As many more of each for runs of high priority. */
export const reservedForHigh = 4
/** Follow-ups whose time has not come. */
export const maxScheduled = 64

/** What the queue needs to know of a run. */
export interface QueuedRun {
  readonly id: string
  readonly priority: RunPriority
  /** True while it waits for its turn. */
  readonly isQueued: boolean
  /** Epoch milliseconds: when it was asked for, or for a follow-up when it is to begin. */
  readonly askedAt: number
}

/** What becomes of a run that is asked for now. */
export type Admission = 'begins' | 'waits' | 'refused'

/** Decides on a run that is asked for at `now`. */
export function admit(runs: readonly QueuedRun[], priority: RunPriority, now: number): Admission {
  const waiting = waitingRuns(runs, now)
  const isNext = waiting.every((one) => priorityRank(priority) < priorityRank(one.priority))
  if (isNext && hasRoom(runs, priority)) return 'begins'
  return waiting.length < placesFor(priority, maxQueued) ? 'waits' : 'refused'
}

/** Runs whose turn is to come: the urgent first, then in the order in which they were asked for. */
export function waitingRuns<Run extends QueuedRun>(runs: readonly Run[], now: number): Run[] {
  return runs
    .filter(({ isQueued, askedAt }) => isQueued && askedAt <= now)
    .toSorted(
      (left, right) =>
        priorityRank(left.priority) - priorityRank(right.priority) || left.askedAt - right.askedAt,
    )
}

/** The run that may begin at `now`, if one may. */
export function nextRun<Run extends QueuedRun>(runs: readonly Run[], now: number): Run | undefined {
  const [first] = waitingRuns(runs, now)
  return first !== undefined && hasRoom(runs, first.priority) ? first : undefined
}

/** Follow-ups whose time has not come. */
export function scheduledRuns<Run extends QueuedRun>(runs: readonly Run[], now: number): Run[] {
  return runs.filter(({ isQueued, askedAt }) => isQueued && askedAt > now)
}

function hasRoom(runs: readonly QueuedRun[], priority: RunPriority): boolean {
  return runs.filter(({ isQueued }) => !isQueued).length < placesFor(priority, maxRuns)
}

function placesFor(priority: RunPriority, most: number): number {
  return priority === 'high' ? most + reservedForHigh : most
}
