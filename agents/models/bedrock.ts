/**
 * Models on Amazon Bedrock through Converse. With a Bedrock API key (`AWS_BEARER_TOKEN_BEDROCK`) one
 * HTTP request does; every other way to sign in (profile, role, instance, SSO) is that of
 * `@aws-sdk/client-bedrock-runtime`, an optional peer. Converse has no portable schema for answers:
 * the prompt's must do.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
import * as v from 'valibot'
import { BedrockClient } from './bedrock-client.ts'
import { httpFailure } from './http-failure.ts'
import { type JsonResponse, postJson, tellableFailure, unreadable } from './http-json.ts'
import {
  type Completion,
  type CompletionRequest,
  type Provider,
  ProviderError,
} from './provider.ts'
import { secretsIn } from './secrets-in.ts'
import type { ProviderSetting } from './setting.ts'

const count = v.nullish(v.number(), 0)

/** The part of the answer that is read; everything else may change. */
const responseSchema = v.looseObject({
  output: v.looseObject({
    message: v.nullish(
      v.looseObject({ content: v.array(v.looseObject({ text: v.nullish(v.string()) })) }),
    ),
  }),
  stopReason: v.nullish(v.string()),
  usage: v.nullish(
    v.looseObject({
      inputTokens: count,
      outputTokens: count,
      cacheReadInputTokens: count,
      cacheWriteInputTokens: count,
    }),
  ),
})
type Response = v.InferOutput<typeof responseSchema>

/** What is sent, by either way. */
export interface ConverseInput {
  readonly system: { readonly text: string }[]
  readonly messages: {
    readonly role: 'user' | 'assistant'
    readonly content: { readonly text: string }[]
  }[]
  readonly inferenceConfig: { readonly maxTokens: number; readonly temperature?: number }
}

/** A client of one model on Bedrock. */
export class Bedrock implements Provider {
  readonly name: string
  readonly #setting: ProviderSetting
  readonly #now: () => number
  readonly #client: BedrockClient

  constructor(setting: ProviderSetting, now: () => number = Date.now) {
    this.name = `aws-bedrock/${setting.model}`
    this.#setting = setting
    this.#now = now
    this.#client = new BedrockClient(setting)
  }

  async complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    const response = await this.#send(inputOf(request, this.#setting), signal)
    if (response.status !== 200)
      throw tellableFailure(httpFailure(response, this.#now()), secretsIn(this.#setting))
    return completionOf(response)
  }

  #send(input: ConverseInput, signal: AbortSignal): Promise<JsonResponse> {
    const { apiKey, model, headers } = this.#setting
    if (apiKey === undefined) return this.#client.converse(input, signal)
    return postJson({
      url: `${addressOf(this.#setting)}/model/${encodeURIComponent(model)}/converse`,
      headers: { authorization: `Bearer ${apiKey}`, ...headers },
      body: input,
      signal,
    })
  }
}

function addressOf({ baseUrl, region }: ProviderSetting): string {
  if (baseUrl !== undefined) return baseUrl
  if (region !== undefined) return `https://bedrock-runtime.${region}.amazonaws.com`
  throw new ProviderError({
    kind: 'invalid_request',
    message: 'aws-bedrock needs a region; set AWS_REGION, or give region',
  })
}

function inputOf(request: CompletionRequest, setting: ProviderSetting): ConverseInput {
  const { prompt, maxOutputTokens } = request
  const { temperature } = setting
  return {
    system: [{ text: prompt.system }],
    messages: prompt.messages.map(({ role, text }) => ({ role, content: [{ text }] })),
    inferenceConfig: {
      maxTokens: maxOutputTokens,
      ...(temperature === undefined ? {} : { temperature }),
    },
  }
}

function completionOf(answer: JsonResponse): Completion {
  const parsed = v.safeParse(responseSchema, answer.json)
  if (!parsed.success) throw unreadable(answer, parsed.issues[0].message)
  const response = parsed.output
  const detail = response.stopReason ?? 'none'
  return {
    text: (response.output.message?.content ?? []).map(({ text }) => text ?? '').join(''),
    detail,
    finish: finishOf(detail),
    tokens: tokensOf(response),
  }
}

function finishOf(reason: string): Completion['finish'] {
  if (reason === 'end_turn' || reason === 'stop_sequence' || reason === 'tool_use') return 'stop'
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') return 'truncated'
  return reason === 'content_filtered' || reason === 'guardrail_intervened' ? 'blocked' : 'unknown'
}

/** What came from the cache and went into it is counted apart from the input. */
function tokensOf({ usage }: Response): Completion['tokens'] {
  const cachedTokens = usage?.cacheReadInputTokens ?? 0
  const cacheWriteTokens = usage?.cacheWriteInputTokens ?? 0
  return {
    inputTokens: (usage?.inputTokens ?? 0) + cachedTokens + cacheWriteTokens,
    outputTokens: usage?.outputTokens ?? 0,
    reasoningTokens: 0,
    cachedTokens,
    cacheWriteTokens,
  }
}
