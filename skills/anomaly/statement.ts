import type { Deviation } from './deviation.ts'
import type { Metric } from './metric-source.ts'
import { agoText, changeText, clockText } from './words.ts'

/** Metrics that are named beside the leader: as many as fit into a sentence of an insight. */
const MOST_TOGETHER = 4

export type MetricOf = (id: string) => Metric | undefined

/**
 * What changed, as one statement: the leader with before and after and since when, then what moved with it in the
 * order in which it began. It says what was seen and nothing of why.
 */
export function statementOf(
  leader: Deviation,
  together: readonly Deviation[],
  metricOf: MetricOf,
  now: number,
): string {
  const metric = metricOf(leader.id)
  if (metric === undefined) return ''
  const usual =
    leader.against === 'days' ? 'Compared with the same hours of days before, ' : 'Anomaly: '
  const since = `since ${clockText(leader.since)} (${agoText(now - leader.since)} ago)`
  const first = `${usual}${changeText(leader, metric)} ${since}.`
  const others = orderOf(together, leader.id).flatMap((one) => {
    const other = metricOf(one.id)
    return other === undefined ? [] : [`${changeText(one, other)} (${clockText(one.since)})`]
  })
  return others.length === 0
    ? first
    : `${first} What moved with it, in the order in which it began: ${others.join('; ')}.`
}

/** Those with most evidence, by onset. */
function orderOf(together: readonly Deviation[], leaderId: string): Deviation[] {
  return together
    .filter(({ id }) => id !== leaderId)
    .toSorted((left, right) => right.score - left.score)
    .slice(0, MOST_TOGETHER)
    .sort((left, right) => left.since - right.since)
}
