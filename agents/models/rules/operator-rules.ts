/**
 * The operator's part of `rules`: a snapshot, the skill's closer looks that are due, a notification
 * for each finding, the state by the worst of them, done. A reading that failed is said to have
 * failed and never passes for health.
 */
import { worstSeverity } from '../../vocabulary/check-insight.ts'
import { type Severity, severityRank } from '../../vocabulary/fields.ts'
import type { OperatorRequest } from '../../vocabulary/model-request.ts'
import type { Snapshot } from '../../vocabulary/notification.ts'
import type {
  NotificationDraft,
  OperatorAction,
  OperatorHealth,
} from '../../vocabulary/operator-action.ts'
import type { DrillStep } from '../../vocabulary/skill-description.ts'
import { counted, drillFindings, isDue, sentence, watchFindings } from './findings.ts'
import { eventsOf, rowsOf, type Step, stepsOf } from './history.ts'
import { marginsOf } from './margins.ts'
import { answerTo } from './operator-answer.ts'
import { nearestMark, notKnownMark, unseenMark } from './report-words.ts'
import { trendScript, withTrend } from './trend.ts'

/** Turns kept for `set_state` and `done`. */
const reservedTurns = 2
/** Below this time no further look is begun. */
const reservedMs = 2_000
/** Kinds of faults that are told as looked for and not seen. */
const mostUnseen = 4
/** Snapshots that may fail before the skill counts as unreadable. */
const maximumSnapshotFailures = 2

/** Milliseconds until a continuous operator looks again, by its state; a look of the rules is free. */
const lookAgainMs = { observing: 300_000, warning: 60_000, critical: 30_000 } as const

/** Chooses the operator's next action. Pure. */
export function operatorRules(request: OperatorRequest): OperatorAction {
  const run = readRun(request)
  const wish = wishes(request, run).find(({ intent }) => request.tools.includes(intent))
  return wish ?? { intent: 'done', summary: summaryOf(request, run) }
}

/** What the history says. */
interface Run {
  readonly steps: readonly Step<OperatorAction>[]
  readonly snapshot: Snapshot | undefined
  readonly isConcluding: boolean
}

function readRun(request: OperatorRequest): Run {
  const { iterationsLeft, msLeft } = request.budget
  const isTold = eventsOf(request.turns).some((event) => event.type === 'conclude')
  return {
    steps: stepsOf(request.turns),
    snapshot: request.snapshots.at(-1),
    isConcluding: isTold || iterationsLeft <= reservedTurns || msLeft < reservedMs,
  }
}

/** Actions in the order in which they should happen; the first that is allowed is taken. */
function wishes(request: OperatorRequest, run: Run): OperatorAction[] {
  if (request.tools.includes('answer'))
    return [answerTo(request, { summary: summaryOf(request, run), gaps: gapsOf(request, run) })]
  const last = request.budget.iterationsLeft <= 1
  const work = last ? [] : [...looks(request, run), ...stateChange(request, run)]
  return [...work, ...lookAgain(request), { intent: 'done', summary: summaryOf(request, run) }]
}

/** What a continuous operator found is looked at again, so that its end is seen. */
function lookAgain({ watch, state }: OperatorRequest): OperatorAction[] {
  if (watch === undefined || state === 'healthy') return []
  return [{ intent: 'wait', ms: lookAgainMs[state], note: sentence(watch.opened) }]
}

function looks(request: OperatorRequest, run: Run): OperatorAction[] {
  const { snapshot, isConcluding } = run
  if (snapshot === undefined)
    return isConcluding || snapshotFailures(run).length >= maximumSnapshotFailures
      ? []
      : [{ intent: 'take_snapshot' }]
  const actions: OperatorAction[] = []
  for (const step of request.skill.drilldown.filter((each) =>
    isDue(each, snapshot, isAsked(request)),
  )) {
    const outcome = outcomeOf(step, run)
    if (outcome.type === 'not-run' && !isConcluding)
      actions.push({ intent: 'execute', code: step.code })
    if (outcome.type === 'rows')
      actions.push(...unsent(drillFindings(step, outcome.rows, snapshot), request, run))
  }
  const all = [...actions, ...noticed(request, run, snapshot)]
  // with few turns left, tell what is known already, the worst first
  return request.budget.iterationsLeft > reservedTurns ? all : []
}

