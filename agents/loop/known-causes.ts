/** What runs have found lately: neither it nor a symptom that it explains is news to the next run. */
import { severityRank } from '../vocabulary/fields.ts'
import type { Insight, KnownCause } from '../vocabulary/insight.ts'
import type { Notification } from '../vocabulary/notification.ts'

/** Milliseconds for which a cause explains what other runs see. */
export const knownForMs = 5 * 60_000
/** The oldest are forgotten first. */
const maxKnown = 20

type Told = Pick<Insight, 'severity' | 'location' | 'notificationIds'>
type Seen = Pick<Notification, 'id' | 'type'>

/** The cause in an insight; only one with a place counts. It bears the id of who told it first. */
export function causeOf(
  insight: Insight,
  notifications: readonly Pick<Notification, 'id' | 'type' | 'explains'>[],
): KnownCause | undefined {
  const { summary, severity, location, notificationIds, createdAt, occurrences } = insight
  const own = notifications.filter(({ id }) => notificationIds.includes(id))
  if (location === undefined) return undefined
  return {
    insightId: insight.repeatOf ?? insight.id,
    summary,
    severity,
    toldAt: Date.parse(createdAt),
    location,
    types: [...new Set(own.map(({ type }) => type))],
    explains: [...new Set(own.flatMap((one) => one.explains ?? []))],
    ...(occurrences === undefined ? {} : { occurrences }),
  }
}

/** Adds a cause, and forgets what is too old or too much. */
export function rememberCause(
  known: readonly KnownCause[],
  cause: KnownCause,
): readonly KnownCause[] {
  const others = known.filter(({ insightId }) => insightId !== cause.insightId)
  return [...freshCauses(others, cause.toldAt), cause].slice(-maxKnown)
}

/** Those that still explain something at a time, epoch milliseconds. */
export function freshCauses(known: readonly KnownCause[], at: number): readonly KnownCause[] {
  return known.filter(({ toldAt }) => at - toldAt < knownForMs)
}

/** The newest cause at the same place that is of the same kind: the same incident once more. */
export function sameCause(
  known: readonly KnownCause[],
  { location, notificationIds }: Told,
  notifications: readonly Seen[],
): KnownCause | undefined {
  const types = notifications
    .filter(({ id }) => notificationIds.includes(id))
    .map(({ type }) => type)
  return known.findLast(
    (cause) =>
      cause.types.some((type) => types.includes(type)) &&
      cause.location.file === location?.file &&
      cause.location.function === location.function &&
      (location.function !== '(anonymous)' || cause.location.line === location.line),
  )
}

/** How often a cause has been met. */
export function occurrencesOf({ occurrences = 1 }: KnownCause): number {
  return occurrences
}

/** Told with a higher severity than before: news, whatever was told. */
export function isWorse({ severity }: Pick<Told, 'severity'>, cause: KnownCause): boolean {
  return severityRank(severity) > severityRank(cause.severity)
}
