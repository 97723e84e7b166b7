/** What the gateway knows of a provider: a prompt goes in, text comes out, or a typed failure. */
import type { ModelFailure, ModelFailureKind } from '../vocabulary/model-reply.ts'
import type { ToolSchema } from './action-schema.ts'
import type { Prompt } from './prompt.ts'

/** One request to a provider. */
export interface CompletionRequest {
  readonly prompt: Prompt
  /** For providers that can enforce a schema; the prompt shows it in any case. */
  readonly tools: readonly ToolSchema[]
  /** Reasoning included. */
  readonly maxOutputTokens: number
  /** How hard the model should think: operators `low`, the coordinator `medium`. */
  readonly effort: 'low' | 'medium'
}

/** Tokens as a provider counts them. `inputTokens` includes cached ones, `outputTokens` reasoning. */
export interface TokenCounts {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly cachedTokens: number
  /** Input that was written into the provider's cache, where that has a price of its own. */
  readonly cacheWriteTokens?: number
}

/**
 * `finish`: `stop` is a whole answer, `truncated` was cut by the token limit, `blocked` was
 * refused for its content, `unknown` must be treated like `truncated`.
 */
export interface Completion {
  readonly text: string
  readonly finish: 'stop' | 'truncated' | 'blocked' | 'unknown'
  /** The provider's own word for `finish`. */
  readonly detail: string
  readonly tokens: TokenCounts
  /** The model that the provider says has answered. */
  readonly servedBy?: string
  /** What it has cost, where the provider says so; else it is reckoned from the price table. */
  readonly costUsd?: number
}

/**
 * A client of one provider and model. It makes one request for each call (retries are the
 * gateway's), obeys the signal at any time, and throws nothing but `ProviderError`.
 */
export interface Provider {
  /** `google-ai/gemini-3.8-flash`. */
  readonly name: string
  complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion>
}

/** What a provider knows of its failure. */
export type ProviderFailure = Pick<ModelFailure, 'kind' | 'message'> &
  Partial<Pick<ModelFailure, 'status' | 'retryAfterMs' | 'resetAt'>>

/** The only error a provider throws; `failure` is plain data. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly failure: ProviderFailure

  constructor(failure: ProviderFailure, options?: ErrorOptions) {
    super(failure.message, options)
    this.failure = failure
  }
}

/** Kinds that may pass by themselves. */
export function isRetryable(kind: ModelFailureKind): boolean {
  return ['rate_limited', 'overloaded', 'network', 'timeout', 'bad_response', 'empty'].includes(
    kind,
  )
}
