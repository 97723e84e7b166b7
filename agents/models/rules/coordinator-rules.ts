/**
 * The coordinator's part of `rules`: invoke the skills that fit, wait until they have looked, one
 * insight for each cause, done. When a cause has been caught with its place and others are still
 * looking, the insight does not wait for them for long. What another run has told already is not told
 * again. A healthy process gets no insight, a failed operator is named as such.
 */
import type { CoordinatorAction, InsightDraft } from '../../vocabulary/coordinator-action.ts'
import { isJsonObject } from '../../vocabulary/json.ts'
import type { CoordinatorRequest } from '../../vocabulary/model-request.ts'
import type { NotificationView } from '../../vocabulary/notification.ts'
import { type Cause, type Cluster, type Correlation, correlate, membersOf } from './correlate.ts'
import { doubtsOf } from './doubts.ts'
import { sentence } from './findings.ts'
import { eventsOf, type Step, stepsOf } from './history.ts'
import { nextQuestions } from './next-questions.ts'
import { explanationOf, toldBefore } from './told-already.ts'
import { nextWave } from './waves.ts'
import { causeInsight, consequenceInsight, symptomInsight } from './wording.ts'

/** Below this time the run is concluded with what is known. */
const reservedMs = 3_000
/** One wait at most; it ends early when an operator reports. */
const waitMs = 5_000
/** Turns, besides those for insights, below which no single report is waited for. */
const frugalTurns = 8
/** How long a cause with a known place waits for operators that are still looking. */
const patienceMs = 3_000
/** The same while one of these may know what is behind it. */
const longPatienceMs = 8_000

/** Chooses the coordinator's next action. Pure. */
export function coordinatorRules(request: CoordinatorRequest): CoordinatorAction {
  const run = readRun(request)
  const wish = wishes(request, run).find(({ intent }) => request.tools.includes(intent))
  return wish ?? { intent: 'done', summary: summaryOf(request, run) }
}

interface Run {
  readonly steps: readonly Step<CoordinatorAction>[]
  readonly correlation: Correlation
  /** Insights that are due, the most important first. */
  readonly due: readonly InsightDraft[]
  /** Notifications that belong to an insight which exists already, with the insight's id. */
  readonly late: readonly { readonly insightId: string; readonly ids: readonly string[] }[]
  readonly isRunning: boolean
  readonly isConcluding: boolean
}

function readRun(request: CoordinatorRequest): Run {
  const steps = stepsOf(request.turns)
  const correlation = correlate(request.notifications)
  const due = dueInsights(request, correlation).filter((draft) => !isTried(draft, steps))
  const { iterationsLeft, msLeft } = request.budget
  const isTold = eventsOf(request.turns).some((event) => event.type === 'conclude')
  return {
    steps,
    correlation,
    due,
    late: lateNotifications(request, correlation),
    isRunning: request.operators.some((operator) => operator.status === 'running'),
    isConcluding: isTold || msLeft < reservedMs || iterationsLeft <= due.length + 2,
  }
}

/** Actions in the order in which they should happen; the first that is allowed is taken. */
function wishes(request: CoordinatorRequest, run: Run): CoordinatorAction[] {
  const done: CoordinatorAction = { intent: 'done', summary: summaryOf(request, run) }
  if (request.budget.iterationsLeft <= 1) return [done]
  if (!run.isConcluding) {
    const skills = nextWave(request, run.correlation)
    if (skills.length > 0) return [{ intent: 'invoke_operators', skills }, done]
    // every report ends a wait and costs a turn: when turns get few, `done` waits for all at once
    const isFrugal = request.budget.iterationsLeft <= run.due.length + frugalTurns
    if (run.isRunning)
      return [...early(request, run, isFrugal), ...(isFrugal ? [] : [wait(request)]), done]
  }
  const insights = run.due.map(produce)
  const isRefused = run.steps.at(-1)?.action.intent === 'done' && run.isRunning
  return [...insights, ...acknowledgements(run), ...(isRefused ? [wait(request)] : []), done]
}

