/** Vocabulary of a coordinator's run: its state, what happens to it, how it ends. */
import type { CheckedInsight } from '../vocabulary/check-insight.ts'
import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import type { Insight, KnownCause } from '../vocabulary/insight.ts'
import type { Json, JsonObject } from '../vocabulary/json.ts'
import type { ModelFailure, ModelReply } from '../vocabulary/model-reply.ts'
import type { CoordinatorTurn, OperatorView } from '../vocabulary/model-request.ts'
import type { Notification, NotificationRecord } from '../vocabulary/notification.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'
import type { RunPriority } from '../vocabulary/run-priority.ts'
import type { SkillSummary } from '../vocabulary/skill-description.ts'
import type { RunStrategy, StrategyDecision } from '../vocabulary/strategy.ts'
import type { OperatorAnswer, OperatorResult } from './operator-run.ts'
import type { ConcludeCause, RunLimits, Spent } from './run-limits.ts'

/** Why a run ends other than by `done`. */
export type EndCause = ConcludeCause | 'model-failed'

/** What a coordinator is doing. */
export type CoordinatorPhase =
  /** Its turn has not come: nothing of it has begun. */
  | { readonly type: 'queued' }
  | { readonly type: 'thinking'; readonly request: string }
  /** A `wait`: ends with the timer or with the next report. */
  | {
      readonly type: 'waiting'
      readonly timer: string
      readonly since: number
      readonly action: CoordinatorAction
    }
  /** A strategy of the user's is asked what comes next. */
  | { readonly type: 'deciding'; readonly request: string }
  /** `done` was said while operators run: goes on when the last one has ended. */
  | { readonly type: 'deferring'; readonly action: CoordinatorAction }
  /** The model failed and is asked again when the timer fires. */
  | { readonly type: 'retrying'; readonly timer: string }
  /** The run is ending: operators conclude first. */
  | { readonly type: 'gathering'; readonly cause: EndCause; readonly timer: string }
  /** The run is ending: the model's last words. */
  | {
      readonly type: 'concluding'
      readonly cause: ConcludeCause
      readonly request: string
      readonly timer: string
      readonly turnsLeft: number
    }
  | { readonly type: 'ended'; readonly result: CoordinatorResult }

/** An operator of this run. */
export interface OperatorRecord {
  readonly skill: string
  /** Id of the operator's own run. */
  readonly runId: string
  /** Absent until it is started. */
  readonly pid?: string
  readonly view: OperatorView
  readonly notificationIds: readonly string[]
  /** How its work ended, as far as the operator could tell itself. */
  readonly finished?: { readonly partial: boolean; readonly summary?: string }
}

/** A follow-up that the model asked for. */
export interface FollowUp {
  /** Id of the run that is to come. */
  readonly runId: string
  readonly ms: number
  readonly reason: string
}

/** One run of the coordinator. */
export interface CoordinatorRun {
  readonly id: string
  readonly reason?: string
  readonly context: JsonObject
  readonly skills: readonly SkillSummary[]
  readonly limits: RunLimits
  readonly priority: RunPriority
  /** Epoch milliseconds: when it was asked for, or for a follow-up when it is to begin. */
  readonly askedAt: number
  /** When it began; while it is queued, when it was asked for. */
  readonly startedAt: string
  /** How often it was taken over after a crash of its coordinator. */
  readonly resumes: number
  /** The run that asked for this one. */
  readonly followUpOf?: string
  /** How many follow-ups led to this run. */
  readonly followUps: number
  readonly strategy: RunStrategy
  /** What the strategy remembers. */
  readonly memo: Json
  readonly phase: CoordinatorPhase
  readonly spent: Spent
  readonly serial: number
  /** An action is added together with its result, so that the history is whole at any time. */
  readonly turns: readonly CoordinatorTurn[]
  /** What arrived since the model was asked last; it joins `turns` at the next question. */
  readonly inbox: readonly CoordinatorTurn[]
  readonly notifications: readonly NotificationRecord[]
  readonly operators: readonly OperatorRecord[]
  readonly insights: readonly Insight[]
  /** What other runs have found. */
  readonly known: readonly KnownCause[]
  readonly failures: number
  readonly failure?: ModelFailure
  readonly models: readonly string[]
  readonly followUp?: FollowUp
  /** Insights of a report were sent back once; what still does not hold of them is unverified. */
  readonly isMended?: true
  /** What is left of a draft that was sent back, until the model has answered to that. */
  readonly held?: CheckedInsight
  /** Ids of insights of other runs that this run's model told again. */
  readonly repeats?: readonly string[]
}

