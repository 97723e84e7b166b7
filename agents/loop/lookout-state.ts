/** Vocabulary of a continuous operator's watch: what it is told, what it wants, its bounds. */
import type { Severity } from '../vocabulary/fields.ts'
import type { WatchFrame } from '../vocabulary/model-request.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'

/** How a continuous operator is paced; every bound that is hit is the event `lookout:gate-held`. */
export interface LookoutOptions {
  /** Milliseconds between two looks, which cost no tokens. Default 30 000. */
  readonly lookMs: number
  /** Times that the model is asked in an hour. Default 12. */
  readonly asksPerHour: number
  /** Tokens of the model in a day. Default 200 000. */
  readonly tokensPerDay: number
}

export const defaultLookoutOptions: LookoutOptions = {
  lookMs: 30_000,
  asksPerHour: 12,
  tokensPerDay: 200_000,
}

/** Bounds that are no options. */
export const lookoutBounds = {
  hourMs: 3_600_000,
  dayMs: 86_400_000,
  /** A warning counts when so many looks in a row show it; a critical finding counts at once. */
  confirmLooks: 2,
  /** Looks without a finding that make what was told count as over. */
  clearLooks: 4,
  /** Looks that may fail in a row before the skill is no longer called healthy. */
  unreadableLooks: 3,
  /** A finding that stays is brought up again after this, then after twice as long, up to eight hours. */
  firstReminderMs: 15 * 60_000,
  shortestLookMs: 1_000,
  /** After a failure of the model the gate stays shut for a minute, then twice as long, up to this. */
  longestHoldMs: 30 * 60_000,
  /** A gate that is held shut is told once in this time. */
  heldAgainMs: 15 * 60_000,
  /** Notifications of earlier looks that the model is reminded of. */
  told: 10,
} as const

/** What a watch rule sees. */
export interface Finding {
  readonly type: string
  readonly severity: Severity
  readonly observation: string
}

/** The watch of one skill. Times are epoch milliseconds. */
export interface Lookout {
  readonly skill: string
  readonly options: LookoutOptions
  readonly startedAt: number
  readonly health: OperatorHealth
  /** Why it is in that state. */
  readonly reason: string
  /** In that state since. */
  readonly since: number
  /** Who attested the state; absent: the rules. */
  readonly attested?: 'model'
  readonly isAsking: boolean
  /** Findings of the last look, and in how many looks in a row. */
  readonly seen: readonly (Finding & { readonly looks: number })[]
  /** What the model has been asked about. */
  readonly known: readonly Pick<Finding, 'type' | 'severity'>[]
  /** As `known` before the question that is under way. */
  readonly knownBefore?: Lookout['known']
  /** Something that was raised and is not asked about yet. */
  readonly signal?: string
  /** The model wants to be asked again then. */
  readonly wakeAt?: number
  readonly note?: string
  readonly told: WatchFrame['told']
  /** Questions of the last day. */
  readonly asks: readonly { readonly at: number; readonly tokens: number }[]
  /** Of the model, in a row. */
  readonly failures: number
  /** Looks that failed, in a row. */
  readonly unreadable: number
  readonly clearLooks: number
  readonly reminders: number
  readonly remindAt?: number
  readonly holdUntil: number
  readonly heldTold: number
}

/** What came of a question. */
export type AskOutcome =
  | {
      readonly ok: true
      readonly tokens: number
      readonly state: OperatorHealth
      readonly told: WatchFrame['told']
      readonly note?: string
      readonly wakeAfterMs?: number
    }
  | { readonly ok: false; readonly tokens: number; readonly message: string }

export type LookoutEvent = { readonly at: number } & (
  | { readonly type: 'looked'; readonly findings: readonly Finding[] }
  | { readonly type: 'look-failed'; readonly message: string }
  /** A baseline was left, the loop was blocked, a pool ran dry… */
  | { readonly type: 'signalled'; readonly reason: string }
  | { readonly type: 'ask-ended'; readonly outcome: AskOutcome }
)

/** Why the model is asked. */
export type AskReason = 'rules' | 'signal' | 'pace' | 'cleared' | 'reminder'

export type LookoutEffect =
  | {
      readonly type: 'ask'
      readonly why: AskReason
      readonly reason: string
      readonly frame: WatchFrame
    }
  | {
      readonly type: 'tell'
      readonly event: 'gate-opened' | 'gate-held' | 'ask-failed' | 'state-changed'
      readonly data: Readonly<Record<string, unknown>>
    }

export type LookoutStep = readonly [Lookout, readonly LookoutEffect[]]
