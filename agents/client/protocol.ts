/** What clients ask of the door in the root thread: plain data, so that it goes over any way. */
import type { WatchStatus } from '../servers/lookout-server.ts'
import type { RunStatus } from '../servers/run-status.ts'
import type { JsonObject } from '../vocabulary/json.ts'
import type { Notification } from '../vocabulary/notification.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'
import type { RunPriority } from '../vocabulary/run-priority.ts'
import type { RunStrategy } from '../vocabulary/strategy.ts'

/** Bounds of one run, as its caller may set them. */
export interface RunBounds {
  readonly deadlineMs: number
  readonly maxIterations: number
  readonly tokenBudget?: number
  /** Absent: as nodelens was started. */
  readonly model?: string
}

/** What a caller may choose for one run of the coordinator. */
export interface RunChoices {
  /** Absent: all skills. */
  readonly skills?: readonly string[]
  /** Absent: `normal`. */
  readonly priority?: RunPriority
  /** Absent: `agent-loop`. */
  readonly strategy?: RunStrategy
  /** Known before the run. */
  readonly notifications?: readonly Notification[]
}

/** One request. `runId` is chosen by the client, so that a request that is sent again starts nothing new. */
export type DoorRequest =
  | ({
      readonly type: 'coordinator-run' | 'coordinator-start'
      readonly runId: string
      readonly reason?: string
      readonly context: JsonObject
      readonly bounds: RunBounds
    } & RunChoices)
  | { readonly type: 'coordinator-await'; readonly runId?: string }
  | { readonly type: 'coordinator-status'; readonly runId?: string }
  | { readonly type: 'coordinator-cancel'; readonly runId?: string }
  | {
      readonly type: 'operator-run'
      readonly runId: string
      readonly skill: string
      readonly reason?: string
      readonly context: JsonObject
      readonly bounds: RunBounds
    }
  | { readonly type: 'operator-status'; readonly skill: string }
  | { readonly type: 'operator-message'; readonly skill: string; readonly text: string }
  | { readonly type: 'operator-stop'; readonly skill: string }
  | { readonly type: 'lens-info' }

/** What an operator is doing, as `Operator.status()` shows it. */
export interface OperatorStatus {
  readonly skill: string
  readonly title: string
  /** `continuous`: it watches by itself; `on_demand`: it works when it is asked to. */
  readonly mode: 'on_demand' | 'continuous'
  /** What it attests: of its watch, or of its newest run. Absent: nothing is under way. */
  readonly state?: OperatorHealth
  /** Of a continuous operator: since when, why, and what its model has cost. */
  readonly watch?: WatchStatus
  /** True if its thread is up; it is started on demand and ends when idle. */
  readonly running: boolean
  readonly runs: readonly {
    readonly runId: string
    readonly phase: string
    readonly iteration: number
    readonly state: OperatorHealth
  }[]
}

/** What `Coordinator.status()` shows. */
export interface CoordinatorStatus {
  readonly running: boolean
  readonly runs: readonly RunStatus[]
}

/** What is known of the lens. */
export interface LensInfo {
  /** `rules` or `provider/model`. */
  readonly model: string
  readonly observerUrl?: string
  /** Why the journal's file is not written, though one is wanted. */
  readonly journalProblem?: string
  readonly skills: readonly string[]
}

/** The name of the BroadcastChannel on which the door listens to threads that are not nodelens's own. */
export const doorChannelName = 'nodelens:door'

/** What clients outside the runtime post on the door's channel. */
export type ChannelRequest =
  | {
      readonly type: 'request'
      readonly client: string
      readonly id: number
      readonly request: DoorRequest
    }
  /** Is this request still being worked on? */
  | { readonly type: 'still'; readonly client: string; readonly id: number }

/** What the door posts on the client's own channel, `nodelens:client:<client>`. */
export type ChannelReply =
  | { readonly type: 'accepted'; readonly id: number }
  | { readonly type: 'unknown'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }

/** Told on the door's channel when it opens and when it closes. */
export type DoorNews = { readonly type: 'opened' } | { readonly type: 'closed' }

/** The name of a client's own channel. */
export function clientChannelName(client: string): string {
  return `nodelens:client:${client}`
}
