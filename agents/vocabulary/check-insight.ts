/**
 * Holds an insight against what is known before it is published.
 *
 * What still tells the truth after a cut is cut (an invented id among real ones, a claim of being
 * grounded that is not); where nothing true would remain, the draft is refused with issues that
 * tell the model what to do.
 */
import { bounds } from './bounds.ts'
import type { InsightDraft } from './coordinator-action.ts'
import { foldSpace, numbersIn, partEvidence } from './facts.ts'
import { type Evidence, type Location, type Severity, severityRank } from './fields.ts'
import type { Json } from './json.ts'
import type { Notification } from './notification.ts'

/** A notification, with or without its snapshots' data. */
export type CitedNotification = Omit<Notification, 'snapshots'> &
  Partial<Pick<Notification, 'snapshots'>>

/** A draft that holds, with all that could be derived filled in. */
export type CheckedInsight = InsightDraft & {
  readonly severity: Severity
  readonly evidence: Evidence[]
}

/** `corrections` says what was cut or changed, for the journal. */
export type InsightCheck =
  | { readonly ok: true; readonly insight: CheckedInsight; readonly corrections: readonly string[] }
  | { readonly ok: false; readonly issues: readonly string[] }

/**
 * Checks a draft against the notifications of its run.
 *
 * - `notificationIds`: unknown ids are dropped; with none left the draft is refused.
 * - `matchedObservations`: must be verbatim parts of an observation or context of the cited
 *   notifications (white space aside); others are dropped; with none left the draft is refused.
 * - `evidence`: numbers must stand in the cited notifications or their snapshots (to 1 %);
 *   absent evidence is taken from the notifications.
 * - `hypothesisGrounded`: stays true only with a hypothesis and two operators or one measurement.
 * - `confidence`: `high` needs a grounded hypothesis.
 * - `location`: must be a place that a cited notification names; another is replaced or dropped.
 * - `causedBy`: must be an insight of this run, else the draft is refused.
 *
 * @param insightIds Ids of the insights already produced in this run.
 */
export function checkInsight(
  draft: InsightDraft,
  notifications: readonly CitedNotification[],
  insightIds: readonly string[] = [],
): InsightCheck {
  const corrections: string[] = []
  const cited = citedBy(draft, notifications, corrections)
  const quotes = verbatim(draft.matchedObservations, cited, corrections)
  const issues = issuesOf(draft, { cited, quotes, notifications, insightIds })
  if (issues.length > 0) return { ok: false, issues }
  const evidence = evidenceOf(draft, cited, corrections)
  const grounded = draft.hypothesisGrounded && isGrounded(draft, cited, evidence)
  if (draft.hypothesisGrounded && !grounded)
    corrections.push(
      'hypothesisGrounded: false, as neither two operators nor a measurement support it',
    )
  const capped = draft.confidence === 'high' && !grounded
  if (capped) corrections.push('confidence: medium, as the hypothesis is not grounded')
  const { location: _, ...rest } = draft
  const location = locationOf(draft, cited, corrections)
  return {
    ok: true,
    corrections,
    insight: {
      ...rest,
      ...(location === undefined ? {} : { location }),
      notificationIds: cited.map((notification) => notification.id),
      matchedObservations: quotes,
      hypothesisGrounded: grounded,
      confidence: capped ? 'medium' : draft.confidence,
      severity: draft.severity ?? worstSeverity(cited),
      evidence,
    },
  }
}

/** Tells whether two operators or a measurement support a hypothesis. Pure; used by `rules` too. */
export function isGrounded(
  draft: Pick<InsightDraft, 'rootCauseHypothesis'>,
  cited: readonly CitedNotification[],
  evidence: readonly Evidence[],
): boolean {
  if (draft.rootCauseHypothesis === undefined) return false
  const operators = new Set(cited.map((notification) => notification.operator))
  return operators.size >= 2 || evidence.some((item) => typeof item.value === 'number')
}

/** The worst severity among notifications; `info` for none. */
export function worstSeverity(notifications: readonly { readonly severity: Severity }[]): Severity {
  return notifications.reduce<Severity>(
    (worst, { severity }) => (severityRank(severity) > severityRank(worst) ? severity : worst),
    'info',
  )
}

