/** What an operator that found nothing looked at: the numbers nearest to a bound, the faults not seen. Pure. */
import { atPath } from '../../../skills/index.ts'
import type { Snapshot } from '../../vocabulary/notification.ts'
import type { SkillDescription, WatchRule } from '../../vocabulary/skill-description.ts'

/** A number that is further from its bound than this share of it says nothing. */
const nearShare = 0.2
/** Numbers that are told. */
const mostMargins = 2

interface Margin {
  readonly metric: string
  /** 1: at the bound. */
  readonly nearness: number
  readonly text: string
}

/** `lagMs 20 (wrong above 50)`, the nearest to its bound first; only numbers within their bounds. */
export function marginsOf({ watch }: SkillDescription, { data }: Snapshot): string[] {
  const nearest = new Map<string, Margin>()
  for (const rule of watch) {
    const margin = marginOf(rule, atPath(data, rule.metric))
    const known = nearest.get(rule.metric)
    if (margin !== undefined && (known === undefined || margin.nearness > known.nearness))
      nearest.set(rule.metric, margin)
  }
  return [...nearest.values()]
    .filter(({ nearness }) => nearness >= nearShare)
    .sort((left, right) => right.nearness - left.nearness)
    .slice(0, mostMargins)
    .map(({ text }) => text)
}

function marginOf({ metric, above, below }: WatchRule, value: unknown): Margin | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  const now = `${metric} ${rounded(value)}`
  if (above !== undefined && above > 0 && value <= above)
    return { metric, nearness: value / above, text: `${now} (wrong above ${above})` }
  if (below !== undefined && value > 0 && value >= below)
    return { metric, nearness: below / value, text: `${now} (wrong below ${below})` }
  return undefined
}

/** Three digits that matter: `0.0123`, `12.3`, `1234`. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
