/**
 * Groups notifications by cause. Pure.
 *
 * Notifications of one place in the source are one cluster; so are those of one operator and type
 * that name no place. A cluster whose notifications declare that they explain another's type is its
 * cause; explanations chain, and a circle is cut at its weakest link. What has neither a place nor
 * an idea of its cause is a bare symptom: such symptoms are never made into causes of their own.
 */
import { worstSeverity } from '../../vocabulary/check-insight.ts'
import { confidenceRank, severityRank } from '../../vocabulary/fields.ts'
import type { NotificationView } from '../../vocabulary/notification.ts'

/** Notifications that speak of one thing. */
export interface Cluster {
  /** The strongest of them: it tells the story. */
  readonly lead: NotificationView
  readonly members: readonly NotificationView[]
}

/** One cause with what it brings about. */
export interface Cause {
  readonly cluster: Cluster
  /** Consequences without a place of their own: part of the cause's insight. */
  readonly folded: readonly Cluster[]
  /** Consequences with a place of their own: an insight each, marked `causedBy`. */
  readonly marked: readonly Cluster[]
}

export interface Correlation {
  /** Strongest first. */
  readonly causes: readonly Cause[]
  /** Warnings that were seen and that nothing explains: neither place nor hypothesis. */
  readonly symptoms: readonly Cluster[]
  /** `info` only: worth knowing, no reason for an insight. */
  readonly remarks: readonly Cluster[]
}

/** Groups the notifications of a run. */
export function correlate(notifications: readonly NotificationView[]): Correlation {
  const clusters = clustersOf(notifications)
  const parents = parentsOf(clusters)
  const roots = clusters.filter((cluster) => !parents.has(cluster))
  const groups = roots.map((cluster) => {
    const below = clusters.filter(
      (other) => other !== cluster && rootOf(other, parents) === cluster,
    )
    return { cluster, below }
  })
  const loud = groups.filter(({ cluster, below }) => isLoud([cluster, ...below]))
  const bare = loud.filter(({ cluster, below }) => isBare(cluster) && below.length === 0)
  return {
    causes: loud
      .filter((group) => !bare.includes(group))
      .map(({ cluster, below }) => ({
        cluster,
        folded: below.filter((other) => !isOwnStory(other)),
        marked: below.filter(isOwnStory),
      })),
    symptoms: bare.map(({ cluster }) => cluster),
    remarks: groups
      .filter((group) => !loud.includes(group))
      .flatMap(({ cluster, below }) => [cluster, ...below]),
  }
}

/** All notifications of clusters. */
export function membersOf(clusters: readonly Cluster[]): NotificationView[] {
  return clusters.flatMap((cluster) => cluster.members)
}

function isLoud(clusters: readonly Cluster[]): boolean {
  return worstSeverity(membersOf(clusters)) !== 'info'
}

function isBare({ lead }: Cluster): boolean {
  return (
    lead.location === undefined && lead.hypothesis === undefined && lead.severity !== 'critical'
  )
}

/** A consequence that happens at a place of its own and is worth a warning. */
function isOwnStory({ lead }: Cluster): boolean {
  return lead.location !== undefined && lead.severity !== 'info'
}

function clustersOf(notifications: readonly NotificationView[]): Cluster[] {
  const byKey = new Map<string, NotificationView[]>()
  for (const notification of notifications) {
    const key = keyOf(notification)
    byKey.set(key, [...(byKey.get(key) ?? []), notification])
  }
  const clusters = [...byKey.values()].flatMap((members): Cluster[] => {
    const sorted = members.toSorted(byStrength)
    const [lead] = sorted
    return lead === undefined ? [] : [{ lead, members: sorted }]
  })
  return clusters.toSorted((left, right) => byStrength(left.lead, right.lead))
}

/** Same function of the same file: same place, whichever line was caught. */
function keyOf({ location, operator, type }: NotificationView): string {
  return location === undefined
    ? `by ${operator} ${type}`
    : `at ${location.file} ${location.function === '(anonymous)' ? location.line : location.function}`
}

/** Strongest first: severity, place, confidence, hypothesis, explains more, seen earlier. */
function byStrength(left: NotificationView, right: NotificationView): number {
  const [first, second] = [strengthOf(left), strengthOf(right)]
  const difference = first.findIndex((value, index) => value !== second[index])
  if (difference !== -1) return (second[difference] ?? 0) - (first[difference] ?? 0)
  return left.detectedAt.localeCompare(right.detectedAt) || left.id.localeCompare(right.id)
}

/** What decides between two, the weightiest first. */
export function strengthOf(notification: NotificationView): number[] {
  const { severity, location, confidence, hypothesis, explains } = notification
  return [
    severityRank(severity),
    location === undefined ? 0 : 1,
    confidence === undefined ? -1 : confidenceRank(confidence),
    hypothesis === undefined ? 0 : 1,
    explains?.length ?? 0,
  ]
}

/** The cluster that explains each, if any does. Weakest first, so that of a circle the strongest stays a root. */
function parentsOf(clusters: readonly Cluster[]): ReadonlyMap<Cluster, Cluster> {
  const parents = new Map<Cluster, Cluster>()
  for (const cluster of clusters.toReversed()) {
    const explaining = clusters.filter((other) => other !== cluster && explains(other, cluster))
    // one that is itself a consequence of this cluster would close the circle
    const parent = explaining.find((other) => rootOf(other, parents) !== cluster)
    if (parent !== undefined) parents.set(cluster, parent)
  }
  return parents
}

/** Whether a cluster says that it brings about what another tells. */
export function explains(cause: Cluster, effect: Cluster): boolean {
  return (
    cause.lead.type !== effect.lead.type &&
    cause.members.some((member) => member.explains?.includes(effect.lead.type))
  )
}

function rootOf(cluster: Cluster, parents: ReadonlyMap<Cluster, Cluster>): Cluster {
  let root = cluster
  for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root))
    root = parent
  return root
}
