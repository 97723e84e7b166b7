/**
 * Holds an insight against what is known before it is published.
 *
 * What is the machine's own to say (is it grounded, how sure can it be, which line is it) is simply
 * set. What a model got wrong (an invented id, a paraphrase for a quote, a number that nobody
 * measured) is an issue: the draft goes back once with the issues, and what is left of it is
 * published only after that, marked.
 */
import { bounds } from './bounds.ts'
import type { InsightDraft } from './coordinator-action.ts'
import { type CitedNotification, evidenceChain } from './evidence-chain.ts'
import { foldSpace, numbersIn, partEvidence, unfoundedQuantities } from './facts.ts'
import {
  type Confidence,
  confidenceRank,
  type Evidence,
  type Location,
  type Severity,
  severityRank,
} from './fields.ts'
import type { Insight } from './insight.ts'
import type { Json } from './json.ts'

/** A draft as far as it holds, with all that could be derived filled in. */
export type CheckedInsight = Omit<
  Insight,
  'version' | 'id' | 'runId' | 'createdAt' | 'model' | 'partial'
>

/**
 * `corrections` says what was set right, for the journal and the model. `issues` says what does not
 * hold; `insight` is then what is left without it, marked as unverified.
 */
export type InsightCheck = {
  readonly insight: CheckedInsight
  readonly corrections: readonly string[]
} & ({ readonly ok: true } | { readonly ok: false; readonly issues: readonly string[] })

/**
 * Checks a draft against the notifications of its run.
 *
 * Issues, each of which is cut out of what is left:
 * - `notificationIds`: each must be a notification of the run.
 * - `matchedObservations`: each must be a verbatim part of an observation or context of the cited
 *   notifications (white space aside).
 * - `evidence`: numbers must stand in the cited notifications or their snapshots (to 1 %).
 * - `summary`: so must its quantities, in whatever unit (it cannot be cut).
 * - `location`: must be a place that a cited notification names.
 * - `causedBy`: must be an insight of this run.
 *
 * Corrections:
 * - `hypothesisGrounded` stays true only with a hypothesis and two operators or one measurement.
 * - `confidence`: `high` needs a grounded hypothesis; what is unverified is at most `medium`, and
 *   `low` if it rests on nothing.
 * - `location`: a wrong line of a known file or function becomes the line that was notified.
 * - Absent evidence is taken from the notifications.
 *
 * @param insightIds Ids of the insights already produced in this run.
 */
export function checkInsight(
  draft: InsightDraft,
  notifications: readonly CitedNotification[],
  insightIds: readonly string[] = [],
): InsightCheck {
  const found: Findings = { issues: [], corrections: [] }
  const cited = citedBy(draft, notifications, found)
  const quotes = verbatim(draft.matchedObservations, cited, found)
  const known = numbersIn(cited.map(measured))
  const evidence = evidenceOf(draft, cited, known, found)
  checkSummary(draft, cited, known, found)
  const location = locationOf(draft, cited, found)
  const causedBy = causedByOf(draft, insightIds, found)
  const judged = judge(draft, { cited, quotes, evidence }, found)
  const { location: _place, causedBy: _cause, ...rest } = draft
  const { issues, corrections } = found
  const unverified = [...issues, ...inherited(cited)]
  const insight: CheckedInsight = {
    ...rest,
    ...judged,
    ...(location === undefined ? {} : { location }),
    ...(causedBy === undefined ? {} : { causedBy }),
    notificationIds: cited.map((notification) => notification.id),
    matchedObservations: quotes,
    severity: draft.severity ?? worstSeverity(cited),
    evidence,
    evidenceChain: evidenceChain(cited),
    ...(unverified.length === 0 ? {} : { unverified: shortened(unverified) }),
  }
  return { insight, corrections, ...(issues.length === 0 ? { ok: true } : { ok: false, issues }) }
}

interface Findings {
  readonly issues: string[]
  readonly corrections: string[]
}

/** What an operator could not prove is not proved by being cited. */
function inherited(cited: readonly CitedNotification[]): string[] {
  return cited.flatMap(({ id, unverified = [] }) => unverified.map((one) => `${id}: ${one}`))
}

function shortened(issues: readonly string[]): string[] {
  return issues.slice(0, 20).map((issue) => issue.slice(0, 300))
}

