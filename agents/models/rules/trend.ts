/**
 * How a number that is out of its bounds came there: the question that follows a symptom whose cause
 * nothing has shown. Pure.
 */
import { isJsonObject, type Json } from '../../vocabulary/json.ts'
import type { NotificationDraft } from '../../vocabulary/operator-action.ts'
import { sentence } from './findings.ts'
import { rounded } from './margins.ts'

/** How far back is looked. */
const windowSeconds = 600
/** Readings below which nothing is said of a trend. */
const fewReadings = 5
/** Below this share of the larger end a change is none. */
const steadyShare = 0.1
/** Numbers that are asked for at once. */
const mostMetrics = 4

/** Lua that asks for the history of the numbers of some drafts; numbers that are not kept are left out. */
export function trendScript(skill: string, drafts: readonly NotificationDraft[]): string {
  const wanted = [...new Set(drafts.flatMap(metricOf))].slice(0, mostMetrics)
  const list = wanted.map((metric) => JSON.stringify(`${skill}_${metric}`)).join(', ')
  return `local kept, rows = {}, {}
for _, row in ipairs(base_metrics({ prefix = ${JSON.stringify(`${skill}_`)}, limit = 300 })) do kept[row.metric] = true end
for _, metric in ipairs({ ${list} }) do
  if kept[metric] then rows[#rows + 1] = base_history({ metric = metric, windowSeconds = ${windowSeconds} }) end
end
return rows`
}

/** A draft with what the history says of its number, as evidence. */
export function withTrend(
  skill: string,
  draft: NotificationDraft,
  rows: readonly Json[],
): NotificationDraft {
  const [metric] = metricOf(draft)
  const row = rows.find((one) => isJsonObject(one) && one['metric'] === `${skill}_${metric}`)
  const trend = trendOf(row)
  if (metric === undefined || trend === undefined) return draft
  const { text, slopePerMinute } = trend
  const evidence = [
    ...(draft.evidence ?? []),
    { name: `${metric} trend`, value: text },
    { name: `${metric} per minute`, value: slopePerMinute },
  ]
  return { ...draft, context: sentence(`${draft.context} ${metric}: ${text}.`), evidence }
}

/** The number that a watch rule's draft is about stands first in its evidence. */
function metricOf({ evidence = [] }: NotificationDraft): string[] {
  const [first] = evidence
  return typeof first?.value === 'number' && /^[\w.]+$/.test(first.name) ? [first.name] : []
}

function trendOf(
  row: Json | undefined,
): { readonly text: string; readonly slopePerMinute: number } | undefined {
  if (!isJsonObject(row)) return undefined
  const { points, first, last, max, slopePerMinute, fromSecondsAgo } = row
  if (typeof points !== 'number' || points < fewReadings) return undefined
  if (typeof first !== 'number' || typeof last !== 'number') return undefined
  if (typeof slopePerMinute !== 'number' || typeof fromSecondsAgo !== 'number') return undefined
  const change = last - first
  const isSteady = Math.abs(change) <= steadyShare * Math.max(Math.abs(first), Math.abs(last))
  const way = isSteady ? 'steady' : change > 0 ? 'rising' : 'falling'
  const worst =
    typeof max === 'number' && max > Math.max(first, last) * (1 + steadyShare)
      ? `, at most ${rounded(max)} in between`
      : ''
  const span = `in the last ${Math.round(fromSecondsAgo)} s`
  const text = `${way}, from ${rounded(first)} to ${rounded(last)} ${span}${worst}`
  return { text, slopePerMinute }
}