/** A cause that another run has told and that was met again: it is counted, not told anew. */
export interface RepeatedCause {
  /** Id of the insight that told it first. */
  readonly insightId: string
  readonly summary: string
  /** How often it has been met by now, the first time included. */
  readonly occurrences: number
}

/** How a run ended. Only `done` and `failed` leave the reason to no budget and no one's wish. */
export type RunOutcome =
  | 'done'
  | 'deadline_exceeded'
  | 'cancelled'
  | 'iterations_spent'
  | 'tokens_spent'
  | 'failed'

/** One operator in the result of a run. */
export interface OperatorReport extends OperatorView {
  readonly runId: string
  readonly summary?: string
  readonly partial: boolean
  readonly notificationIds: readonly string[]
}

/** What a run ends with: everything that is known, whatever ended it. */
export interface CoordinatorResult {
  readonly version: 1
  readonly runId: string
  readonly outcome: RunOutcome
  /** True unless the model said `done` and every operator completed its work. */
  readonly partial: boolean
  readonly summary?: string
  readonly insights: readonly Insight[]
  /** What was met and had been told by another run; absent: nothing. */
  readonly repeats?: readonly RepeatedCause[]
  readonly notifications: readonly NotificationRecord[]
  readonly operatorResults: readonly OperatorReport[]
  /** Every model that spoke: `rules`, `google-ai/…`. */
  readonly models: readonly string[]
  readonly iterations: number
  readonly tokens: number
  /** Why the run failed (`outcome: 'failed'`). */
  readonly failure?: ModelFailure
  readonly followUp?: FollowUp
  readonly startedAt: string
  readonly endedAt: string
}

/** What happens to a run. `operator` is the id of the operator's run. */
export type CoordinatorEvent = { readonly at: number } & (
  | {
      readonly type: 'model-replied'
      readonly request: string
      readonly reply: ModelReply<CoordinatorAction>
    }
  | { readonly type: 'model-failed'; readonly request: string; readonly failure: ModelFailure }
  | OperatorNews
  | {
      readonly type: 'strategy-decided'
      readonly request: string
      readonly decision: StrategyDecision
    }
  | { readonly type: 'strategy-failed'; readonly request: string; readonly reason: string }
  /** Its turn has come. */
  | { readonly type: 'begin' }
  /** Another run has told a cause. */
  | { readonly type: 'cause-known'; readonly cause: KnownCause }
  | { readonly type: 'timer'; readonly timer: string }
  /** Ends soon: operators conclude, then the model has a last word. */
  | { readonly type: 'cancel' }
  /** Ends at once with what is known. */
  | { readonly type: 'stop'; readonly reason: string }
  /** The coordinator crashed and the run was rebuilt from the journal. */
  | { readonly type: 'resumed' }
)

/** What a coordinator hears of its operators. */
export type OperatorNews =
  | { readonly type: 'operator-started'; readonly operator: string; readonly pid: string }
  | {
      readonly type: 'operator-refused'
      readonly operator: string
      readonly reason: string
      /** Nobody tried to start it: the run ended before its turn came. */
      readonly isGivenUp?: true
    }
  | {
      readonly type: 'operator-notified'
      readonly operator: string
      readonly notification: Notification
    }
  | {
      readonly type: 'operator-progressed'
      readonly operator: string
      readonly state: OperatorHealth
      readonly iteration: number
    }
  | {
      readonly type: 'operator-completed'
      readonly operator: string
      readonly result: OperatorResult
    }
  | { readonly type: 'operator-down'; readonly operator: string; readonly reason: string }
  | {
      readonly type: 'operator-answered'
      readonly skill: string
      readonly outcome:
        | { readonly ok: true; readonly answer: OperatorAnswer }
        | { readonly ok: false; readonly error: string }
    }
