/**
 * Decides how much of a conversation is told in short. What counts is the size of the text that
 * would be sent now, in tokens as the provider has counted them so far, never what was spent.
 *
 * When the bound is passed, so many turns at once are told in short that half of the room is free
 * again. Until that is used up the beginning of the prompt stays as it is: a provider's cache holds,
 * and one overrun is one compaction. No model is asked for it.
 */

/** One message of a prompt. */
export interface Message {
  readonly role: 'user' | 'assistant'
  readonly text: string
}

/** Characters of what a prompt is made of. */
export interface PromptSizes {
  /** What is sent in any case: the system text, the task, the question. */
  readonly fixed: number
  /** Each turn, told in whole, oldest first. */
  readonly turns: readonly number[]
  /** The digest of the first `count` turns. */
  readonly digestOf: (count: number) => number
  /** An action and its result are not parted. */
  readonly mayPartAt: (count: number) => boolean
}

/** What is known of a conversation. */
export interface ConversationMeasure {
  /** Turns at its beginning that are told in short. */
  readonly compacted: number
  /** From the last answer of the provider; an estimate before. */
  readonly charactersPerToken: number
}

/** Turns at the end that are always told in whole. */
const keepLast = 6
/** Share of the bound that a compaction brings the conversation down to. */
const aimedShare = 0.5

/** How many turns are told in short now: as many as before while the conversation fits. */
export function compactedTurns(
  sizes: PromptSizes,
  measure: ConversationMeasure,
  maxTokens: number,
): number {
  const { compacted } = measure
  const tokens = (count: number): number => tokensOf(sizes, count, measure.charactersPerToken)
  if (tokens(compacted) <= maxTokens) return compacted
  let best = compacted
  for (let count = compacted + 1; count <= sizes.turns.length - keepLast; count++) {
    if (!sizes.mayPartAt(count)) continue
    best = count
    if (tokens(count) <= maxTokens * aimedShare) break
  }
  return best
}

/** Tokens of the prompt when the first `count` turns are told in short. */
export function tokensOf(sizes: PromptSizes, count: number, charactersPerToken: number): number {
  const digest = count === 0 ? 0 : sizes.digestOf(count)
  const rest = sizes.turns.slice(count).reduce((sum, characters) => sum + characters, 0)
  return Math.ceil((sizes.fixed + digest + rest) / charactersPerToken)
}
