/** How the detector works. */
export interface AnomalyOptions {
  /** One reading of each metric in so much time: the median of what was read in it. Default 10 000 ms. */
  readonly intervalMs: number
  /** So much must be known of a metric before it is judged. Default 300 000 ms. */
  readonly learnMs: number
  /** After a start nothing is learned or judged for so long: caches are cold, code is not compiled yet. Default 120 000 ms. */
  readonly warmUpMs: number
  /** What is known of a metric has half its weight after so long. Default 3 600 000 ms. */
  readonly halfLifeMs: number
  /** Until a metric has been known for so long only large changes count. Default 172 800 000 ms: two days, when the time of day is known. */
  readonly matureMs: number
  /** After a trigger there is no other for so long. Default 900 000 ms, as in beamlens. */
  readonly cooldownMs: number
  /** Default 3, as in beamlens. */
  readonly maxTriggersPerHour: number
  /**
   * Readings during which main waited for a CPU for more than this share of its time awake speak of the machine, and
   * are left out. Default 60 %; 100: none is.
   */
  readonly starvedPct: number
}

export const DEFAULT_OPTIONS: AnomalyOptions = {
  intervalMs: 10_000,
  learnMs: 300_000,
  warmUpMs: 120_000,
  halfLifeMs: 3_600_000,
  matureMs: 172_800_000,
  cooldownMs: 900_000,
  maxTriggersPerHour: 3,
  starvedPct: 60,
}

/** Metrics learned at most; what comes beyond is told of once. */
export const MOST_METRICS = 300
