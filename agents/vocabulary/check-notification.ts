/** Holds a notification against what its operator really saw, before it is sent. */
import { numbersIn, partEvidence, unfoundedQuantities } from './facts.ts'
import type { Location } from './fields.ts'
import type { Json } from './json.ts'
import type { Snapshot } from './notification.ts'
import type { NotificationDraft } from './operator-action.ts'

/**
 * `corrections` says what was cut, for the journal. `unverified` says what stands nowhere and was
 * left as it is: the notification carries it, and every insight that rests on it.
 */
export type NotificationCheck =
  | {
      readonly ok: true
      readonly draft: NotificationDraft
      readonly corrections: readonly string[]
      readonly unverified: readonly string[]
    }
  | { readonly ok: false; readonly issues: readonly string[] }

/** What the operator saw. `results` are the values that `execute` returned in this run. */
export interface Seen {
  readonly snapshots: readonly Snapshot[]
  readonly results: readonly Json[]
}

/**
 * Checks that every snapshot id exists and that numbers given as evidence stand in a snapshot or
 * in a result of this run (to 1 %). Unknown ids refuse the draft; unfounded numbers are dropped.
 *
 * @param isFreeText A language model wrote it: the quantities of its observation and its place must
 * stand there too. What `rules` say is filled from the data itself, with the constants of a skill.
 */
export function checkNotification(
  draft: NotificationDraft,
  seen: Seen,
  { isFreeText = false }: { readonly isFreeText?: boolean } = {},
): NotificationCheck {
  const ids = seen.snapshots.map((snapshot) => snapshot.id)
  const unknown = draft.snapshotIds.filter((id) => !ids.includes(id))
  if (unknown.length > 0) return { ok: false, issues: [unknownIds(unknown, ids)] }
  const data = [...seen.snapshots.map((snapshot) => snapshot.data), ...seen.results]
  const numbers = numbersIn(data)
  const { standing, unfounded } = partEvidence(draft.evidence ?? [], numbers)
  const checked = draft.evidence === undefined ? draft : { ...draft, evidence: standing }
  const corrections = unfounded.map(
    (item) => `evidence: ${item.name} = ${String(item.value)} was never measured and was dropped`,
  )
  const unverified = isFreeText ? unfoundedIn(draft, data, numbers) : []
  return { ok: true, draft: checked, corrections, unverified }
}

function unfoundedIn(
  { observation, location }: NotificationDraft,
  data: readonly Json[],
  numbers: ReadonlySet<number>,
): string[] {
  const invented = unfoundedQuantities(observation, numbers, [location?.line]).slice(0, 5)
  const issues = invented.map(
    (quantity) => `observation: ${quantity} stands in no snapshot and no result of this run`,
  )
  if (location === undefined || isNamed(location, data)) return issues
  const place = `${location.file}:${location.line}`
  return [...issues, `location: no snapshot and no result of this run names ${place}`]
}

function isNamed({ file, line }: Location, data: readonly Json[]): boolean {
  const text = JSON.stringify(data)
  return text.includes(JSON.stringify(file).slice(1, -1)) && text.includes(String(line))
}

function unknownIds(unknown: readonly string[], ids: readonly string[]): string {
  const choice = ids.length === 0 ? 'take a snapshot first' : `known are ${ids.join(', ')}`
  return `snapshotIds: no snapshot ${unknown.join(', ')} in this run; ${choice}`
}
