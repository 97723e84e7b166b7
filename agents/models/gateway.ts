/**
 * The model gateway: the one place that owns keys, clients, retries and spending. Agents hand it a
 * request (plain data) and get an outcome (plain data). It knows no actors; in the house it is
 * wrapped in one, in the root thread.
 *
 * A provider that is down, slow, out of quota or talking nonsense does not stop a run: `rules`
 * takes the turn, and the reply says who spoke and why. At most half of the time that a run has
 * left is given to a provider, so that there is always time to conclude without it.
 */

import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import * as v from 'valibot'
import { checkPrices } from '../budget.ts'
import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import { freeUsage, type ModelFailure, type ModelOutcome } from '../vocabulary/model-reply.ts'
import type {
  Action,
  CoordinatorRequest,
  ModelRequest,
  OperatorRequest,
} from '../vocabulary/model-request.ts'
import type { OperatorAction } from '../vocabulary/operator-action.ts'
import { type ToolSchema, toolSchemas } from './action-schema.ts'
import { ChosenModels } from './chosen-models.ts'
import { ConversationBook } from './conversation-book.ts'
import { fenceTag } from './fence.ts'
import { type GatewayOptions, type GatewaySettings, settle } from './gateway-options.ts'
import type { Line, LineStatus, TurnFrame } from './line.ts'
import type { Prompt } from './prompt.ts'
import { ProviderError } from './provider.ts'
import { relay } from './relay.ts'
import { Routes } from './routes.ts'
import { rules } from './rules/rules.ts'
import type { Spending } from './spending.ts'
import { Turn } from './turn.ts'

/** What the gateway is doing, for status and observers. */
export interface GatewayStatus {
  /** `rules`, `provider/model`, or several of them. */
  readonly model: string
  /** What the run, this hour and this day have spent so far. */
  readonly spent: ReturnType<Spending['spent']>
  readonly lines: readonly LineStatus[]
}

export class ModelGateway {
  readonly #settings: GatewaySettings
  readonly #routes: Routes
  readonly #chosen: ChosenModels
  readonly #secret = randomUUID()
  readonly #book: ConversationBook
  readonly #stop = new AbortController()

