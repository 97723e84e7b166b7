/** What a model answers, or why it does not: plain data, so that it crosses threads. */
import * as v from 'valibot'
import type { Action } from './model-request.ts'

/**
 * Why no answer came.
 *
 * `rate_limited`, `overloaded`, `network`, `timeout`, `bad_response` and `empty` may pass by
 * themselves and were retried; `quota_exhausted` lasts until `resetAt`; `circuit_open`: the
 * provider failed too often lately and is not asked for a while; `budget`: tokens or money are
 * spent; `deadline`: the run's time is over; `aborted`: the caller gave up; `busy`: too many calls
 * wait already; `blocked`: the provider refused the content; `truncated`: the answer was cut by
 * the token limit; `invalid_output`: no usable action after all re-asks; `stopped`: the gateway is
 * closed; `main_blocked`: the model lives in the main thread, whose event loop is stuck; the others
 * name a mistake in key, model name or request.
 */
export const modelFailureKinds = [
  'rate_limited',
  'quota_exhausted',
  'overloaded',
  'network',
  'timeout',
  'bad_response',
  'empty',
  'circuit_open',
  'budget',
  'deadline',
  'aborted',
  'busy',
  'main_blocked',
  'blocked',
  'truncated',
  'invalid_output',
  'auth',
  'not_found',
  'invalid_request',
  'too_large',
  'stopped',
  'unknown',
] as const

export const modelFailureSchema = v.object({
  type: v.literal('model-failure'),
  kind: v.picklist(modelFailureKinds),
  /** One sentence for people. Never holds a key. */
  message: v.string(),
  /** The same request may succeed later without a change. */
  retryable: v.boolean(),
  /** Who failed: `google-ai/gemini-3.8-flash`. */
  model: v.string(),
  /** HTTP status, if one came. */
  status: v.exactOptional(v.number()),
  /** Requests made for this turn. */
  attempts: v.number(),
  /** How long the provider asked to wait. */
  retryAfterMs: v.exactOptional(v.number()),
  /** When a quota or an open circuit ends, epoch milliseconds. */
  resetAt: v.exactOptional(v.number()),
  /** What was wrong with the last answer (`invalid_output`, `truncated`). */
  issues: v.exactOptional(v.array(v.string())),
})
export type ModelFailure = v.InferOutput<typeof modelFailureSchema>
export type ModelFailureKind = ModelFailure['kind']

/** What a turn cost. `costUsd` is null when the price of the model is not known: unknown is not free. */
export const modelUsageSchema = v.object({
  inputTokens: v.number(),
  /** Reasoning included: it is billed as output. */
  outputTokens: v.number(),
  reasoningTokens: v.number(),
  cachedTokens: v.number(),
  costUsd: v.nullable(v.number()),
})
export type ModelUsage = v.InferOutput<typeof modelUsageSchema>

/** One answer. */
export interface ModelReply<TAction = Action> {
  readonly action: TAction
  /** Which model really spoke: `rules` or `provider/model`. */
  readonly model: string
  readonly usage: ModelUsage
  /** Every fix that made the answer fit the schema, e.g. `repaired`, `enum:Wait->wait`. */
  readonly repairs: readonly string[]
  /** Requests made, retries and re-asks included. */
  readonly attempts: number
  /** Present when another model than the one asked for spoke, with the reason. */
  readonly fallback?: ModelFailure
}

/** A turn's outcome; no exception crosses the gateway's door. */
export type ModelOutcome<TAction = Action> =
  | { readonly ok: true; readonly reply: ModelReply<TAction> }
  | { readonly ok: false; readonly failure: ModelFailure }

/** Usage of a model that costs nothing. */
export const freeUsage: ModelUsage = {
  inputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  cachedTokens: 0,
  costUsd: 0,
}
