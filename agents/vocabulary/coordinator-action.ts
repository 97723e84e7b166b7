/** What the coordinator may do in one turn: one JSON object, told apart by `intent`. */
import * as v from 'valibot'
import { bounds } from './bounds.ts'
import {
  confidenceSchema,
  evidenceListSchema,
  identifier,
  integer,
  listOf,
  locationSchema,
  sentence,
  severitySchema,
  text,
} from './fields.ts'

/** Where a notification stands in the coordinator's book. Insights resolve what they rest on. */
export const notificationStatusSchema = v.picklist(['unread', 'acknowledged', 'resolved'])

/**
 * `temporal`: seen at the same time, nothing more is known. `causal`: one brings about the other
 * and the mechanism was observed. `symptomatic`: several symptoms of one cause.
 */
export const correlationTypeSchema = v.picklist(['temporal', 'causal', 'symptomatic'])
export type CorrelationType = v.InferOutput<typeof correlationTypeSchema>

const notificationIds = listOf(identifier('Notification id'), 1, bounds.ids, 'Notification ids')

const getNotifications = v.object({
  intent: v.literal('get_notifications'),
  status: v.exactOptional(v.picklist(['unread', 'acknowledged', 'resolved', 'all'])),
})
const updateStatuses = v.object({
  intent: v.literal('update_notification_statuses'),
  notificationIds,
  status: v.picklist(['acknowledged', 'resolved']),
  reason: v.exactOptional(sentence('Why')),
})
const draft = {
  notificationIds,
  correlationType: correlationTypeSchema,
  summary: sentence('What is wrong, in facts: function, file and line, numbers'),
  matchedObservations: listOf(
    text(bounds.sentenceCharacters, 'Copied word for word from a notification'),
    1,
    bounds.ids,
    'Observations this rests on, copied word for word',
  ),
  hypothesisGrounded: v.pipe(
    v.boolean(),
    v.description('True only if two operators or a measurement support the hypothesis'),
  ),
  rootCauseHypothesis: v.exactOptional(sentence('The root cause: mechanism and place')),
  confidence: confidenceSchema,
  severity: v.exactOptional(severitySchema),
  location: v.exactOptional(locationSchema),
  evidence: v.exactOptional(evidenceListSchema),
  remediation: v.exactOptional(sentence('What to do about it')),
  causedBy: v.exactOptional(identifier('Id of the insight that this one is a consequence of')),
} as const
const produceInsight = v.object({ intent: v.literal('produce_insight'), ...draft })
const report = v.object({
  intent: v.literal('report'),
  insights: listOf(
    v.object(draft),
    0,
    bounds.reportedInsights,
    'One for each distinct cause, none if all is well; causedBy may name another of these: "#1"',
  ),
  summary: sentence('The outcome in one or two sentences, also when all is well'),
})
const invokeOperators = v.object({
  intent: v.literal('invoke_operators'),
  skills: listOf(identifier('Skill id'), 1, bounds.ids, 'Skills to investigate, in parallel'),
  context: v.exactOptional(text(bounds.textCharacters, 'What to look for, given to each operator')),
})
const messageOperator = v.object({
  intent: v.literal('message_operator'),
  skill: identifier('Skill id of a running operator'),
  message: text(bounds.textCharacters, 'Question or hint'),
})
const getOperatorStatuses = v.object({ intent: v.literal('get_operator_statuses') })
const wait = v.object({
  intent: v.literal('wait'),
  ms: integer(
    0,
    bounds.waitMs,
    'Milliseconds to wait at most; ends early when an operator reports',
  ),
  until: v.exactOptional(
    v.pipe(
      v.picklist(['report', 'all_ended']),
      v.description('all_ended: single reports do not end it, only the end of all operators'),
    ),
  ),
})
const schedule = v.object({
  intent: v.literal('schedule'),
  ms: integer(bounds.scheduleMinMs, bounds.scheduleMaxMs, 'Milliseconds until the follow-up'),
  reason: sentence('What the follow-up is to look at'),
})
const think = v.object({
  intent: v.literal('think'),
  thought: text(bounds.textCharacters, 'Reasoning for yourself'),
})
const done = v.object({
  intent: v.literal('done'),
  summary: v.exactOptional(sentence('The outcome in one or two sentences, also when all is well')),
})

/** Schema of each coordinator action by intent, in the order in which a model is shown them. */
export const coordinatorActions = {
  invoke_operators: invokeOperators,
  get_operator_statuses: getOperatorStatuses,
  message_operator: messageOperator,
  get_notifications: getNotifications,
  update_notification_statuses: updateStatuses,
  produce_insight: produceInsight,
  wait,
  schedule,
  think,
  done,
  report,
} as const

/** Any coordinator action. */
export const coordinatorActionSchema = v.variant('intent', [
  invokeOperators,
  getOperatorStatuses,
  messageOperator,
  getNotifications,
  updateStatuses,
  produceInsight,
  wait,
  schedule,
  think,
  done,
  report,
])
export type CoordinatorAction = v.InferOutput<typeof coordinatorActionSchema>
export type CoordinatorIntent = CoordinatorAction['intent']

/** The ten tools of a coordinator that goes step by step; `report` ends one that does not. */
export const coordinatorIntents: readonly CoordinatorIntent[] = [
  'invoke_operators',
  'get_operator_statuses',
  'message_operator',
  'get_notifications',
  'update_notification_statuses',
  'produce_insight',
  'wait',
  'schedule',
  'think',
  'done',
]

/** The draft of an insight, as a model writes it. `checkInsight` decides what of it holds. */
export type InsightDraft = Omit<v.InferOutput<typeof produceInsight>, 'intent'>
