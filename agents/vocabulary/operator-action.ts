/** What an operator may do in one turn: one JSON object, told apart by `intent`. */
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

/** The health an operator attests its skill. Any change is allowed; a run begins at `healthy`. */
export const operatorHealthSchema = v.picklist(['healthy', 'observing', 'warning', 'critical'])
export type OperatorHealth = v.InferOutput<typeof operatorHealthSchema>

const setState = v.object({
  intent: v.literal('set_state'),
  state: operatorHealthSchema,
  reason: sentence('Why, in facts'),
})

const sendNotification = v.object({
  intent: v.literal('send_notification'),
  type: text(bounds.typeCharacters, 'Kind of finding, snake_case, e.g. event_loop_stall'),
  severity: severitySchema,
  context: text(bounds.textCharacters, 'Facts around it: what the process was doing, since when'),
  observation: sentence('The fact itself, with numbers. No guesses'),
  hypothesis: v.exactOptional(sentence('What may be the cause. The only place for guesses')),
  snapshotIds: listOf(identifier('Snapshot id'), 1, bounds.ids, 'Snapshots this rests on'),
  location: v.exactOptional(locationSchema),
  evidence: v.exactOptional(evidenceListSchema),
  remediation: v.exactOptional(sentence('What to do about it')),
  confidence: v.exactOptional(confidenceSchema),
  explains: v.exactOptional(
    listOf(
      text(bounds.typeCharacters, 'Notification type'),
      0,
      bounds.ids,
      'Types of findings that are mere consequences of this one',
    ),
  ),
})

const getNotifications = v.object({ intent: v.literal('get_notifications') })
const takeSnapshot = v.object({ intent: v.literal('take_snapshot') })
const getSnapshot = v.object({
  intent: v.literal('get_snapshot'),
  id: identifier('Snapshot id'),
})
const getSnapshots = v.object({
  intent: v.literal('get_snapshots'),
  limit: v.exactOptional(integer(1, bounds.snapshots, 'How many, newest first; default 5')),
  offset: v.exactOptional(integer(0, 10_000, 'How many of the newest to skip; default 0')),
})
const execute = v.object({
  intent: v.literal('execute'),
  code: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(bounds.codeCharacters),
    v.description("Lua script over the skill's callbacks; must return its result"),
  ),
})
const wait = v.object({
  intent: v.literal('wait'),
  ms: integer(0, bounds.waitMs, 'Milliseconds to wait'),
})
/** A continuous operator paces itself. */
const watchWait = v.object({
  intent: v.literal('wait'),
  ms: integer(
    bounds.watchMinMs,
    bounds.watchMaxMs,
    'Milliseconds until you look again at the latest',
  ),
  note: v.exactOptional(sentence('What you will want to know then')),
})
const think = v.object({
  intent: v.literal('think'),
  thought: text(bounds.textCharacters, 'Reasoning for yourself'),
})
const done = v.object({
  intent: v.literal('done'),
  state: v.exactOptional(operatorHealthSchema),
  summary: v.exactOptional(sentence('What was looked at and what was found, in facts')),
})
const answer = v.object({
  intent: v.literal('answer'),
  summary: sentence('The answer in one or two sentences'),
  findings: v.exactOptional(listOf(sentence('A fact'), 0, 20, 'Facts the answer rests on')),
  concerns: v.exactOptional(listOf(sentence('A worry'), 0, 20, 'What is not known yet')),
})

/** Schema of each operator action by intent, in the order in which a model is shown them. */
export const operatorActions = {
  take_snapshot: takeSnapshot,
  get_snapshot: getSnapshot,
  get_snapshots: getSnapshots,
  execute,
  send_notification: sendNotification,
  get_notifications: getNotifications,
  set_state: setState,
  wait,
  think,
  done,
  /** Offered only when a message of the coordinator is to be answered. */
  answer,
} as const

/** The same for an operator that watches continuously. */
export const continuousActions = { ...operatorActions, wait: watchWait } as const

/** Any operator action. */
export const operatorActionSchema = v.variant('intent', [
  takeSnapshot,
  getSnapshot,
  getSnapshots,
  execute,
  sendNotification,
  getNotifications,
  setState,
  wait,
  think,
  done,
  answer,
])
export type OperatorAction =
  | v.InferOutput<typeof operatorActionSchema>
  | v.InferOutput<typeof watchWait>
export type OperatorIntent = OperatorAction['intent']

/** The tools of an ordinary turn: all but `answer`. */
export const operatorIntents: readonly OperatorIntent[] = [
  'take_snapshot',
  'get_snapshot',
  'get_snapshots',
  'execute',
  'send_notification',
  'get_notifications',
  'set_state',
  'wait',
  'think',
  'done',
]

/** The draft of a notification, as a model writes it. */
export type NotificationDraft = Omit<v.InferOutput<typeof sendNotification>, 'intent'>
