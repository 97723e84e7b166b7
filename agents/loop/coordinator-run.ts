/** Vocabulary of a coordinator's run: its state, what happens to it, what it wants done. */
import type { CheckedInsight } from '../vocabulary/check-insight.ts'
import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import type { Insight, KnownCause } from '../vocabulary/insight.ts'
import type { JsonObject } from '../vocabulary/json.ts'
import type { ModelFailure, ModelReply } from '../vocabulary/model-reply.ts'
import type {
  CoordinatorRequest,
  CoordinatorTurn,
  OperatorView,
} from '../vocabulary/model-request.ts'
import type { Notification, NotificationRecord } from '../vocabulary/notification.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'
import type { SkillSummary } from '../vocabulary/skill-description.ts'
import type { OperatorAnswer, OperatorResult } from './operator-run.ts'
import type { ConcludeCause, RunLimits, Spent } from './run-limits.ts'

/** Why a run ends other than by `done`. */
export type EndCause = ConcludeCause | 'model-failed'

/** What a coordinator is doing. */
export type CoordinatorPhase =
  | { readonly type: 'thinking'; readonly request: string }
  /** A `wait`: ends with the timer or with the next report. */
  | {
      readonly type: 'waiting'
      readonly timer: string
      readonly since: number
      readonly action: CoordinatorAction
    }
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
  readonly startedAt: string
  /** How many follow-ups led to this run. */
  readonly followUps: number
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

/** What a run wants done; the hands do it in this order. */
export type CoordinatorEffect =
  | { readonly type: 'ask-model'; readonly request: string; readonly body: CoordinatorRequest }
  | { readonly type: 'abort'; readonly request: string }
  | { readonly type: 'arm-timer'; readonly timer: string; readonly ms: number }
  | {
      readonly type: 'start-operator'
      readonly operator: string
      readonly skill: string
      readonly reason?: string
      readonly context: JsonObject
      readonly limits: RunLimits
    }
  /** After a crash of the coordinator: hear of this operator again. */
  | { readonly type: 'attach-operator'; readonly operator: string; readonly pid: string }
  | {
      readonly type: 'conclude-operator'
      readonly operator: string
      readonly cause: ConcludeCause
    }
  | { readonly type: 'stop-operator'; readonly operator: string; readonly reason: string }
  | {
      readonly type: 'message-operator'
      readonly operator: string
      readonly skill: string
      readonly text: string
    }
  | { readonly type: 'insight'; readonly insight: Insight }
  | { readonly type: 'schedule'; readonly followUp: FollowUp; readonly followUps: number }
  | CoordinatorTelling
  | { readonly type: 'end'; readonly result: CoordinatorResult }

/** An event for people. */
export interface CoordinatorTelling {
  readonly type: 'tell'
  readonly event:
    | 'action'
    | 'notification-received'
    | 'notification-ignored'
    | 'insight-produced'
    | 'insight-repeated'
    | 'action-rejected'
    | 'operator-started'
    | 'operator-completed'
    | 'operator-failed'
    | 'operator-crashed'
    | 'done-deferred'
    | 'scheduled'
    | 'model-failed'
    | 'concluding'
    | 'bound-hit'
  readonly data: Record<string, unknown>
}

/** A kernel's step: the new state and what is to be done. */
export type CoordinatorStep = readonly [CoordinatorRun, readonly CoordinatorEffect[]]
