/**
 * The line to one provider: admission (circuit, spending, lanes), one request with its own time,
 * retries. It knows prompts and completions, not actions.
 */
import type { ModelFailure } from '../vocabulary/model-reply.ts'
import { abortFailure, fail, failureOf, withSignal } from './attempt-failure.ts'
import { Breaker } from './breaker.ts'
import { sleep } from './clock.ts'
import type { GatewaySettings } from './gateway-options.ts'
import { Lanes } from './lanes.ts'
import { costOf, type Price, priceOf } from './prices.ts'
import {
  type Completion,
  type CompletionRequest,
  isRetryable,
  type Provider,
  ProviderError,
  type ProviderFailure,
  type TokenCounts,
} from './provider.ts'
import type { ProviderSetting } from './setting.ts'
import type { Spending, Spent } from './spending.ts'
import { estimateTokens } from './tokens.ts'

/** One turn's frame: whose it is, until when, how many requests it has made. */
export interface TurnFrame {
  readonly runId: string
  /** Aborts when the caller gives up, the gateway stops or the deadline passes; the reason is a kind. */
  readonly signal: AbortSignal
  readonly deadline: number
  readonly tokensLeft: number | undefined
  attempts: number
}

export type LineResult =
  | { readonly ok: true; readonly completion: Completion; readonly costUsd: number | null }
  | { readonly ok: false; readonly failure: ModelFailure }

type Attempt =
  | Extract<LineResult, { ok: true }>
  | { readonly ok: false; readonly failure: ProviderFailure }

/** The longest wait that a provider can impose by `RetryInfo`. */
const longestHoldMs = 3_600_000

export interface LineStatus {
  readonly model: string
  readonly load: Lanes['load']
  /** Epoch milliseconds. */
  readonly openUntil: number | undefined
}

export class Line {
  readonly name: string
  readonly #setting: ProviderSetting
  readonly #settings: GatewaySettings
  readonly #breaker: Breaker
  readonly #lanes: Lanes
  readonly #spending: Spending
  #provider: Promise<Provider> | undefined

  /** @param spending The book of all lines of the gateway. */
  constructor(setting: ProviderSetting, settings: GatewaySettings, spending: Spending) {
    this.name = `${setting.provider}/${setting.model}`
    this.#setting = setting
    this.#settings = settings
    this.#breaker = new Breaker(settings.breaker)
    this.#lanes = new Lanes(settings.lanes, settings.clock)
    this.#spending = spending
  }

  /** One completion, retried while there is time and hope. Never rejects. */
  async complete(request: CompletionRequest, frame: TurnFrame): Promise<LineResult> {
    for (let retry = 0; ; retry++) {
      const attempt = await this.#admitted(request, frame)
      if (attempt.ok) return attempt
      const { failure } = attempt
      const waitMs = this.#delay(failure, retry)
      const next = this.#settings.clock.now() + waitMs
      const isShut = next >= frame.deadline || next < (this.#breaker.openUntil ?? 0)
      if (isShut || !isRetryable(failure.kind) || retry >= this.#settings.retries) {
        this.#hold(failure)
        return { ok: false, failure: this.#final(failure, frame) }
      }
      const { runId } = frame
      this.#settings.onEvent({
        type: 'model-retried',
        runId,
        model: this.name,
        kind: failure.kind,
        waitMs,
      })
      if (!(await sleep(this.#settings.clock, waitMs, frame.signal)))
        return { ok: false, failure: this.#final(abortFailure(frame.signal), frame) }
    }
  }

  /** How busy the line is, and until when it is not asked. */
  status(): LineStatus {
    return { model: this.name, load: this.#lanes.load, openUntil: this.#breaker.openUntil }
  }

  /** Tokens of an answer, where the setting names them. */
  get maxOutputTokens(): number | undefined {
    return this.#setting.maxOutputTokens
  }

  /**
   * The price of this line's model now.
   *
   * @param servedBy The model that the provider says has answered.
   */
  price(servedBy?: string): Price | undefined {
    const now = this.#settings.clock.now()
    const { provider, model, price } = this.#setting
    const served = servedBy === undefined ? undefined : priceOf(provider, servedBy, now)
    return price ?? served ?? priceOf(provider, model, now)
  }

  async #admitted(request: CompletionRequest, frame: TurnFrame): Promise<Attempt> {
    const estimate = this.#estimate(request)
    if (frame.tokensLeft !== undefined && estimate.tokens > frame.tokensLeft)
      return fail(
        'budget',
        `the run has ${frame.tokensLeft} tokens left, the request needs about ${estimate.tokens}`,
      )
    const now = this.#settings.clock.now()
    const openUntil = this.#breaker.admit(now)
    if (openUntil !== undefined)
      return fail('circuit_open', 'the provider failed lately and is not asked', {
        resetAt: openUntil,
      })
    const reservation = this.#spending.reserve(frame.runId, estimate, now)
    if (!reservation.ok) {
      this.#breaker.released()
      const { span, bound, resetAt } = reservation
      return fail(
        'budget',
        `${bound} for the ${span} are spent`,
        resetAt === undefined ? {} : { resetAt },
      )
    }
    const attempt = await this.#inLane(request, frame)
    reservation.settle(this.#spentBy(attempt, estimate))
    this.#book(attempt)
    return attempt
  }

  async #inLane(request: CompletionRequest, frame: TurnFrame): Promise<Attempt> {
    const admission = await this.#lanes.enter(frame.signal)
    if (admission.type === 'full')
      return fail('busy', 'too many calls wait for the provider already')
    if (admission.type === 'aborted') return { ok: false, failure: abortFailure(frame.signal) }
    try {
      return await this.#request(request, frame)
    } finally {
      admission.leave()
    }
  }

  /** One request with its own time and its own signal; ends when either passes, whatever the client does. */
  async #request(request: CompletionRequest, frame: TurnFrame): Promise<Attempt> {
    const { clock, attemptTimeoutMs } = this.#settings
    const controller = new AbortController()
    const abort = (failure: ProviderFailure) => controller.abort(new ProviderError(failure))
    const onAbort = () => abort(abortFailure(frame.signal))
    frame.signal.addEventListener('abort', onAbort, { once: true })
    const message = `no answer within ${attemptTimeoutMs} ms`
    const cancel = clock.after(attemptTimeoutMs, () => abort({ kind: 'timeout', message }))
    frame.attempts += 1
    try {
      const completion = await withSignal(this.#ask(request, controller.signal), controller.signal)
      return this.#read(completion, request)
    } catch (error) {
      const reason: unknown = controller.signal.aborted ? controller.signal.reason : error
      return { ok: false, failure: failureOf(reason) }
    } finally {
      cancel()
      frame.signal.removeEventListener('abort', onAbort)
    }
  }

  async #ask(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    this.#provider ??= this.#settings.loadProvider(this.#setting)
    return (await this.#provider).complete(request, signal)
  }

  #read(answered: Completion, request: CompletionRequest): Attempt {
    const { text, finish, detail } = answered
    if (text.trim() === '' && finish !== 'blocked' && finish !== 'truncated')
      return fail('empty', `the answer was empty (${detail})`)
    const completion = { ...answered, tokens: countedTokens(answered, request) }
    const price = this.price(completion.servedBy)
    return { ok: true, completion, costUsd: completion.costUsd ?? costOf(completion.tokens, price) }
  }

  /** Nobody waits as long as the provider asked: then nobody asks it before either. */
  #hold({ kind, retryAfterMs }: ProviderFailure): void {
    if (retryAfterMs === undefined) return
    const now = this.#settings.clock.now()
    this.#watch(() => this.#breaker.failed(kind, now, now + Math.min(retryAfterMs, longestHoldMs)))
  }

  #book(attempt: Attempt): void {
    const now = this.#settings.clock.now()
    this.#watch(() => this.#tell(attempt, now))
  }

  #tell(attempt: Attempt, now: number): void {
    if (attempt.ok) this.#breaker.succeeded()
    else if (attempt.failure.kind === 'quota_exhausted')
      this.#breaker.failed('quota_exhausted', now, attempt.failure.resetAt ?? now + 3_600_000)
    else if (['aborted', 'deadline', 'stopped', 'busy'].includes(attempt.failure.kind))
      this.#breaker.released()
    else this.#breaker.failed(attempt.failure.kind, now)
  }

