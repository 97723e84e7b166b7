/**
 * The chat completions of OpenAI, and of the many that speak alike: `openai`, `openai-generic`
 * (Ollama, vLLM, LM Studio and others), `openrouter`, `azure-openai`.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
import * as v from 'valibot'
import { isObject } from '../vocabulary/json.ts'
import { type Extras, ExtrasBook } from './extras.ts'
import { httpFailure } from './http-failure.ts'
import { type JsonResponse, postJson, tellableFailure, unreadable } from './http-json.ts'
import { openAiDialects } from './openai-dialects.ts'
import type { Completion, CompletionRequest, Provider } from './provider.ts'
import { secretsIn } from './secrets-in.ts'
import type { ProviderSetting } from './setting.ts'
import { strictSchema, unwrapStrict } from './strict-schema.ts'

const count = v.nullish(v.number(), 0)

/** The part of the answer that is read; everything else may change. */
const responseSchema = v.looseObject({
  choices: v.array(
    v.looseObject({
      finish_reason: v.nullish(v.string()),
      message: v.nullish(
        v.looseObject({ content: v.nullish(v.string()), refusal: v.nullish(v.string()) }),
      ),
    }),
  ),
  model: v.nullish(v.string()),
  usage: v.nullish(
    v.looseObject({
      prompt_tokens: count,
      completion_tokens: count,
      cost: v.nullish(v.number()),
      prompt_tokens_details: v.nullish(v.looseObject({ cached_tokens: count })),
      completion_tokens_details: v.nullish(v.looseObject({ reasoning_tokens: count })),
    }),
  ),
})
type Response = v.InferOutput<typeof responseSchema>

/** A client of one model behind chat completions. */
export class OpenAiChat implements Provider {
  readonly name: string
  readonly #setting: ProviderSetting
  readonly #now: () => number
  readonly #extras: ExtrasBook

  constructor(setting: ProviderSetting, now: () => number = Date.now) {
    this.name = `${setting.provider}/${setting.model}`
    this.#setting = setting
    this.#now = now
    this.#extras = new ExtrasBook(setting, 'off')
  }

  complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    return this.#extras.ask((extras) => this.#ask(request, extras, signal))
  }

  async #ask(request: CompletionRequest, extras: Extras, signal: AbortSignal): Promise<Completion> {
    const setting = this.#setting
    const dialect = openAiDialects(setting)
    const response = await postJson({
      url: dialect.url,
      headers: { ...dialect.headers, ...setting.headers },
      body: { ...bodyOf(request, setting, extras), ...dialect.body(request.maxOutputTokens) },
      signal,
    })
    const failure = failureOf(response, this.#now())
    if (failure !== undefined) throw tellableFailure(failure, secretsIn(setting))
    return completionOf(response)
  }
}

function bodyOf(request: CompletionRequest, setting: ProviderSetting, extras: Extras): object {
  const { prompt, tools } = request
  return {
    model: setting.model,
    messages: [
      { role: 'system', content: prompt.system },
      ...prompt.messages.map(({ role, text }) => ({ role, content: text })),
    ],
    ...(setting.temperature === undefined ? {} : { temperature: setting.temperature }),
    ...(extras.thinking ? { reasoning_effort: setting.thinkingLevel } : {}),
    ...(extras.schema
      ? {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'action', strict: true, schema: strictSchema(tools, 'nullable') },
          },
        }
      : {}),
  }
}

/** OpenRouter answers 200 with an error inside when the model behind it has failed. */
function failureOf(response: JsonResponse, now: number) {
  if (response.status < 200 || response.status >= 300) return httpFailure(response, now)
  const error = isObject(response.json) ? response.json['error'] : undefined
  if (!isObject(error)) return undefined
  const code = Number(error['code'])
  const status = Number.isInteger(code) && code >= 400 && code < 600 ? code : 502
  return httpFailure({ ...response, status }, now)
}

function completionOf(answer: JsonResponse): Completion {
  const parsed = v.safeParse(responseSchema, answer.json)
  if (!parsed.success) throw unreadable(answer, parsed.issues[0].message)
  const response = parsed.output
  const [choice] = response.choices
  const refusal = choice?.message?.refusal ?? ''
  const detail = refusal === '' ? (choice?.finish_reason ?? 'none') : 'refusal'
  const { model, usage } = response
  const costUsd = usage?.cost ?? undefined
  return {
    text: unwrapStrict(choice?.message?.content ?? ''),
    detail,
    finish: finishOf(detail),
    tokens: tokensOf(response),
    ...(typeof model === 'string' && model !== '' ? { servedBy: model } : {}),
    ...(costUsd === undefined ? {} : { costUsd }),
  }
}

function finishOf(reason: string): Completion['finish'] {
  if (reason === 'stop' || reason === 'tool_calls') return 'stop'
  if (reason === 'length') return 'truncated'
  return reason === 'content_filter' || reason === 'refusal' ? 'blocked' : 'unknown'
}

/** Cached tokens are part of the prompt's, reasoning is part of the completion's. */
function tokensOf({ usage }: Response): Completion['tokens'] {
  return {
    inputTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
    reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
  }
}
