/** Words by which an operator's summary is read by the coordinator: what stands behind them, to the end of it or to the next. */
export const nearestMark = 'nearest: '
export const unseenMark = 'Looked for and not seen: '
export const notKnownMark = 'Not known: '

/** What stands behind a mark; undefined if it is not there. */
export function behind(mark: string, summary: string | undefined): string | undefined {
  const at = summary?.indexOf(mark) ?? -1
  if (summary === undefined || at === -1) return undefined
  const rest = summary.slice(at + mark.length)
  const ends = [unseenMark, notKnownMark].map((next) => rest.indexOf(next)).filter((end) => end > 0)
  return rest.slice(0, Math.min(rest.length, ...ends)).replace(/[.\s]+$/, '')
}
