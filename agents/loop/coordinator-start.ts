/** How a run begins: at once, or when its turn comes. */
import type { KnownCause } from '../vocabulary/insight.ts'
import type { JsonObject } from '../vocabulary/json.ts'
import type { Notification } from '../vocabulary/notification.ts'
import type { RunPriority } from '../vocabulary/run-priority.ts'
import type { SkillSummary } from '../vocabulary/skill-description.ts'
import type { RunStrategy } from '../vocabulary/strategy.ts'
import type { CoordinatorEffect, CoordinatorStep } from './coordinator-effect.ts'
import type { CoordinatorRun } from './coordinator-run.ts'
import { nextTurn } from './coordinator-thinking.ts'
import type { RunLimits } from './run-limits.ts'

/** What a run is started with. */
export interface CoordinatorStart {
  readonly id: string
  readonly reason?: string
  readonly context: JsonObject
  /** What a trigger saw, put in front of the model. */
  readonly signal?: JsonObject
  /** Skills that may be invoked. */
  readonly skills: readonly SkillSummary[]
  readonly limits: RunLimits
  readonly followUps: number
  /** The run that asked for this one as its follow-up. */
  readonly followUpOf?: string
  /** Default `normal`. */
  readonly priority?: RunPriority
  /** Epoch milliseconds before which it does not begin. */
  readonly notBefore?: number
  /** Default `agent-loop`. */
  readonly strategy?: RunStrategy
  /** Known before the run: in the book as unread. */
  readonly notifications?: readonly Notification[]
  /** It waits for its turn (`begin`); the coordinator decides. */
  readonly isQueued?: true
  /** What other runs have found in the last minutes; the coordinator adds it. */
  readonly known?: readonly KnownCause[]
}

/** The first step: the timers that end the run, and the first question to the model if it begins at once. */
export function startCoordinatorRun(start: CoordinatorStart, at: number): CoordinatorStep {
  const { signal, known = [], isQueued, notBefore, notifications = [], ...given } = start
  const run: CoordinatorRun = {
    priority: 'normal',
    strategy: 'agent-loop',
    memo: null,
    ...given,
    known,
    askedAt: notBefore ?? at,
    startedAt: new Date(at).toISOString(),
    phase: { type: 'queued' },
    spent: { iterations: 0, tokens: 0 },
    serial: 0,
    resumes: 0,
    turns: signal === undefined ? [] : [{ type: 'event', event: { type: 'signal', signal } }],
    inbox: [],
    notifications: notifications.map((one) => ({ ...one, status: 'unread' })),
    operators: [],
    insights: [],
    failures: 0,
    models: [],
  }
  const timers = endTimers(run, at)
  if (isQueued === true) return [run, [...timers, ...dueTimer(run, at)]]
  const [begun, effects] = nextTurn(run, at)
  return [begun, [...timers, ...effects]]
}

/** The timers that end every run. */
export function endTimers({ limits }: CoordinatorRun, at: number): CoordinatorEffect[] {
  const { deadlineAt, graceMs } = limits
  return [
    { type: 'arm-timer', timer: 'conclude', ms: Math.max(0, deadlineAt - graceMs - at) },
    { type: 'arm-timer', timer: 'deadline', ms: Math.max(0, deadlineAt - at) },
  ]
}

/** When the time of a follow-up has come. */
export function dueTimer({ askedAt }: CoordinatorRun, at: number): CoordinatorEffect[] {
  return askedAt > at ? [{ type: 'arm-timer', timer: 'due', ms: askedAt - at }] : []
}
