/**
 * What an engineer writes below a finding: what was looked at and is not the cause, which other
 * causes were weighed, and what is not known. Pure.
 */
import { bounds } from '../../vocabulary/bounds.ts'
import type { Evidence } from '../../vocabulary/fields.ts'
import type { CoordinatorRequest, OperatorView } from '../../vocabulary/model-request.ts'
import type { NotificationView } from '../../vocabulary/notification.ts'
import type { Cause, Correlation } from './correlate.ts'
import { eventsOf } from './history.ts'
import { behind, nearestMark, notKnownMark, unseenMark } from './report-words.ts'
import { rivalsOf } from './weigh.ts'

/** Skills of which more than the name is told. */
const mostInDetail = 3
/** Characters of one part. */
const mostCharacters = 400

/** What an investigation leaves in doubt, in words; empty lists say that there is none. */
export interface Doubts {
  /** Skills that looked and saw nothing wrong, those that could have known the cause first. */
  readonly ruledOut: readonly string[]
  /** Other causes that could explain the same. */
  readonly weighed: readonly string[]
  /** Operators that did not end their look. */
  readonly unread: readonly string[]
  /** What an operator that ended could not read. */
  readonly gaps: readonly string[]
  /** Skills that could have known the cause and were not asked. */
  readonly unasked: readonly string[]
}

/** The doubts about a cause; without one, about the whole run. */
export function doubtsOf(
  request: CoordinatorRequest,
  correlation: Correlation,
  cause?: Cause,
): Doubts {
  const lead = cause?.cluster.lead ?? correlation.symptoms[0]?.lead
  const close = request.skills.find(({ id }) => id === lead?.operator)?.explainedBy ?? []
  const rivals = cause === undefined ? [] : rivalsOf(correlation, cause)
  return {
    ruledOut: ruledOut(request, close),
    weighed: rivals.map(
      ({ cluster, reason }) =>
        `${stripStop(cluster.lead.observation)} (${cluster.lead.operator}): could explain it too, but ${reason}`,
    ),
    unread: unread(request),
    gaps: gapsOf(request),
    unasked: unaskedOf(request, close),
  }
}

/** The same as evidence of an insight: each part one line, in words. */
function doubtEvidence(doubts: Doubts): Evidence[] {
  const parts: [string, readonly string[]][] = [
    ['ruled out', doubts.ruledOut],
    ['weighed', doubts.weighed],
    ['not known', openQuestions(doubts)],
  ]
  return parts.flatMap(([name, texts]) =>
    texts.length === 0 ? [] : [{ name, value: line(texts) }],
  )
}

/** All that is not known, the weightiest first. */
export function openQuestions({ unread: open, gaps, unasked }: Doubts): string[] {
  const more = unasked.length === 0 ? [] : [`not asked: ${unasked.join(', ')}`]
  return [...open, ...gaps, ...more]
}

/** Evidence with room for the doubts behind the measurements. */
export function withDoubts(evidence: readonly Evidence[] | undefined, doubts: Doubts): Evidence[] {
  const more = doubtEvidence(doubts)
  return [...(evidence ?? []).slice(0, bounds.evidence - more.length), ...more]
}

function line(texts: readonly string[]): string {
  const joined = texts.join('; ')
  return joined.length > mostCharacters ? `${joined.slice(0, mostCharacters - 1)}…` : joined
}

function ruledOut(request: CoordinatorRequest, close: readonly string[]): string[] {
  const quiet = request.operators.filter((operator) => sawNothing(operator, request.notifications))
  const told = [...new Set(quiet.map(({ skill }) => skill))].map((skill) => {
    const summary = summaryOf(request, skill)
    const said = behind(unseenMark, summary) ?? behind(nearestMark, summary)
    const weight = (close.includes(skill) ? 2 : 0) + (said === undefined ? 0 : 1)
    return { skill, said, weight }
  })
  return told
    .sort((left, right) => right.weight - left.weight)
    .map(({ skill, said }, index) =>
      said === undefined || index >= mostInDetail ? skill : `${skill} (${said})`,
    )
}

/** Only a whole look that ended in health rules anything out. */
function sawNothing(
  { skill, status, state }: OperatorView,
  notifications: readonly NotificationView[],
): boolean {
  const isHealthy = status === 'completed' && state === 'healthy'
  return isHealthy && !notifications.some(({ operator }) => operator === skill)
}

function unread({ operators }: CoordinatorRequest): string[] {
  return operators.flatMap(({ skill, status, reason }) => {
    if (status === 'completed') return []
    if (status === 'running') return [`${skill} was still looking`]
    return [`${skill} ${status}${reason === undefined ? '' : ` (${reason})`}`]
  })
}

function gapsOf(request: CoordinatorRequest): string[] {
  const asked = new Set(request.operators.map(({ skill }) => skill))
  return [...asked].flatMap((skill) => {
    const gap = behind(notKnownMark, summaryOf(request, skill))
    return gap === undefined ? [] : [`${skill}: ${gap}`]
  })
}

function unaskedOf({ operators, skills }: CoordinatorRequest, close: readonly string[]): string[] {
  const asked = operators.map(({ skill }) => skill)
  return skills.map(({ id }) => id).filter((id) => close.includes(id) && !asked.includes(id))
}

/** What an operator said at its end, the last time. */
function summaryOf({ turns }: CoordinatorRequest, skill: string): string | undefined {
  const ends = eventsOf(turns).flatMap((event) =>
    event.type === 'operator_complete' && event.skill === skill ? [event.ending] : [],
  )
  const last = ends.at(-1)
  return last?.type === 'completed' ? last.summary : undefined
}

function stripStop(text: string): string {
  return text.replace(/[.\s]+$/, '')
}
