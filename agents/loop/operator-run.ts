/** Vocabulary of an operator's run: its state, what happens to it, what it wants done. */
import type { Json, JsonObject } from '../vocabulary/json.ts'
import type { ModelFailure, ModelReply } from '../vocabulary/model-reply.ts'
import type { OperatorEnding, OperatorRequest, OperatorTurn } from '../vocabulary/model-request.ts'
import type { Notification, Snapshot } from '../vocabulary/notification.ts'
import type { OperatorAction, OperatorHealth } from '../vocabulary/operator-action.ts'
import type { SkillDescription } from '../vocabulary/skill-description.ts'
import type { ConcludeCause, RunLimits, Spent } from './run-limits.ts'

/** What an operator is doing. */
export type OperatorPhase =
  | { readonly type: 'thinking'; readonly request: string }
  | { readonly type: 'snapshotting'; readonly request: string; readonly action: OperatorAction }
  | { readonly type: 'executing'; readonly request: string; readonly action: OperatorAction }
  /** A `wait`; ends early when a message comes. */
  | {
      readonly type: 'resting'
      readonly timer: string
      readonly since: number
      readonly action: OperatorAction
    }
  /** The model failed and is asked again when the timer fires. */
  | { readonly type: 'retrying'; readonly timer: string }
  /** Asked to end: only conclusions are allowed now. */
  | {
      readonly type: 'concluding'
      readonly request: string
      readonly cause: ConcludeCause
      readonly turnsLeft: number
    }
  | { readonly type: 'ended'; readonly result: OperatorResult }

/** One run of one operator. */
export interface OperatorRun {
  /** Id of this run; its snapshots and notifications carry it as prefix. */
  readonly id: string
  /** Id of the investigation that it belongs to; its own id if none. */
  readonly runId: string
  readonly skill: SkillDescription
  /** Host name and process id, for notifications. */
  readonly node: string
  readonly reason?: string
  readonly context: JsonObject
  readonly limits: RunLimits
  readonly startedAt: string
  readonly phase: OperatorPhase
  readonly spent: Spent
  /** Counts requests, timers and ids, so that nothing of an earlier step is mistaken for a later one. */
  readonly serial: number
  readonly health: OperatorHealth
  /** An action is added together with its result, so that the history is whole at any time. */
  readonly turns: readonly OperatorTurn[]
  /** What arrived since the model was asked last; it joins `turns` at the next question. */
  readonly inbox: readonly OperatorTurn[]
  readonly snapshots: readonly Snapshot[]
  readonly notifications: readonly Notification[]
  /** Failures of the model in a row. */
  readonly failures: number
  /** Every model that spoke, the last one last. */
  readonly models: readonly string[]
  /** Messages that are being answered: request id to message id. */
  readonly answering: Readonly<Record<string, string>>
}

/** What an operator's run ends with. */
export interface OperatorResult {
  readonly skill: string
  readonly ending: OperatorEnding
  /** True if the run ended before its model said `done`. */
  readonly partial: boolean
  readonly notifications: readonly Notification[]
  readonly snapshots: readonly Snapshot[]
  readonly iterations: number
  readonly tokens: number
  readonly models: readonly string[]
  readonly startedAt: string
  readonly endedAt: string
}

/** What a Lua script gave. */
export type ExecutionOutcome =
  | { readonly ok: true; readonly value: Json; readonly logs: readonly string[] }
  | {
      readonly ok: false
      readonly code: string
      readonly message: string
      readonly logs: readonly string[]
    }

/** What happens to a run. `at` is epoch milliseconds: the kernel has no clock. */
export type OperatorEvent = { readonly at: number } & (
  | {
      readonly type: 'model-replied'
      readonly request: string
      readonly reply: ModelReply<OperatorAction>
    }
  | { readonly type: 'model-failed'; readonly request: string; readonly failure: ModelFailure }
  | {
      readonly type: 'snapshot-taken'
      readonly request: string
      readonly capturedAt: string
      readonly data: Json
    }
  | { readonly type: 'snapshot-failed'; readonly request: string; readonly message: string }
  | { readonly type: 'executed'; readonly request: string; readonly outcome: ExecutionOutcome }
  | {
      readonly type: 'message'
      readonly id: string
      readonly from: string
      readonly text: string
    }
  | { readonly type: 'timer'; readonly timer: string }
  /** Ends soon, with a last word of the model. */
  | { readonly type: 'conclude'; readonly cause: ConcludeCause }
  /** Ends at once. */
  | { readonly type: 'stop'; readonly reason: string }
)

/** The answer to a message. */
export interface OperatorAnswer {
  readonly skill: string
  readonly state: OperatorHealth
  readonly iteration: number
  readonly response: Json
}

/** What a run wants done; the hands do it in this order. */
export type OperatorEffect =
  | { readonly type: 'ask-model'; readonly request: string; readonly body: OperatorRequest }
  | { readonly type: 'take-snapshot'; readonly request: string }
  | { readonly type: 'execute'; readonly request: string; readonly code: string }
  /** Gives up a request to the model or a script; its outcome will not be looked at. */
  | { readonly type: 'abort'; readonly request: string }
  | { readonly type: 'arm-timer'; readonly timer: string; readonly ms: number }
  | { readonly type: 'notify'; readonly notification: Notification }
  | {
      readonly type: 'answer'
      readonly id: string
      readonly outcome:
        | { readonly ok: true; readonly answer: OperatorAnswer }
        | { readonly ok: false; readonly error: string }
    }
  | { readonly type: 'progress'; readonly state: OperatorHealth; readonly iteration: number }
  | OperatorTelling
  | { readonly type: 'end'; readonly result: OperatorResult }

/** An event for people. */
export interface OperatorTelling {
  readonly type: 'tell'
  readonly event:
    | 'action'
    | 'state-changed'
    | 'notification-sent'
    | 'action-rejected'
    | 'snapshot-taken'
    | 'snapshot-failed'
    | 'executed'
    | 'model-failed'
  readonly data: Record<string, unknown>
}

/** A kernel's step: the new state and what is to be done. */
export type OperatorStep = readonly [OperatorRun, readonly OperatorEffect[]]
