/** What a coordinator's run wants done, and what it tells people. */
import type { Insight } from '../vocabulary/insight.ts'
import type { JsonObject } from '../vocabulary/json.ts'
import type { CoordinatorRequest } from '../vocabulary/model-request.ts'
import type { StrategyView } from '../vocabulary/strategy.ts'
import type { CoordinatorResult, CoordinatorRun, FollowUp } from './coordinator-run.ts'
import type { ConcludeCause, RunLimits } from './run-limits.ts'

/** What a run wants done; the hands do it in this order. */
export type CoordinatorEffect =
  | { readonly type: 'ask-model'; readonly request: string; readonly body: CoordinatorRequest }
  | { readonly type: 'abort'; readonly request: string }
  | {
      readonly type: 'ask-strategy'
      readonly request: string
      readonly module: string
      readonly view: StrategyView
    }
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
    | 'strategy-failed'
    | 'concluding'
    | 'bound-hit'
  readonly data: Record<string, unknown>
}

/** A kernel's step: the new state and what is to be done. */
export type CoordinatorStep = readonly [CoordinatorRun, readonly CoordinatorEffect[]]
