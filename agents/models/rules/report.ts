/** The last step of a pipeline as `rules` take it: every insight that is due, at once. Pure. */
import { bounds } from '../../vocabulary/bounds.ts'
import type { CoordinatorAction, InsightDraft } from '../../vocabulary/coordinator-action.ts'
import type { CoordinatorRequest } from '../../vocabulary/model-request.ts'
import { type Cluster, correlate } from './correlate.ts'
import { doubtsOf } from './doubts.ts'
import { sentence } from './findings.ts'
import { nextQuestions } from './next-questions.ts'
import { explanationOf, toldBefore } from './told-already.ts'
import { causeInsight, consequenceInsight, symptomInsight } from './wording.ts'

/** What is found and not told yet; who failed to look is named. */
export function report(request: CoordinatorRequest): CoordinatorAction {
  const insights = dueInsights(request).slice(0, bounds.reportedInsights)
  return { intent: 'report', insights, summary: summaryOf(request, insights) }
}

function dueInsights(request: CoordinatorRequest): InsightDraft[] {
  const correlation = correlate(request.notifications)
  const { causes, symptoms } = correlation
  const told = new Set(request.insights.flatMap(({ notificationIds }) => notificationIds))
  const isNews = (cluster: Cluster): boolean =>
    toldBefore(request, cluster) === undefined && cluster.members.every(({ id }) => !told.has(id))
  const drafts: InsightDraft[] = []
  for (const cause of causes.filter(({ cluster }) => isNews(cluster))) {
    const ordinal = drafts.push(causeInsight(cause, doubtsOf(request, correlation, cause)))
    drafts.push(...cause.marked.map((one) => consequenceInsight(one, `#${ordinal}`)))
  }
  const open = symptoms.filter((one) => isNews(one) && explanationOf(request, one) === undefined)
  const isAlone = causes.length === 0 && open.length > 0
  return isAlone
    ? [symptomInsight(open, doubtsOf(request, correlation), nextQuestions(request, open))]
    : drafts
}

function summaryOf(
  { operators, insights }: CoordinatorRequest,
  drafts: readonly InsightDraft[],
): string {
  const looked = operators.filter(({ status }) => status === 'completed').map(({ skill }) => skill)
  const found = [...insights, ...drafts].map(({ summary }) => summary)
  const blind = operators
    .filter(({ status }) => status !== 'completed' && status !== 'running')
    .map(
      ({ skill, status, reason }) =>
        `Operator ${skill} ${status} (${reason ?? 'no reason given'}): its area is unknown, not healthy.`,
    )
  const nothing =
    looked.length === 0
      ? 'Nothing is known: no operator completed a look.'
      : `Nothing out of the normal found by ${looked.join(', ')}.`
  const outcome = found.length === 0 ? nothing : `Insights: ${found.join(' | ')}`
  return sentence([...blind, outcome].join(' '))
}