/** What the machine says of the draft's own claims about itself. */
function judge(
  draft: InsightDraft,
  rest: {
    readonly cited: readonly CitedNotification[]
    readonly quotes: readonly string[]
    readonly evidence: readonly Evidence[]
  },
  { issues, corrections }: Findings,
): Pick<CheckedInsight, 'hypothesisGrounded' | 'confidence'> {
  const hypothesisGrounded =
    draft.hypothesisGrounded && isGrounded(draft, rest.cited, rest.evidence)
  if (draft.hypothesisGrounded && !hypothesisGrounded)
    corrections.push(
      'hypothesisGrounded: false, as neither two operators nor a measurement support it',
    )
  const isBaseless = rest.cited.length === 0 || rest.quotes.length === 0
  const [highest, why]: [Confidence, string] =
    issues.length > 0 || inherited(rest.cited).length > 0
      ? [isBaseless ? 'low' : 'medium', 'not all of it is verified']
      : [hypothesisGrounded ? 'high' : 'medium', 'the hypothesis is not grounded']
  if (confidenceRank(draft.confidence) <= confidenceRank(highest))
    return { hypothesisGrounded, confidence: draft.confidence }
  corrections.push(`confidence: ${highest}, as ${why}`)
  return { hypothesisGrounded, confidence: highest }
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
  { issues }: Findings,
): CitedNotification[] {
  const wanted = new Set(draft.notificationIds)
  const cited = notifications.filter((notification) => wanted.has(notification.id))
  for (const { id } of cited) wanted.delete(id)
  if (wanted.size === 0) return cited
  const which = cited.length === 0 ? 'none of them exists' : `there is no ${[...wanted].join(', ')}`
  issues.push(`notificationIds: ${which}; ${listed(notifications.map(({ id }) => id))}`)
  return cited
}

function verbatim(
  quotes: readonly string[],
  cited: readonly CitedNotification[],
  { issues }: Findings,
): string[] {
  const sources = cited.map((one) => foldSpace(`${one.observation}\n${one.context}`))
  const kept = new Set<string>()
  for (const quote of quotes.map(foldSpace)) {
    if (quote !== '' && sources.some((source) => source.includes(quote))) kept.add(quote)
    else
      issues.push(
        `matchedObservations: "${quote.slice(0, 80)}" is no word-for-word part of an observation of the cited notifications; copy their text`,
      )
  }
  return [...kept]
}

function checkSummary(
  { summary, location }: InsightDraft,
  cited: readonly CitedNotification[],
  known: ReadonlySet<number>,
  { issues }: Findings,
): void {
  const lines = [location?.line, ...cited.map((one) => one.location?.line)]
  for (const quantity of unfoundedQuantities(summary, known, lines).slice(0, 5))
    issues.push(
      `summary: ${quantity} stands in no cited notification nor in its snapshots; say only what was measured`,
    )
}

function causedByOf(
  { causedBy }: InsightDraft,
  insightIds: readonly string[],
  { issues }: Findings,
): string | undefined {
  if (causedBy === undefined || insightIds.includes(causedBy)) return causedBy
  issues.push(`causedBy: no insight "${causedBy}" in this run; ${listed(insightIds)}`)
  return undefined
}

function listed(ids: readonly string[]): string {
  return ids.length === 0
    ? 'there are none yet'
    : `known are ${ids.slice(0, bounds.ids).join(', ')}`
}

function evidenceOf(
  draft: InsightDraft,
  cited: readonly CitedNotification[],
  known: ReadonlySet<number>,
  { issues }: Findings,
): Evidence[] {
  const own = cited.flatMap((notification) => notification.evidence ?? [])
  if (draft.evidence === undefined || draft.evidence.length === 0)
    return own.slice(0, bounds.evidence)
  const { standing, unfounded } = partEvidence(draft.evidence, known)
  for (const item of unfounded)
    issues.push(
      `evidence: ${item.name} = ${String(item.value)} stands in no cited notification nor in its snapshots`,
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
  { location: claimed }: InsightDraft,
  cited: readonly CitedNotification[],
  { issues, corrections }: Findings,
): Location | undefined {
  if (claimed === undefined) return undefined
  const known = cited.flatMap((notification) => notification.location ?? [])
  const exact = known.find((place) => place.file === claimed.file && place.line === claimed.line)
  if (exact !== undefined) return claimed
  const nearest =
    known.find((place) => place.file === claimed.file) ??
    known.find((place) => place.function === claimed.function)
  if (nearest !== undefined) {
    corrections.push(`location: ${nearest.file}:${nearest.line}, as the notification says`)
    return nearest
  }
  if (cited.some((one) => mentions(one, claimed))) return claimed
  issues.push(`location: ${claimed.file}:${claimed.line} is named by no cited notification`)
  return undefined
}

/** The place stands in the notification's text or snapshots, file and line both. */
function mentions(notification: CitedNotification, place: Location): boolean {
  const text = JSON.stringify([
    measured(notification),
    (notification.evidence ?? []).map((item) => item.value),
  ])
  return text.includes(JSON.stringify(place.file).slice(1, -1)) && text.includes(String(place.line))
}
