/**
 * Gemini through @google/generative-ai, used as a thin and well-known way to `generateContent`:
 * one request a call, no chat session (it sends roles that current models refuse and loses parts),
 * no `timeout` option (its timer is never cleared), no `text()` (it mixes thoughts into the answer).
 */
import { GoogleGenerativeAI } from '@google/generative-ai'
import * as v from 'valibot'
import { isObject, type JsonObject } from '../vocabulary/json.ts'
import { geminiSchema } from './gemini-schema.ts'
import { convertError } from './google-ai-errors.ts'
import {
  type Completion,
  type CompletionRequest,
  type Provider,
  ProviderError,
} from './provider.ts'
import type { ProviderSetting } from './setting.ts'

const blockedReasons = [
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
]

const count = v.optional(v.number(), 0)

/** The part of the answer that is read; everything else may change. */
const responseSchema = v.looseObject({
  candidates: v.optional(
    v.array(
      v.looseObject({
        finishReason: v.optional(v.string()),
        content: v.optional(
          v.looseObject({
            parts: v.optional(
              v.array(
                v.looseObject({ text: v.optional(v.string()), thought: v.optional(v.boolean()) }),
              ),
            ),
          }),
        ),
      }),
    ),
  ),
  promptFeedback: v.optional(v.looseObject({ blockReason: v.optional(v.string()) })),
  usageMetadata: v.optional(
    v.looseObject({
      promptTokenCount: count,
      candidatesTokenCount: count,
      thoughtsTokenCount: count,
      cachedContentTokenCount: count,
    }),
  ),
  modelVersion: v.optional(v.string()),
})
type Response = v.InferOutput<typeof responseSchema>

/** Which optional fields are sent. A model that refuses one with 400 is not sent it again. */
interface Extras {
  readonly schema: boolean
  readonly thinking: boolean
}

/** A client of one Gemini model. */
export class GoogleAi implements Provider {
  readonly name: string
  readonly #setting: ProviderSetting
  readonly #now: () => number
  #extras: Extras

  constructor(setting: ProviderSetting, now: () => number = Date.now) {
    this.name = `google-ai/${setting.model}`
    this.#setting = setting
    this.#now = now
    this.#extras = {
      schema: setting.structured !== 'off',
      thinking: setting.thinkingLevel !== 'off',
    }
  }

  async complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    try {
      return await this.#complete(request, signal)
    } catch (error) {
      const failure = convertError(error, this.#setting.apiKey, this.#now())
      const fewer = lessAfter(failure, this.#extras)
      if (fewer === undefined) throw failure
      this.#extras = fewer
      return this.complete(request, signal)
    }
  }

  async #complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    // the client sends its request even if the signal has long been aborted
    if (signal.aborted)
      throw new ProviderError({ kind: 'aborted', message: 'aborted before it began' })
    const { apiKey, model, baseUrl, apiVersion } = this.#setting
    const client = new GoogleGenerativeAI(apiKey).getGenerativeModel(
      { model },
      {
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(apiVersion === undefined ? {} : { apiVersion }),
      },
    )
    // the client never takes its listener off the signal: give it one that is thrown away
    const controller = new AbortController()
    const abort = () => controller.abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      const { response } = await client.generateContent(
        bodyOf(request, this.#setting, this.#extras),
        {
          signal: controller.signal,
        },
      )
      return completionOf(response)
    } catch (error) {
      if (signal.aborted) throw new ProviderError({ kind: 'aborted', message: 'aborted' })
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

/** What to leave out after a 400 that complains about it; undefined: the failure stands. */
function lessAfter({ failure }: ProviderError, extras: Extras): Extras | undefined {
  if (failure.kind !== 'invalid_request') return undefined
  if (extras.thinking && /thinking/i.test(failure.message)) return { ...extras, thinking: false }
  if (extras.schema && /schema|response_?mime|states? for serving/i.test(failure.message))
    return { ...extras, schema: false }
  return undefined
}

function bodyOf(request: CompletionRequest, setting: ProviderSetting, extras: Extras) {
  const level = setting.thinkingLevel ?? request.effort
  const generationConfig: GenerationConfig = {
    maxOutputTokens: request.maxOutputTokens,
    ...(setting.temperature === undefined ? {} : { temperature: setting.temperature }),
    ...(extras.schema
      ? { responseMimeType: 'application/json', responseJsonSchema: geminiSchema(request.tools) }
      : {}),
    ...(extras.thinking ? { thinkingConfig: { thinkingLevel: level } } : {}),
  }
  return {
    // a fresh object each time: the client writes into it
    systemInstruction: { role: 'system', parts: [{ text: request.prompt.system }] },
    contents: request.prompt.messages.map(({ role, text }) => ({
      role: role === 'assistant' ? 'model' : 'user',
      parts: [{ text }],
    })),
    generationConfig,
  }
}

/** The client's own types are older than the service. */
interface GenerationConfig {
  readonly maxOutputTokens: number
  readonly temperature?: number
  readonly responseMimeType?: string
  readonly responseJsonSchema?: JsonObject
  readonly thinkingConfig?: { readonly thinkingLevel: string }
}

function completionOf(raw: unknown): Completion {
  const parsed = v.safeParse(responseSchema, isObject(raw) ? { ...raw } : raw)
  if (!parsed.success)
    throw new ProviderError({
      kind: 'bad_response',
      message: `the answer has another shape than documented: ${parsed.issues[0].message}`,
    })
  const response = parsed.output
  const [candidate] = response.candidates ?? []
  const detail = response.promptFeedback?.blockReason ?? candidate?.finishReason ?? 'NONE'
  const isBlocked =
    response.promptFeedback?.blockReason !== undefined || blockedReasons.includes(detail)
  const text = (candidate?.content?.parts ?? [])
    .filter((part) => part.thought !== true)
    .map((part) => part.text ?? '')
    .join('')
  return {
    text,
    detail,
    finish: isBlocked ? 'blocked' : finishOf(detail),
    tokens: tokensOf(response),
    ...(response.modelVersion === undefined ? {} : { servedBy: response.modelVersion }),
  }
}

function finishOf(reason: string): Completion['finish'] {
  if (reason === 'STOP') return 'stop'
  return reason === 'MAX_TOKENS' || reason === 'CONTINUATION' ? 'truncated' : 'unknown'
}

function tokensOf({ usageMetadata }: Response): Completion['tokens'] {
  const reasoningTokens = usageMetadata?.thoughtsTokenCount ?? 0
  return {
    inputTokens: usageMetadata?.promptTokenCount ?? 0,
    outputTokens: (usageMetadata?.candidatesTokenCount ?? 0) + reasoningTokens,
    reasoningTokens,
    cachedTokens: usageMetadata?.cachedContentTokenCount ?? 0,
  }
}
