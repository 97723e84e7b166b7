/** What the gateway remembers of the conversations under way: how large they are, what is told in short. */
import type { ModelRequest } from '../vocabulary/model-request.ts'
import type { ToolSchema } from './action-schema.ts'
import { type ConversationMeasure, compactedTurns, tokensOf } from './compaction.ts'
import { type Prompt, type PromptOptions, promptParts, renderPrompt } from './prompt.ts'
import { charactersPerToken } from './tokens.ts'

/** Conversations that are remembered; the one that was silent longest is forgotten. */
const maxConversations = 256
/** What a provider counts is believed within these bounds. */
const fewestCharacters = 1
const mostCharacters = 8

interface Known extends ConversationMeasure {
  /** Characters of the prompt that was rendered last. */
  readonly characters: number
  /** Bound in tokens, smaller than the usual one after the provider refused the size. */
  readonly maxTokens: number
}

/** A prompt, and whether more of the conversation is told in short than before. */
export interface BookedPrompt {
  readonly prompt: Prompt
  readonly compaction?: { readonly turns: number; readonly tokensBefore: number }
}

export class ConversationBook {
  readonly #maxTokens: number
  readonly #known = new Map<string, Known>()

  /** @param maxTokens Tokens of a prompt above which older turns are told in short. */
  constructor(maxTokens: number) {
    this.#maxTokens = maxTokens
  }

  /** Renders the prompt of a turn within the bound. */
  render(
    request: ModelRequest,
    tools: readonly ToolSchema[],
    options: Omit<PromptOptions, 'compacted'>,
  ): BookedPrompt {
    const key = keyOf(request)
    const known = this.#known.get(key) ?? this.#unknown()
    const sizes = promptParts(request, tools, options)
    const compacted = compactedTurns(sizes, known, known.maxTokens)
    const prompt = renderPrompt(request, tools, { ...options, compacted })
    this.#remember(key, { ...known, compacted, characters: charactersOf(prompt) })
    if (compacted === known.compacted) return { prompt }
    const tokensBefore = tokensOf(sizes, known.compacted, known.charactersPerToken)
    return { prompt, compaction: { turns: compacted, tokensBefore } }
  }

  /** What the provider counted for the prompt that was rendered last. */
  measured(request: ModelRequest, inputTokens: number): void {
    const key = keyOf(request)
    const known = this.#known.get(key)
    if (known === undefined || !(inputTokens > 0)) return
    const ratio = known.characters / inputTokens
    const believed = Math.min(mostCharacters, Math.max(fewestCharacters, ratio))
    this.#remember(key, { ...known, charactersPerToken: believed })
  }

  /** The provider refused the prompt for its size: the next one has half of the room. */
  tooLarge(request: ModelRequest): void {
    const key = keyOf(request)
    const known = this.#known.get(key)
    if (known === undefined) return
    const tokens = known.characters / known.charactersPerToken
    this.#remember(key, { ...known, maxTokens: Math.min(known.maxTokens, tokens) / 2 })
  }

  #unknown(): Known {
    return { compacted: 0, charactersPerToken, characters: 0, maxTokens: this.#maxTokens }
  }

  #remember(key: string, known: Known): void {
    this.#known.delete(key)
    this.#known.set(key, known)
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size > maxConversations) this.#known.delete(oldest)
  }
}

/** Operators of one run have a conversation each; an answer beside it belongs to it. */
function keyOf(request: ModelRequest): string {
  if (request.agent === 'coordinator') return request.runId
  return request.conversation ?? `${request.runId} ${request.skill.id}`
}

function charactersOf({ system, messages }: Prompt): number {
  return messages.reduce((sum, { text }) => sum + text.length, system.length)
}
