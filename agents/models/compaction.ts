/**
 * Fits a conversation into a token bound. What counts is the size of the text that would be sent
 * now, not what was spent so far; nothing is asked of a model for it.
 *
 * First the results of old turns shrink to a line, oldest first; if that is not enough, old turns
 * go away and one message says how many. The first message (the task) and the newest ones stay.
 */
import { estimateTokens } from './tokens.ts'

/** One message of a prompt. `short` is what may stand for it when it is old. */
export interface Message {
  readonly role: 'user' | 'assistant'
  readonly text: string
  readonly short?: string
}

/** @param keepLast Messages at the end that are never touched. Default 6. */
export function compact(
  messages: readonly Message[],
  { maxTokens, keepLast = 6 }: { readonly maxTokens: number; readonly keepLast?: number },
): readonly Message[] {
  if (sizeOf(messages) <= maxTokens) return messages
  const [first, ...rest] = messages
  if (first === undefined || rest.length <= keepLast) return messages
  const old = rest.slice(0, rest.length - keepLast)
  const newest = rest.slice(rest.length - keepLast)
  const shrunk = shrink(old, sizeOf(messages) - maxTokens)
  const kept = [first, ...shrunk, ...newest]
  return sizeOf(kept) <= maxTokens ? kept : forget({ first, old: shrunk, newest }, maxTokens)
}

/** Tokens of a conversation, estimated. */
export function sizeOf(messages: readonly Message[]): number {
  return estimateTokens(messages.reduce((sum, { text }) => sum + text.length, 0))
}

function shrink(messages: readonly Message[], excessTokens: number): Message[] {
  let excess = excessTokens
  return messages.map((message) => {
    const { role, text, short } = message
    if (excess <= 0 || short === undefined || short.length >= text.length) return message
    excess -= estimateTokens(text.length - short.length)
    return { role, text: short }
  })
}

function forget(
  parts: {
    readonly first: Message
    readonly old: readonly Message[]
    readonly newest: readonly Message[]
  },
  maxTokens: number,
): readonly Message[] {
  const { first, old, newest } = parts
  for (let gone = 1; gone <= old.length; gone++) {
    const note: Message = {
      role: 'user',
      text: `[${gone} older messages were left out to save space. Snapshots and notifications can be read again with the tools.]`,
    }
    const kept = [first, note, ...old.slice(gone), ...newest]
    if (gone === old.length || sizeOf(kept) <= maxTokens) return kept
  }
  return [first, ...newest]
}