function citedBy(
  draft: InsightDraft,
  notifications: readonly CitedNotification[],
  corrections: string[],
): CitedNotification[] {
  const wanted = new Set(draft.notificationIds)
  const cited = notifications.filter((notification) => wanted.has(notification.id))
  for (const { id } of cited) wanted.delete(id)
  if (wanted.size > 0)
    corrections.push(`notificationIds: unknown ${[...wanted].join(', ')} dropped`)
  return cited
}

function verbatim(
  quotes: readonly string[],
  cited: readonly CitedNotification[],
  corrections: string[],
): string[] {
  const sources = cited.map((one) => foldSpace(`${one.observation}\n${one.context}`))
  const kept = new Set<string>()
  for (const quote of quotes.map(foldSpace)) {
    if (quote !== '' && sources.some((source) => source.includes(quote))) kept.add(quote)
    else
      corrections.push(`matchedObservations: "${quote.slice(0, 80)}" is no quote and was dropped`)
  }
  return [...kept]
}

function issuesOf(
  draft: InsightDraft,
  known: {
    readonly cited: readonly CitedNotification[]
    readonly quotes: readonly string[]
    readonly notifications: readonly CitedNotification[]
    readonly insightIds: readonly string[]
  },
): string[] {
  const issues: string[] = []
  if (known.cited.length === 0)
    issues.push(
      `notificationIds: none of them exists; ${listed(known.notifications.map(({ id }) => id))}`,
    )
  else if (known.quotes.length === 0)
    issues.push(
      'matchedObservations: none is a word-for-word part of an observation of the cited notifications; copy the text of the observation',
    )
  if (draft.causedBy !== undefined && !known.insightIds.includes(draft.causedBy))
    issues.push(`causedBy: no insight "${draft.causedBy}" in this run; ${listed(known.insightIds)}`)
  return issues
}

function listed(ids: readonly string[]): string {
  return ids.length === 0
    ? 'there are none yet'
    : `known are ${ids.slice(0, bounds.ids).join(', ')}`
}

function evidenceOf(
  draft: InsightDraft,
  cited: readonly CitedNotification[],
  corrections: string[],
): Evidence[] {
  const own = cited.flatMap((notification) => notification.evidence ?? [])
  if (draft.evidence === undefined || draft.evidence.length === 0)
    return own.slice(0, bounds.evidence)
  const { standing, unfounded } = partEvidence(draft.evidence, numbersIn(cited.map(measured)))
  for (const item of unfounded)
    corrections.push(
      `evidence: ${item.name} = ${String(item.value)} stands in no notification and was dropped`,
    )
  return standing
}

/** Everything of a notification that was measured: its hypothesis and remediation are not. */
function measured(notification: CitedNotification): Json {
  const { context, observation, evidence, snapshots } = notification
  return [
    context,
    observation,
    ...(evidence ?? []).map((item) => item.value),
    ...(snapshots ?? []).map((snapshot) => snapshot.data),
  ]
}

function locationOf(
  draft: InsightDraft,
  cited: readonly CitedNotification[],
  corrections: string[],
): Location | undefined {
  const known = cited.flatMap((notification) => notification.location ?? [])
  const claimed = draft.location
  if (claimed === undefined) return undefined
  const exact = known.find((place) => place.file === claimed.file && place.line === claimed.line)
  if (exact !== undefined) return claimed
  const nearest =
    known.find((place) => place.file === claimed.file) ??
    known.find((place) => place.function === claimed.function)
  if (nearest === undefined && cited.some((one) => mentions(one, claimed))) return claimed
  corrections.push(
    nearest === undefined
      ? `location: ${claimed.file}:${claimed.line} is named by no notification and was dropped`
      : `location: ${nearest.file}:${nearest.line}, as the notification says`,
  )
  return nearest
}

/** The place stands in the notification's text or snapshots, file and line both. */
function mentions(notification: CitedNotification, place: Location): boolean {
  const text = JSON.stringify([
    measured(notification),
    (notification.evidence ?? []).map((item) => item.value),
  ])
  return text.includes(JSON.stringify(place.file).slice(1, -1)) && text.includes(String(place.line))
}