/**
 * Numbers out of their bounds. Where no closer look has shown a place, the next question is how they
 * came there: what rises is told apart from what is always so.
 */
function noticed(request: OperatorRequest, run: Run, snapshot: Snapshot): OperatorAction[] {
  const { skill, budget, notifications } = request
  const drafts = watchFindings(skill, snapshot)
  const isExplained = notifications.some(({ location }) => location !== undefined)
  const news = unsent(drafts, request, run)
  if (news.length === 0 || isExplained) return news
  const code = trendScript(skill.id, drafts)
  const trend = outcomeOf({ code }, run)
  const isTime =
    request.tools.includes('execute') &&
    !run.isConcluding &&
    budget.iterationsLeft > reservedTurns + news.length + 1
  if (trend.type === 'not-run' && isTime) return [{ intent: 'execute', code }]
  const rows = trend.type === 'rows' ? trend.rows : []
  return unsent(
    drafts.map((draft) => withTrend(skill.id, draft, rows)),
    request,
    run,
  )
}

/** A person or a program asked with a reason; nothing set this run off by itself. */
function isAsked({ reason, context }: OperatorRequest): boolean {
  return reason !== undefined && !Object.hasOwn(context, 'signal')
}

type StepOutcome =
  | { readonly type: 'not-run' }
  | { readonly type: 'failed'; readonly error: string }
  | { readonly type: 'rows'; readonly rows: ReturnType<typeof rowsOf> }

/** What a step's script returned the last time it ran. */
function outcomeOf(step: Pick<DrillStep, 'code'>, run: Run): StepOutcome {
  const ran = run.steps.findLast(
    ({ action }) => action.intent === 'execute' && action.code === step.code,
  )
  if (ran === undefined) return { type: 'not-run' }
  if (ran.result === undefined) return { type: 'failed', error: 'no result' }
  return ran.result.ok
    ? { type: 'rows', rows: rowsOf(ran.result.value) }
    : { type: 'failed', error: ran.result.error }
}

/** Drafts that were not tried yet; one that was refused is not tried again. */
function unsent(
  drafts: readonly NotificationDraft[],
  { watch }: OperatorRequest,
  run: Run,
): OperatorAction[] {
  const tried = new Set(
    run.steps.flatMap(({ action }) =>
      action.intent === 'send_notification' ? [keyOf(action)] : [],
    ),
  )
  return drafts
    .filter((draft) => !tried.has(keyOf(draft)) && !isToldBefore(draft, watch))
    .map((draft) => ({ intent: 'send_notification', ...draft }))
}

/** In an earlier look, and it was not better then. */
function isToldBefore(
  { type, severity }: NotificationDraft,
  watch: OperatorRequest['watch'],
): boolean {
  const before = watch?.told.filter((one) => one.type === type) ?? []
  return before.some((one) => severityRank(one.severity) >= severityRank(severity))
}

function keyOf({ type, observation }: Pick<NotificationDraft, 'type' | 'observation'>): string {
  return `${type}\n${observation}`
}

function stateChange(request: OperatorRequest, run: Run): OperatorAction[] {
  const { state, reason } = attested(request, run)
  const isTried = run.steps.some(
    ({ action }) => action.intent === 'set_state' && action.state === state,
  )
  return state === request.state || isTried ? [] : [{ intent: 'set_state', state, reason }]
}

