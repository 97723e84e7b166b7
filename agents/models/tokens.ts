/**
 * Estimates tokens from characters. Measured with a public tokenizer: JSON about 2.6 characters a
 * token, log lines 3.0, prose 5.8; a prompt of ours is mostly JSON, so the estimate leans to too
 * many. It serves admission, and compaction until the provider has counted; what is booked is what
 * the provider reports.
 */
export const charactersPerToken = 3

/** Tokens of a text, rounded up. */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / charactersPerToken)
}
