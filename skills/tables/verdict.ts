/** Size of one collection at one moment. */
export interface SizePoint {
  readonly at: number
  readonly size: number
}

/** What the sizes over time say. */
type Verdict = 'leak' | 'evicting' | 'bounded' | 'warming' | 'stable' | 'unknown'

export interface Trend {
  readonly verdict: Verdict
  /** Signed: a shrinking collection has a negative growth. */
  readonly growthPerMinute: number
  readonly observedMs: number
}

export interface TrendInput {
  /** Oldest first. */
  readonly points: readonly SizePoint[]
  readonly oldestKept?: boolean | undefined
  readonly bound?: { readonly value: number } | undefined
}

/** Below this nothing is said of growth. */
const LEAST_MS = 1000
/** A collection whose growth slows down to this share of what it was is filling up, not leaking. */
const FLATTENING = 0.4
const FLATTENING_FROM_MS = 4000

/**
 * Judges growth: a leak only grows, keeps its oldest entry, and heeds no limit.
 *
 * A cache that warms up grows as well, but its oldest entry goes (evicting), or a limit beside it is
 * not reached yet (bounded), or it slows down (warming).
 */
export function judgeTrend({ points, oldestKept, bound }: TrendInput): Trend {
  const first = points[0]
  const last = points.at(-1)
  const observedMs = (last?.at ?? 0) - (first?.at ?? 0)
  if (first === undefined || last === undefined || observedMs < LEAST_MS) {
    return { verdict: 'unknown', growthPerMinute: 0, observedMs }
  }
  const grown = last.size - first.size
  const growthPerMinute = Math.round((grown * 60_000) / observedMs)
  const say = (verdict: Verdict): Trend => ({ verdict, growthPerMinute, observedMs })
  if (oldestKept === false) return say(grown > last.size * 0.05 ? 'evicting' : 'stable')
  if (grown < Math.max(2, last.size * 0.002)) return say('stable')
  if (bound !== undefined && last.size <= bound.value) return say('bounded')
  if (observedMs >= FLATTENING_FROM_MS && isFlattening(points, observedMs)) return say('warming')
  return say('leak')
}

/** Growth in the second half of the time is well below that in the first. */
function isFlattening(points: readonly SizePoint[], observedMs: number): boolean {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined) return false
  const half = first.at + observedMs / 2
  const middle = points.findLast((point) => point.at <= half) ?? first
  const early = (middle.size - first.size) / Math.max(middle.at - first.at, 1)
  const late = (last.size - middle.size) / Math.max(last.at - middle.at, 1)
  return early > 0 && late < early * FLATTENING
}
