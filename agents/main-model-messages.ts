/** What the root thread and main say to each other about a model that lives in main. */
import type { Pid } from '../runtime/index.ts'
import type { ModelPrompt } from './models/main-model.ts'
import type { Completion, ProviderFailure } from './models/provider.ts'
import { isObject } from './vocabulary/json.ts'

/** The root thread asks a model of main, or gives a question up. */
export type MainModelMessage =
  | {
      readonly type: 'nodelens-model-ask'
      readonly to: Pid
      readonly id: string
      readonly model: string
      readonly prompt: ModelPrompt
    }
  | { readonly type: 'nodelens-model-abort'; readonly id: string }

/** Main has heard the question, or answers it. */
export type MainModelReply =
  | { readonly type: 'nodelens-model-accepted'; readonly id: string }
  | {
      readonly type: 'nodelens-model-answered'
      readonly id: string
      readonly completion: Completion
    }
  | {
      readonly type: 'nodelens-model-failed'
      readonly id: string
      readonly failure: ProviderFailure
    }

export function isMainModelMessage(message: unknown): message is MainModelMessage {
  return hasType(message, ['nodelens-model-ask', 'nodelens-model-abort'])
}

export function isMainModelReply(message: unknown): message is MainModelReply {
  return hasType(message, [
    'nodelens-model-accepted',
    'nodelens-model-answered',
    'nodelens-model-failed',
  ])
}

function hasType(message: unknown, types: readonly string[]): boolean {
  if (!isObject(message)) return false
  const { type, id } = message
  return typeof type === 'string' && types.includes(type) && typeof id === 'string'
}
