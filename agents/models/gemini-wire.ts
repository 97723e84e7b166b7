/** What Gemini is sent and what it answers (`generateContent`), by whatever way. */
import * as v from 'valibot'
import { isObject, type JsonObject } from '../vocabulary/json.ts'
import type { Extras } from './extras.ts'
import { geminiSchema } from './gemini-schema.ts'
import { type Completion, type CompletionRequest, ProviderError } from './provider.ts'
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

/** A fresh body each time: the vendor's client writes into it. */
export function geminiBody(
  request: CompletionRequest,
  setting: ProviderSetting,
  extras: Extras,
): GeminiBody {
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
    systemInstruction: { role: 'system', parts: [{ text: request.prompt.system }] },
    contents: request.prompt.messages.map(({ role, text }) => ({
      role: role === 'assistant' ? 'model' : 'user',
      parts: [{ text }],
    })),
    generationConfig,
  }
}

/** What is sent; the vendor's own types are older than the service. */
export interface GeminiBody {
  readonly systemInstruction: { readonly role: string; readonly parts: { readonly text: string }[] }
  readonly contents: { readonly role: string; readonly parts: { readonly text: string }[] }[]
  readonly generationConfig: GenerationConfig
}

interface GenerationConfig {
  readonly maxOutputTokens: number
  readonly temperature?: number
  readonly responseMimeType?: string
  readonly responseJsonSchema?: JsonObject
  readonly thinkingConfig?: { readonly thinkingLevel: string }
}

/** @throws {ProviderError} `bad_response`: the answer has another shape than documented. */
export function geminiCompletion(raw: unknown): Completion {
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
