import type { ModelPrompt } from './main-model.ts'
import type { CompletionRequest } from './provider.ts'
import { strictSchema } from './strict-schema.ts'

/** A request as a function of the user's sees it: plain data. */
export function promptFor(request: CompletionRequest): ModelPrompt {
  const { prompt, tools, maxOutputTokens, effort } = request
  return {
    system: prompt.system,
    messages: prompt.messages.map(({ role, text }) => ({ role, text })),
    schema: strictSchema(tools, 'nullable'),
    maxOutputTokens,
    effort,
  }
}
