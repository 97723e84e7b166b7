/** A number that is read again and again. */
export interface Metric {
  /** Unique, as it stands in texts. */
  readonly id: string
  /** The skill that owns it. */
  readonly skill: string
  /** Its name in that skill: carries the unit. */
  readonly name: string
  /** A counter only grows, until it begins anew: it is learned as a rate. */
  readonly kind: 'gauge' | 'counter'
}

/** Where the metrics of all skills come from. */
export interface MetricSource {
  list(): readonly Metric[]
  /** The newest readings by id, of metrics that were read since the last call. */
  read(now: number): ReadonlyMap<string, number>
}
