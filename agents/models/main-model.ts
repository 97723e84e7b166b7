/** What a user may hand in instead of a provider: a function, or a model object of the AI SDK. */
import type { JsonObject } from '../vocabulary/json.ts'

/** What a function of the user's is asked. Plain data. */
export interface ModelPrompt {
  readonly system: string
  /** Roles alternate, the first and the last are the user's. */
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly text: string }[]
  /**
   * JSON Schema for providers that enforce one, in the strict dialect: an object with the action
   * under `action`. The system text shows the actions in words; an answer may be one of them bare.
   */
  readonly schema: JsonObject
  readonly maxOutputTokens: number
  /** How hard to think: `low` for operators, `medium` for the coordinator. */
  readonly effort: 'low' | 'medium'
}

/**
 * What it answers: the text, or the text with what it cost. `truncated`: cut by a token limit;
 * `blocked`: refused for its content. Tokens that are not given are estimated.
 */
export type ModelAnswer =
  | string
  | {
      readonly text: string
      readonly inputTokens?: number
      readonly outputTokens?: number
      readonly finish?: 'stop' | 'truncated' | 'blocked'
    }

/** A function of the user's that asks a model. */
export type ModelFunction = (
  prompt: ModelPrompt,
  options: { readonly signal: AbortSignal },
) => ModelAnswer | Promise<ModelAnswer>

/** A language model object of the AI SDK, specification v2, v3 or v4; nothing of the SDK is loaded. */
export interface AiSdkModel {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
  readonly doGenerate: (options: never) => PromiseLike<unknown>
}

export type MainModel = ModelFunction | AiSdkModel

const specifications = ['v2', 'v3', 'v4']

/**
 * @returns Undefined for anything that is neither.
 * @throws {TypeError} A model object of another specification.
 */
export function parseMainModel(value: unknown): MainModel | undefined {
  if (isFunction(value)) return value
  if (!isAiSdkModel(value)) return undefined
  if (specifications.includes(value.specificationVersion)) return value
  throw new TypeError(
    `model: a model object of the AI SDK with specification ${value.specificationVersion}; expected ${specifications.join(', ')}`,
  )
}

function isFunction(value: unknown): value is ModelFunction {
  return typeof value === 'function'
}

function isAiSdkModel(value: unknown): value is AiSdkModel {
  return (
    typeof value === 'object' &&
    value !== null &&
    'doGenerate' in value &&
    typeof value.doGenerate === 'function' &&
    'specificationVersion' in value &&
    typeof value.specificationVersion === 'string' &&
    'provider' in value &&
    typeof value.provider === 'string' &&
    'modelId' in value &&
    typeof value.modelId === 'string'
  )
}
