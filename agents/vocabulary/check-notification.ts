/** Holds a notification against what its operator really saw, before it is sent. */
import { numbersIn, partEvidence } from './facts.ts'
import type { Json } from './json.ts'
import type { Snapshot } from './notification.ts'
import type { NotificationDraft } from './operator-action.ts'

/** `corrections` says what was cut, for the journal. */
export type NotificationCheck =
  | {
      readonly ok: true
      readonly draft: NotificationDraft
      readonly corrections: readonly string[]
    }
  | { readonly ok: false; readonly issues: readonly string[] }

/**
 * Checks that every snapshot id exists and that numbers given as evidence stand in a snapshot or
 * in a result of this run (to 1 %). Unknown ids refuse the draft; unfounded numbers are dropped.
 *
 * @param results Values that `execute` returned in this run.
 */
export function checkNotification(
  draft: NotificationDraft,
  known: { readonly snapshots: readonly Snapshot[]; readonly results: readonly Json[] },
): NotificationCheck {
  const ids = known.snapshots.map((snapshot) => snapshot.id)
  const unknown = draft.snapshotIds.filter((id) => !ids.includes(id))
  if (unknown.length > 0) return { ok: false, issues: [unknownIds(unknown, ids)] }
  if (draft.evidence === undefined) return { ok: true, draft, corrections: [] }
  const numbers = numbersIn([...known.snapshots.map((snapshot) => snapshot.data), ...known.results])
  const { standing, unfounded } = partEvidence(draft.evidence, numbers)
  return {
    ok: true,
    draft: { ...draft, evidence: standing },
    corrections: unfounded.map(
      (item) => `evidence: ${item.name} = ${String(item.value)} was never measured and was dropped`,
    ),
  }
}

function unknownIds(unknown: readonly string[], ids: readonly string[]): string {
  const choice = ids.length === 0 ? 'take a snapshot first' : `known are ${ids.join(', ')}`
  return `snapshotIds: no snapshot ${unknown.join(', ')} in this run; ${choice}`
}
