/** Weighs causes against each other: which others could explain the same, and why they stand behind. Pure. */
import { type Cause, type Cluster, type Correlation, explains, strengthOf } from './correlate.ts'

/** What the place in the list of strength means, in words; as `strengthOf` orders it. */
const reasons = [
  'it is less severe',
  'no place was seen for it',
  'it is less sure',
  'nothing says what is behind it',
  'it explains less',
]

/** A cause that stands behind another. */
export interface Rival {
  readonly cluster: Cluster
  readonly reason: string
}

/** Causes that explain something of what a cause explains, and are weaker. */
export function rivalsOf({ causes }: Correlation, cause: Cause): Rival[] {
  const effects = [...cause.folded, ...cause.marked]
  const behind = causes.slice(causes.indexOf(cause) + 1)
  return behind
    .filter(({ cluster }) => effects.some((effect) => explains(cluster, effect)))
    .map(({ cluster }) => ({ cluster, reason: reasonFor(cause.cluster, cluster) }))
}

function reasonFor(strong: Cluster, weak: Cluster): string {
  const [first, second] = [strengthOf(strong.lead), strengthOf(weak.lead)]
  const at = first.findIndex((value, index) => value !== second[index])
  return reasons[at] ?? 'it was seen later'
}
