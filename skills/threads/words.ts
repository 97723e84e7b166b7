import { relative } from 'node:path'
import type { StallKind } from '../vm-events/stall.ts'

/** What a worker does that does not come back, and what helps. */
const STUCK: Partial<Record<StallKind, readonly [cause: string, remedy: string]>> = {
  regex: [
    'a regular expression backtracks on this input (catastrophic backtracking)',
    'Rewrite the pattern so that no two repetitions can match the same text, or limit the length of the input before matching',
  ],
  json: [
    'it parses or serializes a very large JSON text in one go',
    'Limit the size of the payload, or stream it',
  ],
  sort: ['it sorts a very large array in one go', 'Keep the data sorted, or sort a page of it'],
  'infinite-loop?': [
    'it has not left this loop since then; the loop may never end',
    'Check the condition that ends the loop, and bound the number of rounds',
  ],
}
const OTHERWISE: readonly [string, string] = [
  'it computes without coming back, far longer than usual',
  'Check what this input makes it do, and bound the work of one task',
]

/** The cause in words, and the remedy. */
export function stuckWords(kind: StallKind): readonly [cause: string, remedy: string] {
  return STUCK[kind] ?? OTHERWISE
}

/** `worker thread 5 "resize" (src/worker.js)`. */
export function threadText(
  {
    threadId,
    entry,
    name,
  }: { readonly threadId: number; readonly entry: string; readonly name: string },
  root: string,
): string {
  const named = name === '' ? '' : ` "${name}"`
  return `worker thread ${threadId}${named} (${entryText(entry, root)})`
}

export function entryText(entry: string, root: string): string {
  const path = relative(root, entry)
  return !entry.startsWith('/') || path.startsWith('..') ? entry : path
}

/** `6 s`, `850 ms`, `3 min`. */
export function timeText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
}