function produce(draft: InsightDraft): CoordinatorAction {
  return { intent: 'produce_insight', ...draft }
}

function wait(request: CoordinatorRequest): CoordinatorAction {
  const ms = Math.round(Math.min(waitMs, Math.max(request.budget.msLeft - reservedMs, 100)))
  return { intent: 'wait', ms }
}

/** Causes whose place is known, once the others have been waited for long enough. */
function early(request: CoordinatorRequest, run: Run, isFrugal: boolean): CoordinatorAction[] {
  const waitedMs = run.steps.reduce((sum, { action, result }) => {
    if (action.intent !== 'wait') return sum
    const value = result?.ok === true && isJsonObject(result.value) ? result.value : {}
    const waited = value['waitedMs'] ?? value['waited']
    return sum + (typeof waited === 'number' ? waited : action.ms)
  }, 0)
  return run.due
    .filter((draft) => draft.location !== undefined && draft.confidence !== 'low')
    .filter((draft) => isFrugal || waitedMs >= patienceFor(draft, request))
    .map(produce)
}

/** Somebody who is still looking may find that this is a mere consequence. */
function patienceFor({ notificationIds }: InsightDraft, request: CoordinatorRequest): number {
  const { skills, operators, notifications } = request
  const lead = notifications.find(({ id }) => id === notificationIds[0])
  const explaining = skills.find(({ id }) => id === lead?.operator)?.explainedBy ?? []
  const isAwaited = operators.some(
    ({ skill, status }) => status === 'running' && explaining.includes(skill),
  )
  return isAwaited ? longPatienceMs : patienceMs
}

function dueInsights(request: CoordinatorRequest, correlation: Correlation): InsightDraft[] {
  const { causes, symptoms } = correlation
  const insightOf = (cluster: Cluster) => insightIdOf(request, cluster.members)
  const news = causes.filter(({ cluster }) => toldBefore(request, cluster) === undefined)
  const drafts = news.flatMap((cause): InsightDraft[] => {
    const id = insightOf(cause.cluster)
    if (id === undefined) return [causeInsight(cause, doubtsOf(request, correlation, cause))]
    return cause.marked
      .filter((cluster) => insightOf(cluster) === undefined)
      .map((cluster) => consequenceInsight(cluster, id))
  })
  const unexplained = symptoms.filter((symptom) => explanationOf(request, symptom) === undefined)
  const doubts = doubtsOf(request, correlation)
  const isAlone = causes.length === 0 && request.insights.length === 0 && unexplained.length > 0
  return isAlone
    ? [symptomInsight(unexplained, doubts, nextQuestions(request, unexplained))]
    : drafts
}

/** The insight that rests on any of these notifications. */
function insightIdOf(
  request: CoordinatorRequest,
  members: readonly NotificationView[],
): string | undefined {
  const ids = members.map((member) => member.id)
  return request.insights.find((insight) => insight.notificationIds.some((id) => ids.includes(id)))
    ?.id
}

/** A draft that was sent back is offered once more: then it is published with what holds of it. */
function isTried(draft: InsightDraft, steps: readonly Step<CoordinatorAction>[]): boolean {
  const tries = steps.filter(
    ({ action }) =>
      action.intent === 'produce_insight' && action.notificationIds[0] === draft.notificationIds[0],
  )
  return tries.length > 1 || tries.some(({ result }) => result?.ok !== false)
}

function lateNotifications(request: CoordinatorRequest, correlation: Correlation): Run['late'] {
  const clustersOf = ({ cluster, folded }: Cause) => [cluster, ...folded]
  const groups = [
    ...correlation.causes.map(clustersOf),
    ...correlation.symptoms.map((one) => [one]),
  ]
  return groups.flatMap((clusters) => {
    const members = membersOf(clusters)
    const insightId = insightIdOf(request, members)
    const ids = members.filter(({ status }) => status === 'unread').map(({ id }) => id)
    const known = request.insights.flatMap((insight) => insight.notificationIds)
    const fresh = ids.filter((id) => !known.includes(id))
    return insightId === undefined || fresh.length === 0 ? [] : [{ insightId, ids: fresh }]
  })
}