  /** Reports what a change did to the circuit. */
  #watch(change: () => void): void {
    const before = this.#breaker.openUntil
    change()
    const after = this.#breaker.openUntil
    if (after !== undefined && after !== before)
      this.#settings.onEvent({ type: 'circuit-opened', model: this.name, until: after })
    if (before !== undefined && after === undefined)
      this.#settings.onEvent({ type: 'circuit-closed', model: this.name })
  }

  #final(failure: ProviderFailure, frame: TurnFrame): ModelFailure {
    return {
      type: 'model-failure',
      ...failure,
      retryable: isRetryable(failure.kind),
      model: this.name,
      attempts: frame.attempts,
    }
  }

  /** What the provider asks for, else full jitter under a doubling bound. */
  #delay(failure: ProviderFailure, retry: number): number {
    const { baseDelayMs, maxDelayMs, random } = this.#settings
    if (failure.retryAfterMs !== undefined) return failure.retryAfterMs
    return Math.round(random() * Math.min(maxDelayMs, baseDelayMs * 2 ** retry))
  }

  #estimate(request: CompletionRequest): Spent {
    const inputTokens = estimateTokens(charactersOf(request))
    const outputTokens = request.maxOutputTokens
    const tokens = { inputTokens, outputTokens, reasoningTokens: 0, cachedTokens: 0 }
    return { tokens: inputTokens + outputTokens, usd: costOf(tokens, this.price()) ?? 0 }
  }

  /** A request that was cut off may still be billed: its input counts as spent. */
  #spentBy(attempt: Attempt, estimate: Spent): Spent {
    if (attempt.ok) {
      const { inputTokens, outputTokens } = attempt.completion.tokens
      return { tokens: inputTokens + outputTokens, usd: attempt.costUsd ?? 0 }
    }
    const isMaybeBilled = ['timeout', 'deadline', 'aborted', 'empty'].includes(attempt.failure.kind)
    return isMaybeBilled
      ? { tokens: estimate.tokens / 2, usd: estimate.usd / 2 }
      : { tokens: 0, usd: 0 }
  }
}

function charactersOf({ prompt }: CompletionRequest): number {
  return prompt.messages.reduce((sum, { text }) => sum + text.length, prompt.system.length)
}

/** A server that counts nothing would make every bound void: then the texts are counted. */
function countedTokens({ tokens, text }: Completion, request: CompletionRequest): TokenCounts {
  if (tokens.inputTokens + tokens.outputTokens > 0) return tokens
  return {
    ...tokens,
    inputTokens: estimateTokens(charactersOf(request)),
    outputTokens: estimateTokens(text.length),
  }
}
