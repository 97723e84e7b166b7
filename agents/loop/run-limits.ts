/** What a run may spend, and how its end is divided. */
import type { RunBudget } from '../vocabulary/model-request.ts'

/** The bounds of one run. */
export interface RunLimits {
  /** Answers of the model. */
  readonly maxIterations: number
  /** Epoch milliseconds at which the run ends, finished or not. */
  readonly deadlineAt: number
  /** Milliseconds before the deadline at which the run is asked to conclude. */
  readonly graceMs: number
  /** Input and output tokens of the model; absent: only the gateway's own bounds count. */
  readonly tokenBudget?: number
  /** The model that is asked for it; absent: as nodelens was started. */
  readonly model?: string
}

/** Why a run is asked to conclude before it is done. */
export type ConcludeCause = 'deadline' | 'cancelled' | 'iterations' | 'tokens'

/** What a run has spent. */
export interface Spent {
  readonly iterations: number
  readonly tokens: number
}

/** Default milliseconds of a run, as in beamlens (`timeout: 300_000`). */
export const defaultDeadlineMs = 300_000
/** Default answers of the model in one run, as in beamlens (`max_iterations: 25`). */
export const defaultMaxIterations = 25
/** Failures of the model in a row after which a run gives up, as in beamlens. */
export const maxModelFailures = 3
/** Turns that a run has left once it was asked to conclude. */
export const maxConcludingTurns = 8

/** A fifth of the run, two seconds at most, is kept for the conclusion. */
export function graceFor(deadlineMs: number): number {
  return Math.min(2_000, Math.floor(deadlineMs / 5))
}

/** What is left for the turn that begins at `now`. */
export function budgetLeft(limits: RunLimits, spent: Spent, now: number): RunBudget {
  return {
    iterationsLeft: Math.max(1, limits.maxIterations - spent.iterations),
    msLeft: Math.max(0, limits.deadlineAt - now),
    ...(limits.tokenBudget === undefined
      ? {}
      : { tokensLeft: Math.max(0, limits.tokenBudget - spent.tokens) }),
  }
}

/** Which budget is spent, if one is. */
export function spentBudget(limits: RunLimits, spent: Spent): 'iterations' | 'tokens' | undefined {
  if (spent.iterations >= limits.maxIterations) return 'iterations'
  if (limits.tokenBudget !== undefined && spent.tokens >= limits.tokenBudget) return 'tokens'
  return undefined
}

/** Milliseconds before the model is asked again after `failures` failures in a row: 1 s, 2 s, 4 s… */
export function retryDelayMs(failures: number, askedMs: number | undefined): number {
  return Math.min(10_000, askedMs ?? 1_000 * 2 ** Math.max(0, failures - 1))
}

/** Share of the time left that a pipeline's operators have; the rest is for its last step. */
const gatherShare = 0.6

/** Epoch milliseconds at which the operators of a pipeline that starts them at `at` have to be done. */
export function gatherUntil({ deadlineAt, graceMs }: RunLimits, at: number): number {
  return at + Math.floor(Math.max(0, deadlineAt - graceMs - at) * gatherShare)
}
