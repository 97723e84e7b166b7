/**
 * What an agent asks a model: plain data that crosses threads. LLM providers render it into text;
 * the `rules` model reads it directly. The request holds the whole history: what is cut to fit a
 * context window is cut when the prompt is rendered, never here.
 */
import type { CoordinatorAction, CoordinatorIntent } from './coordinator-action.ts'
import type { Insight, KnownCause } from './insight.ts'
import type { Json, JsonObject } from './json.ts'
import type { ModelFailureKind } from './model-reply.ts'
import type { Notification, NotificationView, Snapshot } from './notification.ts'
import type { OperatorAction, OperatorHealth, OperatorIntent } from './operator-action.ts'
import type { SkillDescription, SkillSummary } from './skill-description.ts'

/** What is left of a run when a turn begins. */
export interface RunBudget {
  /** Turns left, this one included; at least 1. */
  readonly iterationsLeft: number
  /** Milliseconds to the run's deadline. */
  readonly msLeft: number
  /** Tokens left for the run; absent: the gateway's own bound counts alone. */
  readonly tokensLeft?: number
}

/** How an operator's run ended, as the coordinator is told. A failed one is never healthy. */
export type OperatorEnding =
  | { readonly type: 'completed'; readonly state: OperatorHealth; readonly summary?: string }
  /** `kind`: what failed the model for good. */
  | { readonly type: 'failed'; readonly reason: string; readonly kind?: ModelFailureKind }
  | { readonly type: 'crashed'; readonly reason: string }
  | { readonly type: 'cancelled'; readonly reason: string }

/** Something that happened to the agent, pushed into its history by the loop. */
export type RunEvent =
  | {
      readonly type: 'operator_notification'
      readonly skill: string
      readonly notificationId: string
    }
  | {
      readonly type: 'operator_complete'
      readonly skill: string
      readonly ending: OperatorEnding
      readonly notificationIds: readonly string[]
    }
  | { readonly type: 'message'; readonly from: string; readonly text: string }
  /** What the run's strategy tells its model. */
  | { readonly type: 'guidance'; readonly text: string }
  | { readonly type: 'signal'; readonly signal: JsonObject }
  /** The last action could not be carried out as it stood; the issues say why. */
  | { readonly type: 'invalid_action'; readonly issues: readonly string[] }
  /** The run is about to end: conclude with what is known. */
  | { readonly type: 'conclude'; readonly reason: string }

/**
 * What came of an action. `intent` repeats whose result it is.
 *
 * Values that models read: `execute` gives `{ value, logs? }` (what the script returned and
 * printed), `wait` gives `{ waitedMs }`, `take_snapshot` and `get_snapshot` the snapshot,
 * `get_snapshots` and `get_notifications` lists, newest first.
 */
export type ToolResult =
  | { readonly type: 'result'; readonly intent: string; readonly ok: true; readonly value: Json }
  | {
      readonly type: 'result'
      readonly intent: string
      readonly ok: false
      readonly error: string
      readonly code?: string
    }

/** One entry of the history, oldest first. Every action is followed by its result. */
export type Turn<TAction> =
  | { readonly type: 'action'; readonly action: TAction }
  | ToolResult
  | { readonly type: 'event'; readonly event: RunEvent }

export type OperatorTurn = Turn<OperatorAction>
export type CoordinatorTurn = Turn<CoordinatorAction>

interface RequestBase {
  readonly runId: string
  /** Why the run was started; absent: a routine look. */
  readonly reason?: string
  /** Whatever else the caller gave. */
  readonly context: JsonObject
  readonly budget: RunBudget
  /** The model that its caller wants to be asked; absent: as nodelens was started. */
  readonly model?: string
}

/** What a continuous operator knows of its earlier looks; its conversation begins anew each time. */
export interface WatchFrame {
  /** It watches since then, ISO 8601. */
  readonly since: string
  readonly state: OperatorHealth
  /** Why it is asked now. */
  readonly opened: string
  /** What it wanted to remember. */
  readonly note?: string
  /** What it has told before, oldest first. */
  readonly told: readonly Pick<Notification, 'id' | 'type' | 'severity' | 'observation'>[]
}

/** One turn of an operator. */
export interface OperatorRequest extends RequestBase {
  readonly agent: 'operator'
  readonly skill: SkillDescription
  /** Names the conversation, so that its size is known at the next turn; one operator's run has one. */
  readonly conversation?: string
  readonly state: OperatorHealth
  readonly turns: readonly OperatorTurn[]
  /** All snapshots of this run, oldest first. */
  readonly snapshots: readonly Snapshot[]
  /** All notifications this operator sent in this run, oldest first. */
  readonly notifications: readonly Notification[]
  /** It watches continuously: `wait` and `done` hand the watch back to rules and baselines. */
  readonly watch?: WatchFrame
  /** What is to be answered beside the run; then `answer` alone is allowed. */
  readonly question?: { readonly from: string; readonly text: string }
  /** Intents allowed in this turn; `['answer']` when a message is to be answered. */
  readonly tools: readonly OperatorIntent[]
}

/** An operator as its coordinator sees it. */
export interface OperatorView {
  readonly skill: string
  readonly status: 'running' | OperatorEnding['type']
  readonly state: OperatorHealth
  readonly iteration: number
  readonly startedAt: string
  /** Why it failed, crashed or was cancelled. */
  readonly reason?: string
}

/** One turn of a coordinator. */
export interface CoordinatorRequest extends RequestBase {
  readonly agent: 'coordinator'
  /** `module`: a strategy of the user's decides what is asked. */
  readonly strategy: 'agent-loop' | 'pipeline' | 'module'
  /** Skills that may be invoked in this run. */
  readonly skills: readonly SkillSummary[]
  readonly turns: readonly CoordinatorTurn[]
  /** The coordinator's whole book, oldest first. */
  readonly notifications: readonly NotificationView[]
  /** Every operator of this run, running or ended, in the order of their start. */
  readonly operators: readonly OperatorView[]
  /** Insights of this run, oldest first. */
  readonly insights: readonly Insight[]
  /** What other runs have found in the last minutes, oldest first. */
  readonly known: readonly KnownCause[]
  /** Intents allowed in this turn. */
  readonly tools: readonly CoordinatorIntent[]
}

export type ModelRequest = OperatorRequest | CoordinatorRequest
/** The action that a request asks for. */
export type ActionOf<TRequest extends ModelRequest> = TRequest extends OperatorRequest
  ? OperatorAction
  : CoordinatorAction

/** An action of either agent. */
export type Action = OperatorAction | CoordinatorAction
