/** Writes insights in plain words from what the notifications say. Pure. */
import { bounds } from '../../vocabulary/bounds.ts'
import { isGrounded, worstSeverity } from '../../vocabulary/check-insight.ts'
import type { CorrelationType, InsightDraft } from '../../vocabulary/coordinator-action.ts'
import {
  type Confidence,
  confidenceRank,
  type Evidence,
  type Location,
} from '../../vocabulary/fields.ts'
import type { NotificationView } from '../../vocabulary/notification.ts'
import { type Cause, type Cluster, membersOf } from './correlate.ts'
import { type Doubts, openQuestions, withDoubts } from './doubts.ts'
import { sentence } from './findings.ts'

/** The insight of a cause: its own notifications and the consequences folded in. */
export function causeInsight(cause: Cause, doubts: Doubts): InsightDraft {
  const { cluster, folded } = cause
  const confidence = confidenceOf(cause)
  const draft = draftOf([cluster, ...folded], { correlationType: correlationOf(cause), confidence })
  const isSure = confidence === 'high'
  // who is sure of the culprit has no need to ask others
  const left = isSure ? { ...doubts, unasked: [] } : doubts
  const open = isSure ? [] : openQuestions(left).slice(0, 1)
  return {
    ...draft,
    evidence: withDoubts(draft.evidence, left),
    ...remediationOf(draft.remediation, 'Not known yet', open),
  }
}

/** What to do, and what is to be known before. */
function remediationOf(
  remediation: string | undefined,
  lead: string,
  open: readonly string[],
): Pick<InsightDraft, 'remediation'> {
  if (open.length === 0) return remediation === undefined ? {} : { remediation }
  const first = remediation === undefined ? '' : `${stripStop(remediation)}. `
  return { remediation: sentence(`${first}${lead}: ${open.join('; ')}.`) }
}

/** The insight of a consequence that has a place of its own. */
export function consequenceInsight(cluster: Cluster, causedBy: string): InsightDraft {
  const confidence = confidenceOf({ cluster, folded: [], marked: [] })
  return { ...draftOf([cluster], { correlationType: 'causal', confidence }), causedBy }
}

/** Symptoms without a known cause, told together because nothing but their time is known. */
export function symptomInsight(
  clusters: readonly Cluster[],
  doubts: Doubts,
  next: readonly string[],
): InsightDraft {
  const draft = draftOf(clusters, {
    correlationType: clusters.length > 1 ? 'temporal' : 'symptomatic',
    confidence: 'low',
  })
  const { rootCauseHypothesis: _, ...rest } = draft
  const seen = clusters.map(({ lead }) => stripStop(lead.observation)).join('; ')
  return {
    ...rest,
    summary: sentence(`${seen}. The cause was not found.`),
    hypothesisGrounded: false,
    evidence: withDoubts(draft.evidence, doubts),
    ...remediationOf(draft.remediation, 'To find it', next),
  }
}

/** `search (src/search.js:13) in moment@2.29.3`. */
function placeText(location: Location): string {
  const inside = location.package === undefined ? '' : `, in ${location.package}`
  return `${location.function} (${location.file}:${location.line})${inside}`
}

function draftOf(
  clusters: readonly Cluster[],
  judged: { readonly correlationType: CorrelationType; readonly confidence: Confidence },
): InsightDraft {
  const members = membersOf(clusters).slice(0, bounds.ids)
  const [lead] = members
  if (lead === undefined) throw new TypeError('an insight needs at least one notification')
  const own = clusters[0]?.members ?? []
  const evidence = evidenceOf(members)
  const hypothesis = hypothesisOf(lead)
  const remediation = own.map((member) => member.remediation).find((text) => text !== undefined)
  const cause = hypothesis === undefined ? {} : { rootCauseHypothesis: hypothesis }
  return {
    notificationIds: members.map((member) => member.id),
    summary: sentence(withPlace(lead.observation, lead.location)),
    matchedObservations: [...new Set(members.map((member) => member.observation))],
    hypothesisGrounded: isGrounded(cause, members, evidence),
    severity: worstSeverity(members),
    ...judged,
    ...cause,
    ...(lead.location === undefined ? {} : { location: lead.location }),
    evidence,
    ...(remediation === undefined ? {} : { remediation }),
  }
}

/** What the notification supposes, with the place; where only a place is known, that. */
function hypothesisOf({ hypothesis, location, observation }: NotificationView): string | undefined {
  if (hypothesis !== undefined) return sentence(withPlace(hypothesis, location))
  if (location === undefined) return undefined
  return sentence(`${placeText(location)} is where it happens: ${observation}`)
}

/** Adds the place where the text does not name it itself. */
function withPlace(text: string, location: Location | undefined): string {
  if (location === undefined) return text
  const isNamed =
    text.includes(`${location.file}:${location.line}`) &&
    text.includes(location.function) &&
    (location.package === undefined || text.includes(location.package))
  return isNamed ? text : `${stripStop(text)}: ${placeText(location)}.`
}

function stripStop(text: string): string {
  return text.replace(/[.\s]+$/, '')
}

function evidenceOf(members: readonly NotificationView[]): Evidence[] {
  const seen = new Set<string>()
  return members
    .flatMap((member) => member.evidence ?? [])
    .filter(({ name, value }) => {
      const key = `${name}=${String(value)}`
      if (seen.has(key)) return false
      seen.add(key)
      return true
    })
    .slice(0, bounds.evidence)
}

/** `causal` only where the mechanism was seen: the culprit caught, or consequences with a known cause. */
function correlationOf({ cluster, folded, marked }: Cause): CorrelationType {
  const { lead, members } = cluster
  const isKnown = lead.location !== undefined || lead.hypothesis !== undefined
  if (isKnown && folded.length + marked.length > 0) return 'causal'
  if (new Set(members.map((member) => member.type)).size > 1) return 'symptomatic'
  return lead.location !== undefined && lead.confidence !== 'low' ? 'causal' : 'symptomatic'
}

/** What the operator says, raised by one where another operator saw the same or its consequence. */
function confidenceOf({ cluster, folded }: Cause): Confidence {
  const { lead } = cluster
  const stated = lead.confidence ?? (lead.location === undefined ? 'low' : 'medium')
  const speakers = membersOf([cluster, ...folded]).map((member) => member.operator)
  const isShared = new Set(speakers).size > 1 && lead.location !== undefined
  const raised = confidenceRank(stated) + (isShared ? 1 : 0)
  return raised >= 2 ? 'high' : raised === 1 ? 'medium' : 'low'
}