/** The state that the run can answer for: what could not be read is at best `observing`. */
function attested(
  request: OperatorRequest,
  run: Run,
): { readonly state: OperatorHealth; readonly reason: string } {
  const found = [...request.notifications, ...stillThere(request, run)]
  if (found.length > 0) {
    const state = stateOf(worstSeverity(found))
    const types = [...new Set(found.map((notification) => notification.type))].join(', ')
    return { state, reason: sentence(`${counted(found.length, 'finding')}: ${types}`) }
  }
  const gaps = gapsOf(request, run)
  return gaps.length > 0
    ? { state: 'observing', reason: sentence(`not all could be read: ${gaps.join('; ')}`) }
    : { state: 'healthy', reason: 'every value that was looked at is within its bounds' }
}

/** What an earlier look of a continuous operator told and this one still sees. */
function stillThere(request: OperatorRequest, run: Run): NotificationDraft[] {
  const { watch, skill } = request
  const { snapshot } = run
  if (watch === undefined || snapshot === undefined) return []
  const drilled = skill.drilldown.flatMap((step) => {
    const outcome = outcomeOf(step, run)
    return outcome.type === 'rows' ? drillFindings(step, outcome.rows, snapshot) : []
  })
  return [...watchFindings(skill, snapshot), ...drilled].filter((draft) =>
    isToldBefore(draft, watch),
  )
}

function stateOf(severity: Severity): OperatorHealth {
  return severity === 'info' ? 'observing' : severity
}

/** What was due and is not known, in words. */
function gapsOf(request: OperatorRequest, run: Run): string[] {
  const { snapshot } = run
  if (snapshot === undefined) {
    const error = snapshotFailures(run).at(-1) ?? 'there was no time for it'
    return [`no snapshot could be taken (${error})`]
  }
  return request.skill.drilldown
    .filter((step) => isDue(step, snapshot, isAsked(request)))
    .flatMap((step) => {
      const outcome = outcomeOf(step, run)
      if (outcome.type === 'failed') return [`${step.id} failed (${outcome.error})`]
      return outcome.type === 'not-run' ? [`${step.id} was not run for lack of time`] : []
    })
}

function snapshotFailures(run: Run): string[] {
  return run.steps.flatMap(({ action, result }) => {
    if (action.intent !== 'take_snapshot' || result?.ok === true) return []
    return [result?.error ?? 'no result']
  })
}

function summaryOf(request: OperatorRequest, run: Run): string {
  const found = request.notifications.map((one) => `${one.severity} ${one.type}`)
  const gaps = gapsOf(request, run)
  const checks = run.steps.filter(({ action }) => action.intent === 'execute').length
  const looked = `${request.skill.title}: ${counted(request.snapshots.length, 'snapshot')}, ${counted(checks, 'closer look')}.`
  const parts = [
    looked,
    found.length > 0 ? `Found ${found.join(', ')}.` : nothingFound(request, run, gaps.length > 0),
    gaps.length > 0 ? `${notKnownMark}${gaps.join('; ')}.` : '',
  ]
  return sentence(parts.filter((part) => part !== '').join(' '))
}

/** What was looked at, so that it can be ruled out: a step that is not due has no sign in the snapshot. */
function nothingFound(request: OperatorRequest, run: Run, hasGaps: boolean): string {
  const { skill } = request
  const { snapshot } = run
  if (snapshot === undefined) return 'Nothing found in what could be read.'
  const margins = marginsOf(skill, snapshot)
  const nearest = margins.length === 0 ? '' : `; ${nearestMark}${margins.join(', ')}`
  const unseen = skill.drilldown.filter(
    (step) => outcomeOf(step, run).type === 'rows' || !isDue(step, snapshot, isAsked(request)),
  )
  const types = [...new Set(unseen.map(({ notify }) => notify.type))].slice(0, mostUnseen)
  const within = hasGaps ? 'Nothing found in what could be read' : 'All within its bounds'
  const looked = types.length === 0 ? '' : ` ${unseenMark}${types.join(', ')}.`
  return `${within}${nearest}.${looked}`
}
