/**
 * How an insight comes to be: checked, sent back once if something of it does not hold, then told,
 * or counted where the same has been told before.
 */
import { type CheckedInsight, checkInsight } from '../vocabulary/check-insight.ts'
import type { CoordinatorAction } from '../vocabulary/coordinator-action.ts'
import { type Insight, insightVersion, type KnownCause } from '../vocabulary/insight.ts'
import type { Json } from '../vocabulary/json.ts'
import { type Done, rejected, succeeded } from './coordinator-results.ts'
import type { CoordinatorEffect, CoordinatorRun, RepeatedCause } from './coordinator-run.ts'
import { isPartial, startedByItself, withStatus } from './coordinator-turns.ts'
import { causeOf, freshCauses, isWorse, occurrencesOf, sameCause } from './known-causes.ts'

type ProduceInsight = Extract<CoordinatorAction, { intent: 'produce_insight' }>

/**
 * Publishes an insight as far as the run's notifications bear it out. A draft that does not hold is
 * sent back with what is wrong; the next one is published in any case, and says what is unverified.
 */
export function produceInsight(run: CoordinatorRun, action: ProduceInsight, at: number): Done {
  const { intent: _, ...draft } = action
  const insightIds = run.insights.map(({ id }) => id)
  const checked = checkInsight(draft, run.notifications, insightIds)
  if (!checked.ok && run.held === undefined) {
    const back = `${checked.issues.join('; ')}. Nothing was published: send it again with that set right; what does not hold then is published as unverified.`
    return rejected({ ...run, held: checked.insight }, action, back)
  }
  const { insight, corrections } = checked
  const [next, value, effects] = publish(withoutHeld(run), insight, corrections, at)
  return [next, succeeded(action, value), effects]
}

/** The model has answered to what was sent back. */
export function withoutHeld(run: CoordinatorRun): CoordinatorRun {
  const { held: _, ...rest } = run
  return rest
}

/** A draft that was sent back and never came again, because the run ended: it is not lost. */
export function publishHeld(
  run: CoordinatorRun,
  at: number,
): readonly [CoordinatorRun, readonly CoordinatorEffect[]] {
  if (run.held === undefined) return [run, []]
  const [next, , effects] = publish(withoutHeld(run), run.held, [], at)
  return [next, effects]
}

function publish(
  run: CoordinatorRun,
  checked: CheckedInsight,
  corrections: readonly string[],
  at: number,
): readonly [CoordinatorRun, Json, readonly CoordinatorEffect[]] {
  const resolved = withStatus(run, checked.notificationIds, 'resolved')
  const own = run.insights.flatMap((one) => causeOf(one, run.notifications) ?? [])
  const inRun = sameCause(own, checked, run.notifications)
  if (inRun !== undefined && !isWorse(checked, inRun)) {
    return [resolved, { sameAs: inRun.insightId }, [repeated(inRun.insightId)]]
  }
  const before = sameCause(freshCauses(run.known, at), checked, run.notifications)
  if (before !== undefined && startedByItself(run) && !isWorse(checked, before)) {
    const { insightId } = before
    const occurrences = occurrencesOf(before) + 1
    const repeats = [...new Set([...(run.repeats ?? []), insightId])]
    return [{ ...resolved, repeats }, { sameAs: insightId, occurrences }, [repeated(insightId)]]
  }
  const insight = insightOf(run, checked, before, at)
  const { id, severity, summary, unverified = [] } = insight
  const notes = { corrections: [...corrections], unverified }
  const told = { insightId: id, severity, summary, ...notes, insight }
  return [
    { ...resolved, insights: [...run.insights, insight] },
    { id, corrections: [...corrections], ...(unverified.length === 0 ? {} : { unverified }) },
    [
      { type: 'insight', insight },
      { type: 'tell', event: 'insight-produced', data: told },
    ],
  ]
}

function insightOf(
  run: CoordinatorRun,
  checked: CheckedInsight,
  before: KnownCause | undefined,
  at: number,
): Insight {
  const repeat =
    before === undefined
      ? {}
      : { repeatOf: before.insightId, occurrences: occurrencesOf(before) + 1 }
  return {
    version: insightVersion,
    id: `${run.id}.i${run.insights.length + 1}`,
    runId: run.id,
    createdAt: new Date(at).toISOString(),
    ...checked,
    ...repeat,
    model: run.models.at(-1) ?? 'unknown',
    partial: isPartial(run),
  }
}

function repeated(insightId: string): CoordinatorEffect {
  return { type: 'tell', event: 'insight-repeated', data: { insightId } }
}

/**
 * Causes that other runs have told and that this run met again: those that its model told once
 * more, and those at whose place it saw the same and rightly said nothing.
 */
export function repeatsOf(run: CoordinatorRun, at: number): RepeatedCause[] {
  const known = freshCauses(run.known, at)
  const unsaid = run.notifications
    .filter(({ status, severity }) => status !== 'resolved' && severity !== 'info')
    .map((one) => sameCause(known, { ...one, notificationIds: [one.id] }, run.notifications))
  const ids = new Set([
    ...(run.repeats ?? []),
    ...(startedByItself(run) ? unsaid.flatMap((cause) => cause?.insightId ?? []) : []),
    ...run.insights.flatMap(({ repeatOf }) => repeatOf ?? []),
  ])
  return run.known.flatMap((cause) => {
    const { insightId, summary } = cause
    return ids.has(insightId) ? [{ insightId, summary, occurrences: occurrencesOf(cause) + 1 }] : []
  })
}
