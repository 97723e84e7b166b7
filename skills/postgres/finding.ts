import type { JsonRecord } from '../json.ts'
import type { Book } from './book.ts'
import type { History } from './history.ts'
import type { Place, PlaceContext } from './place.ts'
import type { Trouble } from './trouble.ts'
import type { Words } from './words.ts'

/** What a finding is about. */
export const FINDING_KINDS = [
  'not_released',
  'open_transaction',
  'held',
  'exhausted',
  'slow_query',
  'lock',
  'n_plus_one',
  'not_ended',
  'errors',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

/** What a finding is made from, besides the trouble. */
export interface World {
  readonly book: Book
  readonly history: History
  readonly context: PlaceContext
}

export const UNKNOWN_PLACE = 'an unknown place'

export function findingOf(
  kind: FindingKind,
  trouble: Trouble,
  place: Place | undefined,
  words: Words,
  evidence: JsonRecord,
): JsonRecord {
  return {
    kind,
    severity: trouble.severity,
    ...words,
    location: place === undefined ? null : { ...place.location },
    via: place?.via ?? null,
    overMs: trouble.overMs,
    stack: place?.stack ?? [],
    ...evidence,
  }
}
