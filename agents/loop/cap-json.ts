import type { Json } from '../vocabulary/json.ts'

/** Characters of JSON that one tool's result may add to a conversation. */
export const maxResultCharacters = 32_000

/** Shortens a result that is too large for a conversation to a marked preview. */
export function capJson(value: Json): { readonly value: Json; readonly cutCharacters: number } {
  const text = JSON.stringify(value) ?? 'null'
  const cutCharacters = Math.max(0, text.length - maxResultCharacters)
  if (cutCharacters === 0) return { value, cutCharacters }
  return {
    value: { truncated: true, cutCharacters, preview: text.slice(0, maxResultCharacters) },
    cutCharacters,
  }
}
