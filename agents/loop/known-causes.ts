/** What runs have found lately: neither it nor a symptom that it explains is news to the next run. */
import type { Insight, KnownCause } from '../vocabulary/insight.ts'
import type { Notification } from '../vocabulary/notification.ts'

/** Milliseconds for which a cause explains what other runs see. */
export const knownForMs = 5 * 60_000
/** The oldest are forgotten first. */
const maxKnown = 20

/** The cause in an insight; only one with a place counts. */
export function causeOf(
  insight: Insight,
  notifications: readonly Pick<Notification, 'id' | 'type' | 'explains'>[],
): KnownCause | undefined {
  const { id: insightId, summary, severity, location, notificationIds, createdAt } = insight
  const own = notifications.filter(({ id }) => notificationIds.includes(id))
  if (location === undefined) return undefined
  const types = [...new Set(own.map(({ type }) => type))]
  const explains = [...new Set(own.flatMap((one) => one.explains ?? []))]
  return { insightId, summary, severity, toldAt: Date.parse(createdAt), location, types, explains }
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
