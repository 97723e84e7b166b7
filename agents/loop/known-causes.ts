/** What runs have found lately: a symptom that it explains is no news to the next run. */
import type { Insight, KnownCause } from '../vocabulary/insight.ts'
import type { Notification } from '../vocabulary/notification.ts'

/** Milliseconds for which a cause explains what other runs see. */
export const knownForMs = 5 * 60_000
/** The oldest are forgotten first. */
const maxKnown = 20

/** The cause in an insight; only one with a place counts, and only if it explains anything. */
export function causeOf(
  insight: Insight,
  notifications: readonly Pick<Notification, 'id' | 'explains'>[],
): KnownCause | undefined {
  const { id: insightId, summary, location, notificationIds, createdAt } = insight
  const own = notifications.filter(({ id }) => notificationIds.includes(id))
  const explains = [...new Set(own.flatMap((one) => one.explains ?? []))]
  if (location === undefined || explains.length === 0) return undefined
  return { insightId, summary, toldAt: Date.parse(createdAt), explains }
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