/** Closes the book: late notifications belong to their insight, the rest is seen. Each is tried once. */
function acknowledgements(run: Run): CoordinatorAction[] {
  const touched = new Set(
    run.steps.flatMap(({ action }) =>
      action.intent === 'update_notification_statuses' ? action.notificationIds : [],
    ),
  )
  const late = run.late.map(({ insightId, ids }) => ({
    ids: ids.filter((id) => !touched.has(id)),
    status: 'resolved' as const,
    reason: `belongs to insight ${insightId}`,
  }))
  const rest = membersOf([...run.correlation.symptoms, ...run.correlation.remarks])
    .filter(({ id, status }) => status === 'unread' && !touched.has(id))
    .map(({ id }) => id)
  const isCited = run.due.some((draft) => draft.notificationIds.some((id) => rest.includes(id)))
  const seen = {
    ids: isCited ? [] : rest,
    status: 'acknowledged' as const,
    reason: 'seen at the same time; no cause of its own was found',
  }
  return [...late, seen]
    .filter(({ ids }) => ids.length > 0)
    .map(({ ids, status, reason }) => ({
      intent: 'update_notification_statuses',
      notificationIds: ids.slice(0, 50),
      status,
      reason,
    }))
}

function summaryOf(request: CoordinatorRequest, run: Run): string {
  const { insights, operators } = request
  const looked = operators.filter(({ status }) => status === 'completed').map(({ skill }) => skill)
  const failed = operators.filter(({ status }) => status !== 'completed' && status !== 'running')
  const open = operators.filter(({ status }) => status === 'running').map(({ skill }) => skill)
  const remarks = membersOf([...run.correlation.symptoms, ...run.correlation.remarks])
  const cited = new Set(insights.flatMap((insight) => insight.notificationIds))
  const seen = remarks.filter(({ id }) => !cited.has(id)).map(({ observation }) => observation)
  const { causes, symptoms } = run.correlation
  const known = [
    ...causes.map(({ cluster }) => toldBefore(request, cluster)),
    ...symptoms.map((symptom) => explanationOf(request, symptom)),
  ].filter((cause) => cause !== undefined)
  const told = new Set(known.map(({ summary, insightId }) => `${summary} (insight ${insightId})`))
  const isQuiet = insights.length === 0 && run.due.length === 0 && told.size === 0
  const { ruledOut, gaps } = doubtsOf(request, run.correlation)
  const inDetail = ruledOut.filter((text) => text.includes('('))
  const parts = [
    ...failed.map(
      ({ skill, status, reason }) =>
        `Operator ${skill} ${status} (${reason ?? 'no reason given'}): its area is unknown, not healthy.`,
    ),
    open.length > 0 ? `Still looking when the run ended: ${open.join(', ')}.` : '',
    isQuiet && looked.length > 0 ? `Nothing out of the normal found by ${looked.join(', ')}.` : '',
    isQuiet && looked.length === 0 ? 'Nothing is known: no operator completed a look.' : '',
    insights.length > 0 ? `Insights: ${insights.map((one) => one.summary).join(' | ')}` : '',
    run.due.length > 0 ? `Not concluded: ${run.due.map((one) => one.summary).join(' | ')}` : '',
    insights.length > 0 && ruledOut.length > 0 ? `Ruled out: ${ruledOut.join('; ')}.` : '',
    isQuiet && inDetail.length > 0 ? `Looked at: ${inDetail.join('; ')}.` : '',
    gaps.length > 0 ? `Not known: ${gaps.join('; ')}.` : '',
    seen.length > 0 ? `Also seen: ${seen.join(' | ')}` : '',
    told.size > 0 ? `Told by another run already: ${[...told].join(' | ')}` : '',
  ]
  return sentence(parts.filter((part) => part !== '').join(' '))
}
