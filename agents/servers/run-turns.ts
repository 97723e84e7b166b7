/** Whose turn it is among the runs of a coordinator, and what is told of those that wait. */
import { TooManyRuns } from '../errors.ts'
import type { CoordinatorRun } from '../loop/coordinator-run.ts'
import {
  admit,
  maxQueued,
  maxRuns,
  maxScheduled,
  nextRun,
  type QueuedRun,
  scheduledRuns,
  waitingRuns,
} from '../loop/run-queue.ts'
import { emit } from '../telemetry.ts'
import type { RunPriority } from '../vocabulary/run-priority.ts'
import { startedFacts } from './run-facts.ts'

export class RunTurns {
  readonly #runs: () => readonly CoordinatorRun[]

  constructor(runs: () => readonly CoordinatorRun[]) {
    this.#runs = runs
  }

  /** Why one more cannot even wait; told as `run:refused`. */
  refusal(runId: string, priority: RunPriority): TooManyRuns | undefined {
    const now = Date.now()
    if (admit(this.#views(), priority, now) !== 'refused') return undefined
    const waiting = waitingRuns(this.#views(), now).length
    emit('run', 'refused', { runId, priority, maxRuns, maxQueued, waiting })
    return new TooManyRuns('The coordinator', maxRuns, waiting)
  }

  /** Whether one that is asked for now begins at once. */
  isNext(priority: RunPriority): boolean {
    return admit(this.#views(), priority, Date.now()) === 'begins'
  }

  /** The run that may begin now, if one may. */
  next(): CoordinatorRun | undefined {
    const next = nextRun(this.#views(), Date.now())
    return this.#runs().find(({ id }) => id === next?.id)
  }

  /** From 1; undefined for a run that has begun or whose time has not come. */
  positionOf(runId: string): number | undefined {
    const index = waitingRuns(this.#views(), Date.now()).findIndex(({ id }) => id === runId)
    return index < 0 ? undefined : index + 1
  }

  /** False if too many follow-ups are to come already; told as `run:bound-hit`. */
  maySchedule(runId: string): boolean {
    if (scheduledRuns(this.#views(), Date.now()).length < maxScheduled) return true
    emit('run', 'bound-hit', { runId, bound: 'maxScheduled', value: maxScheduled })
    return false
  }

  /** Says that a run has begun, or why it has not. */
  told(run: CoordinatorRun): void {
    const now = Date.now()
    const { id: runId, reason, priority, phase, askedAt } = run
    if (phase.type !== 'queued') return emit('run', 'started', startedFacts(run, now))
    const startsAt = askedAt > now ? askedAt : undefined
    const position = this.positionOf(runId)
    emit('run', 'queued', { agent: 'coordinator', runId, reason, priority, startsAt, position })
  }

  #views(): QueuedRun[] {
    return this.#runs().map(({ id, priority, phase, askedAt }) => ({
      id,
      priority,
      askedAt,
      isQueued: phase.type === 'queued',
    }))
  }
}
