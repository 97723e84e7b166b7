import * as v from 'valibot'
import { type BuiltInCallback, builtInCallback, countInput } from '../built-in-skill.ts'
import { SkillFailure } from '../failure.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import type { HistoryReader } from './history.ts'
import type { HistorySummary } from './summary.ts'

/** Six hours. */
const MAX_SECONDS = 21_600

/** The history's callbacks, which every operator has. */
export function historyCallbacks(history: HistoryReader): Record<string, BuiltInCallback> {
  const prefix = v.optional(v.pipe(v.string(), v.maxLength(100)), '')
  return {
    base_metrics: builtInCallback({
      doc: "Numbers that are kept over time, of all skills, by name (units are in the names, the skill's id comes first): metric, last, sinceSeconds. { prefix = '' (such as 'vm_'), limit = 100 }",
      input: v.strictObject({ prefix, limit: countInput(1, 300, 100) }),
      run: (input) => metricRows(history, input.prefix, epochMs()).slice(0, input.limit),
    }),
    base_history: builtInCallback({
      doc: "How one number of base_metrics was over time, of any skill: points (readings; 0: none in that time, the other fields are then null), first, last, min, max, mean, p50, p95, slopePerMinute, fromSecondsAgo, toSecondsAgo, resolution ('readings' for the last ten minutes; 'minutes' beyond: p50 and p95 are close then). To compare with before, ask again with agoSeconds. { metric, windowSeconds = 300 (at most 21600), agoSeconds = 0 }",
      input: v.strictObject({
        metric: v.pipe(v.string(), v.maxLength(200)),
        windowSeconds: countInput(1, MAX_SECONDS, 300),
        agoSeconds: countInput(0, MAX_SECONDS, 0),
      }),
      run: (input) => {
        const { metric, windowSeconds, agoSeconds } = input
        checkKnown(history, metric)
        const now = epochMs()
        const to = now - agoSeconds * 1000
        const summary = history.query(metric, to - windowSeconds * 1000, to)
        return { metric, windowSeconds, agoSeconds, ...summaryRow(summary, now) }
      },
    }),
  }
}

function metricRows(history: HistoryReader, prefix: string, now: number): JsonRecord[] {
  return history
    .ids()
    .filter((id) => id.startsWith(prefix))
    .toSorted()
    .map((metric) => ({
      metric,
      last: short(history.last(metric)?.value ?? Number.NaN),
      sinceSeconds: Math.round((now - (history.since(metric) ?? now)) / 1000),
    }))
}

/** A name that nobody knows is a mistake, not an empty answer. */
function checkKnown(history: HistoryReader, metric: string): void {
  const ids = history.ids()
  if (ids.includes(metric)) return
  const [skill = ''] = metric.split('_')
  const alike = ids.filter((id) => id.startsWith(skill))
  const shown = (alike.length > 0 ? alike : ids).slice(0, 40).join(', ')
  throw new SkillFailure(
    'bad_input',
    `metric: nothing is kept under '${metric}'; expected a name of base_metrics, such as ${shown || '(none yet: the process has just started)'}`,
  )
}

const NOTHING: JsonRecord = {
  points: 0,
  first: null,
  last: null,
  min: null,
  max: null,
  mean: null,
  p50: null,
  p95: null,
  slopePerMinute: null,
}

function summaryRow(summary: HistorySummary | undefined, now: number): JsonRecord {
  if (summary === undefined) return NOTHING
  const { from, to, points, resolution, ...numbers } = summary
  return {
    points,
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, short(value)])),
    fromSecondsAgo: Math.round((now - from) / 1000),
    toSecondsAgo: Math.round((now - to) / 1000),
    resolution,
  }
}

/** Six digits: what a 32-bit number holds, without the rest that its conversion adds. */
function short(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null
}
