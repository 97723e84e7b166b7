/** What the model gateway can be told, what it does by default, and what it reports. */
import type { ModelFailure, ModelFailureKind, ModelUsage } from '../vocabulary/model-reply.ts'
import type { ModelRequest } from '../vocabulary/model-request.ts'
import type { BreakerOptions } from './breaker.ts'
import { type Clock, systemClock } from './clock.ts'
import type { LaneOptions } from './lanes.ts'
import { loadProvider } from './load-provider.ts'
import type { Provider } from './provider.ts'
import { secretsIn } from './secrets-in.ts'
import type { ModelSetting, ProviderSetting } from './setting.ts'
import type { SpendingLimits } from './spending.ts'

/** All but `model` have defaults. */
export interface GatewayOptions {
  readonly model: ModelSetting
  /** Who speaks when the provider cannot: `rules` (default) or nobody (the failure is the outcome). */
  readonly fallback?: 'rules' | 'none'
  /** What takes the turn when a bound of spending is hit: `rules` (default), or nothing: the run ends. */
  readonly whenSpent?: 'rules' | 'stop'
  /** Bounds of spending. Default: 500 000 tokens a run, 3 million an hour, 20 million a day. */
  readonly limits?: SpendingLimits
  /** Retries of one request. Default 3. */
  readonly retries?: number
  /** First delay before a retry, doubled each time, with full jitter. Default 200 and 10 000. */
  readonly baseDelayMs?: number
  readonly maxDelayMs?: number
  /** Further questions after an answer that could not be used. Default 2. */
  readonly reasks?: number
  /** Milliseconds of one request. Default 45 000. */
  readonly attemptTimeoutMs?: number
  /** Milliseconds of one turn, retries and re-asks included. Default 120 000. */
  readonly turnTimeoutMs?: number
  /** Tokens of a prompt above which the older half of the conversation is told in short. Default 60 000. */
  readonly contextTokens?: number
  /** Texts that must not stand in a prompt, e.g. `secretsOf(process.env)`. The key always counts. */
  readonly secrets?: readonly string[]
  readonly breaker?: Partial<BreakerOptions>
  readonly lanes?: Partial<LaneOptions>
  readonly onEvent?: (event: GatewayEvent) => void
  readonly clock?: Clock
  /** For jitter; default `Math.random`. */
  readonly random?: () => number
  /** Makes the client of a provider; default: the providers of this folder, loaded when first used. */
  readonly loadProvider?: (setting: ProviderSetting) => Promise<Provider>
}

/** What happens in the gateway. Holds neither prompts nor answers nor keys. */
export type GatewayEvent =
  | {
      readonly type: 'model-answered'
      readonly runId: string
      readonly model: string
      readonly intent: string
      readonly durationMs: number
      readonly attempts: number
      readonly usage: ModelUsage
      readonly repairs: readonly string[]
    }
  | { readonly type: 'model-failed'; readonly runId: string; readonly failure: ModelFailure }
  | {
      readonly type: 'model-retried'
      readonly runId: string
      readonly model: string
      readonly kind: ModelFailureKind
      readonly waitMs: number
    }
  | {
      readonly type: 'model-reasked'
      readonly runId: string
      readonly model: string
      readonly issues: readonly string[]
    }
  | { readonly type: 'model-fell-back'; readonly runId: string; readonly failure: ModelFailure }
  /** One model of a list has failed and the next is asked. */
  | {
      readonly type: 'model-switched'
      readonly runId: string
      readonly failure: ModelFailure
      readonly next: string
    }
  /** The conversation outgrew its bound: its first `turns` entries are told in short from now on. */
  | {
      readonly type: 'conversation-compacted'
      readonly runId: string
      readonly agent: ModelRequest['agent']
      readonly turns: number
      readonly tokensBefore: number
    }
  | { readonly type: 'circuit-opened'; readonly model: string; readonly until: number }
  | { readonly type: 'circuit-closed'; readonly model: string }

/** The options with every default filled in. */
export type GatewaySettings = Required<Omit<GatewayOptions, 'breaker' | 'lanes'>> & {
  readonly breaker: BreakerOptions
  readonly lanes: LaneOptions
}

const defaultLimits: SpendingLimits = {
  run: { tokens: 500_000 },
  hour: { tokens: 3_000_000 },
  day: { tokens: 20_000_000 },
}

/** Fills in the defaults. */
export function settle(options: GatewayOptions): GatewaySettings {
  return {
    fallback: 'rules',
    whenSpent: 'rules',
    retries: 3,
    baseDelayMs: 200,
    maxDelayMs: 10_000,
    reasks: 2,
    attemptTimeoutMs: 45_000,
    turnTimeoutMs: 120_000,
    contextTokens: 60_000,
    clock: systemClock,
    random: Math.random,
    loadProvider,
    ...options,
    onEvent: heard(options.onEvent),
    limits: { ...defaultLimits, ...options.limits },
    secrets: [...(options.secrets ?? []), ...keysOf(options.model)],
    breaker: { threshold: 3, coolMs: 30_000, ...options.breaker },
    lanes: { concurrency: 4, perMinute: 60, maxQueue: 64, ...options.lanes },
  }
}

/** A listener that throws must not change what the gateway does. */
function heard(listener: GatewayOptions['onEvent']): (event: GatewayEvent) => void {
  return (event) => {
    try {
      listener?.(event)
    } catch {
      // the listener's own affair: there is nobody here to tell
    }
  }
}

/** Everything in a setting that must not leak. */
export function keysOf(model: ModelSetting): string[] {
  return providersIn(model).flatMap(secretsIn)
}

/** The providers that a setting names, in its order. */
export function providersIn(model: ModelSetting): readonly ProviderSetting[] {
  if (model.type === 'rules') return []
  if (model.type === 'roles')
    return [...providersIn(model.coordinator), ...providersIn(model.operators)]
  return model.type === 'list' ? model.models : [model]
}
