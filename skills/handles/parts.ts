import type { SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import type { Rise } from '../series.ts'
import { type Place, placeOfStack, placeText } from '../source/place.ts'
import type { HandleWatch } from './watch.ts'

/** What the rows of this skill are made from. */
export interface HandleParts {
  readonly context: SkillContext
  readonly watch: HandleWatch
}

export function placeIn({ context }: HandleParts, stack: string): Place | undefined {
  return placeOfStack(stack, context.files, context.ownFolders)
}

/** Columns that say where. */
export interface PlaceColumns extends JsonRecord {
  readonly where: string
}

/** Columns that every row with a place has. */
export function placeColumns({ context }: HandleParts, place: Place | undefined): PlaceColumns {
  return {
    location: place === undefined ? null : { ...place.location },
    where:
      place === undefined ? 'code that could not be seen' : placeText(place.location, context.root),
    sourceLine: place?.sourceLine ?? null,
    stack: place?.frames ?? [],
  }
}

/** `from 12 to 230 in 8 s`. */
export function riseText({ from, to, overMs }: Rise): string {
  const time =
    overMs < 120_000 ? `${Math.round(overMs / 1000)} s` : `${Math.round(overMs / 60_000)} min`
  return `from ${from} to ${to} in ${time}`
}

export function perMinute({ from, to, overMs }: Rise): number {
  return Math.round(((to - from) * 60_000) / Math.max(overMs, 1))
}