  /** @throws {TypeError} A bound in dollars for a model whose price is not known. */
  constructor(options: GatewayOptions) {
    this.#settings = settle(options)
    this.#book = new ConversationBook(this.#settings.contextTokens)
    setMaxListeners(0, this.#stop.signal) // one listener for each turn under way
    this.#routes = new Routes(options.model, this.#settings)
    this.#chosen = new ChosenModels(this.#settings, this.#routes.spending)
    checkPrices(options.limits ?? {}, options.model, this.#settings.clock.now())
  }

  /** `rules`, `provider/model`, or several of them. */
  get model(): string {
    return this.#routes.name
  }

  /**
   * Chooses the next action. Never rejects; ends within the run's time.
   *
   * @param signal Gives up; the outcome is then a failure of kind `aborted`.
   */
  decide(request: OperatorRequest, options?: DecideOptions): Promise<ModelOutcome<OperatorAction>>
  decide(
    request: CoordinatorRequest,
    options?: DecideOptions,
  ): Promise<ModelOutcome<CoordinatorAction>>
  decide(request: ModelRequest, options?: DecideOptions): Promise<ModelOutcome>
  async decide(request: ModelRequest, { signal }: DecideOptions = {}): Promise<ModelOutcome> {
    try {
      return await this.#decide(request, signal)
    } catch (error) {
      // a request that is not what its type says, or a mistake of ours: the run must hear of it
      return this.#failed(request, unexpectedFailure(this.model, error))
    }
  }

  async #decide(request: ModelRequest, signal: AbortSignal | undefined): Promise<ModelOutcome> {
    const tools = toolSchemas(request)
    if (this.#stop.signal.aborted) return this.#failed(request, stoppedFailure(this.model))
    const lines = this.#linesFor(request)
    if (lines.length === 0) return this.#byRules(request, tools, undefined)
    const ask = (line: Line, frame: TurnFrame) =>
      this.#turn(request, new Turn(this.#settings, line, frame, tools), tools)
    const outcome = await this.#withFrame(request, signal, (frame) =>
      relay({ lines, frame, ask, clock: this.#settings.clock, onSwitch: this.#told(request) }),
    )
    if (outcome.ok) return outcome
    const { failure } = outcome
    const isStop = failure.kind === 'budget' && this.#settings.whenSpent === 'stop'
    const isOver = failure.kind === 'aborted' || failure.kind === 'stopped' || isStop
    if (isOver || this.#settings.fallback === 'none') return this.#failed(request, failure)
    this.#settings.onEvent({ type: 'model-fell-back', runId: request.runId, failure })
    return this.#byRules(request, tools, failure)
  }

  /**
   * Checks a model that a caller wants for a run, before the run is started.
   *
   * @throws {TypeError} There is no such provider, or no key for it.
   */
  check(model: string): void {
    this.#chosen.check(model)
  }

  #linesFor(request: ModelRequest): readonly Line[] {
    return request.model === undefined
      ? this.#routes.linesFor(request)
      : this.#chosen.linesFor(request, request.model)
  }

  /** What a run has spent, and the state of the line to the provider. */
  status(runId = ''): GatewayStatus {
    const { lines, spending } = this.#routes
    return {
      model: this.model,
      spent: spending.spent(runId, this.#settings.clock.now()),
      lines: lines.map((line) => line.status()),
    }
  }

  /** Ends every call that is under way with a failure of kind `stopped`. Idempotent. */
  stop(): void {
    this.#stop.abort()
  }

  /** The size that the provider counts decides how much of the conversation is sent next time. */
  async #turn(
    request: ModelRequest,
    turn: Turn,
    tools: readonly ToolSchema[],
  ): Promise<ModelOutcome> {
    const outcome = await turn.run(request, this.#prompt(request, tools))
    if (turn.promptTokens !== undefined) this.#book.measured(request, turn.promptTokens)
    if (!outcome.ok && outcome.failure.kind === 'too_large') this.#book.tooLarge(request)
    return outcome
  }

  #prompt(request: ModelRequest, tools: readonly ToolSchema[]): Prompt {
    const { runId } = request
    const { onEvent } = this.#settings
    const secrets = [...this.#settings.secrets, ...this.#chosen.secrets]
    const tag = fenceTag(this.#secret, runId)
    const { prompt, compaction } = this.#book.render(request, tools, { tag, secrets })
    if (compaction !== undefined)
      onEvent({ type: 'conversation-compacted', runId, agent: request.agent, ...compaction })
    return prompt
  }

  /** Runs a turn under one signal that says by its reason why it ended. */
  async #withFrame(
    request: ModelRequest,
    signal: AbortSignal | undefined,
    run: (frame: TurnFrame) => Promise<ModelOutcome>,
  ): Promise<ModelOutcome> {
    const { clock, fallback, turnTimeoutMs } = this.#settings
    const share = fallback === 'rules' ? 0.5 : 1
    const turnMs = Math.max(0, Math.min(turnTimeoutMs, request.budget.msLeft * share))
    const controller = new AbortController()
    const end = (kind: 'aborted' | 'stopped' | 'deadline', message: string) => () =>
      controller.abort(new ProviderError({ kind, message }))
    const onAbort = end('aborted', 'the caller gave up')
    const onStop = end('stopped', 'the gateway was stopped')
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#stop.signal.addEventListener('abort', onStop, { once: true })
    const cancel = clock.after(
      turnMs,
      end('deadline', `no usable answer within ${Math.round(turnMs)} ms`),
    )
    const { runId, budget } = request
    try {
      const deadline = clock.now() + turnMs
      const { tokensLeft } = budget
      return await run({ runId, deadline, tokensLeft, signal: controller.signal, attempts: 0 })
    } finally {
      cancel()
      signal?.removeEventListener('abort', onAbort)
      this.#stop.signal.removeEventListener('abort', onStop)
    }
  }

  #byRules(
    request: ModelRequest,
    tools: readonly ToolSchema[],
    fallback: ModelFailure | undefined,
  ): ModelOutcome {
    const chosen = rules(request)
    const tool = tools.find(({ intent }) => intent === chosen.intent)
    const read = tool === undefined ? undefined : v.safeParse(tool.validator, chosen)
    if (read?.success !== true)
      return this.#failed(request, rulesFailure(chosen, read?.issues[0].message))
    const reply = {
      action: read.output,
      model: 'rules',
      usage: freeUsage,
      repairs: [],
      attempts: 0,
    }
    const { action, ...rest } = reply
    const { runId } = request
    this.#settings.onEvent({
      type: 'model-answered',
      runId,
      intent: action.intent,
      durationMs: 0,
      ...rest,
    })
    return { ok: true, reply: fallback === undefined ? reply : { ...reply, fallback } }
  }

  #told({ runId }: ModelRequest): (failure: ModelFailure, next: Line) => void {
    return (failure, { name }) =>
      this.#settings.onEvent({ type: 'model-switched', runId, failure, next: name })
  }

  #failed(request: ModelRequest, failure: ModelFailure): ModelOutcome {
    this.#settings.onEvent({ type: 'model-failed', runId: request.runId, failure })
    return { ok: false, failure }
  }
}

export interface DecideOptions {
  readonly signal?: AbortSignal
}

function stoppedFailure(model: string): ModelFailure {
  const message = 'the gateway was stopped'
  return { type: 'model-failure', kind: 'stopped', message, retryable: false, model, attempts: 0 }
}

function unexpectedFailure(model: string, error: unknown): ModelFailure {
  const message = error instanceof Error ? error.message.slice(0, 500) : 'no reason given'
  return { type: 'model-failure', kind: 'unknown', message, retryable: false, model, attempts: 0 }
}

function rulesFailure(
  action: Action,
  issue = 'that tool is not allowed in this turn',
): ModelFailure {
  return {
    type: 'model-failure',
    kind: 'invalid_output',
    message: `rules chose ${action.intent}: ${issue}`,
    retryable: false,
    model: 'rules',
    attempts: 0,
  }
}
