/**
 * Asks a function of the user's or a model object of the AI SDK, in whatever thread it lives. Loaded
 * in the main thread of the application too: it imports next to nothing.
 */
import { isObject } from '../vocabulary/json.ts'
import type { ModelFailureKind } from '../vocabulary/model-reply.ts'
import type { AiSdkModel, MainModel, ModelPrompt } from './main-model.ts'
import { type Completion, ProviderError } from './provider.ts'
import { unwrapStrict } from './strict-schema.ts'

/** @throws {ProviderError} Whatever the model throws, as plain data. */
export async function askMainModel(
  model: MainModel,
  prompt: ModelPrompt,
  signal: AbortSignal,
): Promise<Completion> {
  try {
    return typeof model === 'function'
      ? completionOf(await model(prompt, { signal }))
      : generated(await generate(model, prompt, signal))
  } catch (error) {
    if (error instanceof ProviderError) throw error
    throw new ProviderError(signal.aborted ? aborted : failureOf(error), { cause: error })
  }
}

const aborted = { kind: 'aborted', message: 'aborted' } as const

function completionOf(answer: unknown): Completion {
  if (typeof answer === 'string') return completion(answer, 'stop', {})
  const text = isObject(answer) ? answer['text'] : undefined
  if (!isObject(answer) || typeof text !== 'string')
    throw new ProviderError({
      kind: 'bad_response',
      message: `the function answered ${answer === null ? 'null' : typeof answer}; expected a text or { text, inputTokens?, outputTokens?, finish? }`,
    })
  const finish = answer['finish']
  const read = finish === 'truncated' || finish === 'blocked' ? finish : 'stop'
  return completion(text, read, answer)
}

function completion(
  text: string,
  finish: Completion['finish'],
  counts: Readonly<Record<string, unknown>>,
): Completion {
  return {
    text: unwrapStrict(text),
    finish,
    detail: finish,
    tokens: {
      inputTokens: numberFrom(counts['inputTokens']),
      outputTokens: numberFrom(counts['outputTokens']),
      reasoningTokens: numberFrom(counts['reasoningTokens']),
      cachedTokens: numberFrom(counts['cachedTokens']),
    },
  }
}

function numberFrom(value: unknown): number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0
}

async function generate(
  model: AiSdkModel,
  { system, messages, schema, maxOutputTokens }: ModelPrompt,
  signal: AbortSignal,
): Promise<unknown> {
  const options = {
    prompt: [
      { role: 'system', content: system },
      ...messages.map(({ role, text }) => ({ role, content: [{ type: 'text', text }] })),
    ],
    maxOutputTokens,
    abortSignal: signal,
    responseFormat: { type: 'json', schema, name: 'action' },
  }
  const answer: unknown = await Reflect.apply(model.doGenerate, model, [options])
  return answer
}

/** Specification v2 counts flat and names the finish by a text; v3 and v4 by objects. */
function generated(result: unknown): Completion {
  const content = isObject(result) ? result['content'] : undefined
  if (!isObject(result) || !Array.isArray(content))
    throw new ProviderError({
      kind: 'bad_response',
      message: 'doGenerate() answered without a list `content`',
    })
  const texts = content.flatMap((part: unknown) =>
    isObject(part) && part['type'] === 'text' && typeof part['text'] === 'string'
      ? [part['text']]
      : [],
  )
  const reason = result['finishReason']
  const word = String(isObject(reason) ? reason['unified'] : reason)
  const { modelId } = isObject(result['response']) ? result['response'] : {}
  return {
    ...completion(texts.join(''), finishOf(word), countsOf(result['usage'])),
    detail: word,
    ...(typeof modelId === 'string' ? { servedBy: modelId } : {}),
  }
}

function finishOf(word: string): Completion['finish'] {
  if (word === 'stop' || word === 'tool-calls') return 'stop'
  if (word === 'length') return 'truncated'
  return word === 'content-filter' ? 'blocked' : 'unknown'
}

function countsOf(usage: unknown): Readonly<Record<string, unknown>> {
  const { inputTokens, outputTokens, reasoningTokens, cachedInputTokens } = objectOr(usage)
  if (!isObject(inputTokens) && !isObject(outputTokens))
    return { inputTokens, outputTokens, reasoningTokens, cachedTokens: cachedInputTokens }
  const input = objectOr(inputTokens)
  const output = objectOr(outputTokens)
  return {
    inputTokens: input['total'],
    outputTokens: output['total'],
    reasoningTokens: output['reasoning'],
    cachedTokens: input['cacheRead'],
  }
}

function objectOr(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}

/** Errors of the AI SDK carry a status; a function that threw is not asked again in this turn. */
function failureOf(error: unknown): ProviderError['failure'] {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 500)
  const found = isObject(error) ? (error['statusCode'] ?? error['status']) : undefined
  const status = typeof found === 'number' ? found : undefined
  const headers = objectOr(isObject(error) ? error['responseHeaders'] : undefined)
  const retryAfter = headers['retry-after']
  const seconds = typeof retryAfter === 'string' ? Number.parseFloat(retryAfter) : Number.NaN
  return {
    kind: status === undefined ? 'unknown' : kindOf(status),
    message,
    ...(status === undefined ? {} : { status }),
    ...(seconds >= 0 ? { retryAfterMs: Math.round(seconds * 1000) } : {}),
  }
}

function kindOf(status: number): ModelFailureKind {
  if (status === 401 || status === 403) return 'auth'
  if (status === 404) return 'not_found'
  if (status === 413) return 'too_large'
  if (status === 429) return 'rate_limited'
  return status >= 500 || [408, 409, 425].includes(status) ? 'overloaded' : 'invalid_request'
}
