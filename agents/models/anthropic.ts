/**
 * Claude through the Messages API. The system text and the conversation before the newest question
 * are marked for the provider's prompt cache: they come again, unchanged, in the next turn.
 * @see https://docs.anthropic.com/en/api/messages
 */
import * as v from 'valibot'
import { type Extras, ExtrasBook } from './extras.ts'
import { httpFailure } from './http-failure.ts'
import { type JsonResponse, postJson, tellableFailure, unreadable } from './http-json.ts'
import type { Completion, CompletionRequest, Provider } from './provider.ts'
import { secretsIn } from './secrets-in.ts'
import type { ProviderSetting } from './setting.ts'
import { strictSchema, unwrapStrict } from './strict-schema.ts'

const count = v.nullish(v.number(), 0)

/** The part of the answer that is read; everything else may change. */
const responseSchema = v.looseObject({
  content: v.array(v.looseObject({ type: v.string(), text: v.nullish(v.string()) })),
  stop_reason: v.nullish(v.string()),
  model: v.nullish(v.string()),
  usage: v.nullish(
    v.looseObject({
      input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation_input_tokens: count,
    }),
  ),
})
type Response = v.InferOutput<typeof responseSchema>

const cached = { cache_control: { type: 'ephemeral' } }

/** A client of one Claude model. */
export class Anthropic implements Provider {
  readonly name: string
  readonly #setting: ProviderSetting
  readonly #now: () => number
  readonly #extras: ExtrasBook

  constructor(setting: ProviderSetting, now: () => number = Date.now) {
    this.name = `anthropic/${setting.model}`
    this.#setting = setting
    this.#now = now
    this.#extras = new ExtrasBook(setting, 'off')
  }

  complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    return this.#extras.ask((extras) => this.#ask(request, extras, signal))
  }

  async #ask(request: CompletionRequest, extras: Extras, signal: AbortSignal): Promise<Completion> {
    const setting = this.#setting
    const response = await postJson({
      url: `${(setting.baseUrl ?? '').replace(/\/v1$/, '')}/v1/messages`,
      headers: {
        'x-api-key': setting.apiKey ?? '',
        'anthropic-version': setting.apiVersion ?? '2023-06-01',
        ...setting.headers,
      },
      body: bodyOf(request, setting, extras),
      signal,
    })
    if (response.status !== 200)
      throw tellableFailure(httpFailure(response, this.#now()), secretsIn(setting))
    return completionOf(response)
  }
}

function bodyOf(request: CompletionRequest, setting: ProviderSetting, extras: Extras): object {
  const { prompt, tools } = request
  const beforeQuestion = prompt.messages.length - 2
  const output = {
    ...(extras.schema
      ? { format: { type: 'json_schema', schema: strictSchema(tools, 'absent') } }
      : {}),
    ...(extras.thinking ? { effort: effortOf(setting) } : {}),
  }
  return {
    model: setting.model,
    max_tokens: request.maxOutputTokens,
    system: [{ type: 'text', text: prompt.system, ...cached }],
    messages: prompt.messages.map(({ role, text }, index) => ({
      role,
      content: [{ type: 'text', text, ...(index === beforeQuestion ? cached : {}) }],
    })),
    ...(setting.temperature === undefined ? {} : { temperature: setting.temperature }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
  }
}

function effortOf({ thinkingLevel }: ProviderSetting): string {
  return thinkingLevel === 'minimal' ? 'low' : (thinkingLevel ?? 'low')
}

function completionOf(answer: JsonResponse): Completion {
  const parsed = v.safeParse(responseSchema, answer.json)
  if (!parsed.success) throw unreadable(answer, parsed.issues[0].message)
  const response = parsed.output
  const said = response.content
    .filter(({ type }) => type === 'text')
    .map((block) => block.text ?? '')
    .join('')
  const detail = response.stop_reason ?? 'none'
  const { model } = response
  return {
    text: unwrapStrict(said),
    detail,
    finish: finishOf(detail),
    tokens: tokensOf(response),
    ...(typeof model === 'string' && model !== '' ? { servedBy: model } : {}),
  }
}

function finishOf(reason: string): Completion['finish'] {
  if (reason === 'end_turn' || reason === 'stop_sequence' || reason === 'tool_use') return 'stop'
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') return 'truncated'
  return reason === 'refusal' ? 'blocked' : 'unknown'
}

/** The provider counts what it read from its cache and wrote into it apart from the input. */
function tokensOf({ usage }: Response): Completion['tokens'] {
  const cachedTokens = usage?.cache_read_input_tokens ?? 0
  const cacheWriteTokens = usage?.cache_creation_input_tokens ?? 0
  return {
    inputTokens: (usage?.input_tokens ?? 0) + cachedTokens + cacheWriteTokens,
    outputTokens: usage?.output_tokens ?? 0,
    reasoningTokens: 0,
    cachedTokens,
    cacheWriteTokens,
  }
}
