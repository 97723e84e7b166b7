/** A report: all insights of a run at once. */
import type { CoordinatorAction, InsightDraft } from '../vocabulary/coordinator-action.ts'
import type { ToolResult } from '../vocabulary/model-request.ts'
import type { CoordinatorEffect } from './coordinator-effect.ts'
import { withoutHeld } from './coordinator-insights.ts'
import { type Done, succeeded } from './coordinator-results.ts'
import type { CoordinatorRun } from './coordinator-run.ts'
import { type ImmediateAction, performAtOnce } from './coordinator-tools.ts'

/** What came of a report: the run after it, what its model is told, and what is to be done. */
export type Reported = readonly [CoordinatorRun, ToolResult, readonly CoordinatorEffect[]]

/** Publishes each insight that holds, and says which were sent back and why. */
export function reportInsights(
  run: CoordinatorRun,
  report: Extract<CoordinatorAction, { intent: 'report' }>,
  at: number,
): Reported {
  let current = run
  const effects: CoordinatorEffect[] = []
  const published: (string | undefined)[] = []
  const sentBack: { readonly insight: number; readonly why: string }[] = []
  for (const [index, draft] of report.insights.entries()) {
    const before = current.insights.length
    const action = { intent: 'produce_insight', ...withCause(draft, published) } as const
    const [next, result, more] = publish(current, action, at)
    current = next
    effects.push(...more)
    published.push(next.insights[before]?.id)
    if (!result.ok) sentBack.push({ insight: index + 1, why: result.error })
  }
  const ids = published.filter((id) => id !== undefined)
  if (sentBack.length === 0) return [current, succeeded(report, { published: ids }), effects]
  const error = sentBack.map(({ insight, why }) => `insight #${insight}: ${why}`).join('\n')
  const told = ids.length === 0 ? '' : `\npublished already: ${ids.join(', ')}`
  return [
    current,
    { type: 'result', intent: report.intent, ok: false, error: `${error}${told}` },
    effects,
  ]
}

/** Each draft is sent back for itself, and once: the second time what holds of it is published. */
function publish(run: CoordinatorRun, action: ImmediateAction, at: number): Done {
  const [next, result, effects] = performAtOnce(withoutHeld(run), action, at)
  if (result.ok || run.isMended !== true) return [next, result, effects]
  const [published, told, more] = performAtOnce(next, action, at)
  return [published, told, [...effects, ...more]]
}

/** `#2` is the second insight of this report; one that was not published causes nothing. */
function withCause(draft: InsightDraft, published: readonly (string | undefined)[]): InsightDraft {
  const { causedBy, ...rest } = draft
  const ordinal = /^#(\d+)$/.exec(causedBy ?? '')?.[1]
  if (ordinal === undefined) return draft
  const id = published[Number(ordinal) - 1]
  return id === undefined ? rest : { ...rest, causedBy: id }
}
