import {
  freeUsage,
  type ModelFailure,
  type ModelOutcome,
  type ModelUsage,
} from '../vocabulary/model-reply.ts'
import type { Action, ModelRequest } from '../vocabulary/model-request.ts'
import type { ToolSchema } from './action-schema.ts'
import type { Message } from './compaction.ts'
import type { GatewaySettings } from './gateway-options.ts'
import type { Line, LineResult, TurnFrame } from './line.ts'
import { parseAction } from './parse-action.ts'
import { type Prompt, reaskMessages } from './prompt.ts'

/** Tokens of an answer at first, and after one that was cut off. */
const outputTokens = 8_192
const moreOutputTokens = 32_768

/** One turn of a provider: ask, read, ask again with what was wrong. */
export class Turn {
  readonly #settings: GatewaySettings
  readonly #line: Line
  readonly #frame: TurnFrame
  readonly #tools: readonly ToolSchema[]
  #usage: ModelUsage = freeUsage
  #promptTokens: number | undefined
  readonly #startedAt: number

  constructor(
    settings: GatewaySettings,
    line: Line,
    frame: TurnFrame,
    tools: readonly ToolSchema[],
  ) {
    this.#settings = settings
    this.#line = line
    this.#frame = frame
    this.#tools = tools
    this.#startedAt = settings.clock.now()
  }

  /** Tokens of the prompt, without re-asks, as the provider has counted them. */
  get promptTokens(): number | undefined {
    return this.#promptTokens
  }

  async run(request: ModelRequest, prompt: Prompt): Promise<ModelOutcome> {
    let extra: readonly Message[] = []
    let maxOutputTokens = this.#firstOutputTokens()
    for (let reask = 0; ; reask++) {
      const result = await this.#line.complete(
        {
          prompt: { ...prompt, messages: [...prompt.messages, ...extra] },
          tools: this.#tools,
          maxOutputTokens,
          effort: request.agent === 'operator' ? 'low' : 'medium',
        },
        this.#frame,
      )
      if (!result.ok) return result
      const read = this.#read(result)
      if (read.type === 'outcome') return read.outcome
      const { issues, isTruncated } = read
      if (reask >= this.#settings.reasks)
        return { ok: false, failure: this.#unusable(issues, isTruncated) }
      const { runId } = request
      this.#settings.onEvent({ type: 'model-reasked', runId, model: this.#line.name, issues })
      extra = reaskMessages(result.completion.text, issues, this.#settings.secrets)
      if (isTruncated) maxOutputTokens = Math.max(maxOutputTokens, moreOutputTokens)
    }
  }

  #firstOutputTokens(): number {
    return this.#line.maxOutputTokens ?? outputTokens
  }

  #read(result: Extract<LineResult, { ok: true }>):
    | { readonly type: 'outcome'; readonly outcome: ModelOutcome }
    | {
        readonly type: 'unusable'
        readonly issues: readonly string[]
        readonly isTruncated: boolean
      } {
    const { completion, costUsd } = result
    this.#promptTokens ??= completion.tokens.inputTokens
    this.#usage = addUsage(this.#usage, { ...completion.tokens, costUsd })
    if (completion.finish === 'blocked')
      return { type: 'outcome', outcome: { ok: false, failure: this.#blocked(completion.detail) } }
    const parsed = parseAction(this.#tools, completion.text, {
      truncated: completion.finish !== 'stop',
    })
    const isTruncated = completion.finish === 'truncated'
    if (!parsed.ok) return { type: 'unusable', issues: parsed.issues, isTruncated }
    return { type: 'outcome', outcome: this.#answered(parsed.action, parsed.repairs) }
  }

  #answered(action: Action, repairs: readonly string[]): ModelOutcome {
    const { attempts, runId } = this.#frame
    const reply = { action, model: this.#line.name, usage: this.#usage, repairs, attempts }
    const durationMs = this.#settings.clock.now() - this.#startedAt
    const { model, usage } = reply
    this.#settings.onEvent({
      type: 'model-answered',
      runId,
      model,
      intent: action.intent,
      durationMs,
      attempts,
      usage,
      repairs,
    })
    return { ok: true, reply }
  }

  #blocked(detail: string): ModelFailure {
    return this.#failure('blocked', `the provider refused the content (${detail})`)
  }

  #unusable(issues: readonly string[], isTruncated: boolean): ModelFailure {
    const kind = isTruncated ? 'truncated' : 'invalid_output'
    const message = `no usable action after ${this.#settings.reasks + 1} answers: ${issues[0] ?? ''}`
    return { ...this.#failure(kind, message.slice(0, 500)), issues: [...issues] }
  }

  #failure(kind: ModelFailure['kind'], message: string): ModelFailure {
    const { attempts } = this.#frame
    return {
      type: 'model-failure',
      kind,
      message,
      retryable: false,
      model: this.#line.name,
      attempts,
    }
  }
}

function addUsage(left: ModelUsage, right: ModelUsage): ModelUsage {
  const isKnown = left.costUsd !== null && right.costUsd !== null
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    reasoningTokens: left.reasoningTokens + right.reasoningTokens,
    cachedTokens: left.cachedTokens + right.cachedTokens,
    costUsd: isKnown ? (left.costUsd ?? 0) + (right.costUsd ?? 0) : null,
  }
}
