/** A notification: what one operator saw, facts apart from speculation, with the snapshots it rests on. */
import * as v from 'valibot'
import { bounds } from './bounds.ts'
import { notificationStatusSchema } from './coordinator-action.ts'
import {
  confidenceSchema,
  evidenceListSchema,
  identifier,
  locationSchema,
  severitySchema,
  text,
} from './fields.ts'
import type { Json } from './json.ts'

/** Epoch time as ISO 8601 with milliseconds and zone, as `Date#toISOString` writes it. */
export const timestampSchema = v.pipe(v.string(), v.isoTimestamp())

const jsonSchema = v.custom<Json>(isJson, 'expected plain JSON data')

/** One reading of a skill. `data` is what the skill's snapshot function returned. */
export const snapshotSchema = v.object({
  id: identifier('Snapshot id'),
  capturedAt: timestampSchema,
  data: jsonSchema,
})
export type Snapshot = v.InferOutput<typeof snapshotSchema>

/** A notification as it travels from the operator and is kept in the journal. */
export const notificationSchema = v.object({
  id: identifier('Notification id'),
  runId: identifier('Run id'),
  /** Id of the skill whose operator speaks. */
  operator: identifier('Skill id'),
  type: text(bounds.typeCharacters, 'Kind of finding'),
  severity: severitySchema,
  context: text(bounds.textCharacters, 'Facts around it'),
  observation: text(bounds.sentenceCharacters, 'The fact itself'),
  hypothesis: v.exactOptional(text(bounds.sentenceCharacters, 'Speculation')),
  snapshotIds: v.pipe(v.array(identifier('Snapshot id')), v.maxLength(bounds.ids)),
  /** Copies of those snapshots. */
  snapshots: v.pipe(v.array(snapshotSchema), v.maxLength(bounds.ids)),
  detectedAt: timestampSchema,
  /** Where the process runs: host name and pid. */
  node: v.pipe(v.string(), v.maxLength(bounds.placeCharacters)),
  location: v.exactOptional(locationSchema),
  evidence: v.exactOptional(evidenceListSchema),
  remediation: v.exactOptional(text(bounds.sentenceCharacters, 'What to do')),
  confidence: v.exactOptional(confidenceSchema),
  explains: v.exactOptional(
    v.pipe(v.array(text(bounds.typeCharacters, 'Notification type')), v.maxLength(bounds.ids)),
  ),
  /** What a language model says in it and no snapshot and no result of its run bears out. */
  unverified: v.exactOptional(v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(20))),
})
export type Notification = v.InferOutput<typeof notificationSchema>

/** A notification in the coordinator's book, with its status. */
export const notificationRecordSchema = v.object({
  ...notificationSchema.entries,
  status: notificationStatusSchema,
})
export type NotificationRecord = v.InferOutput<typeof notificationRecordSchema>

/** What a coordinator's model is shown of a notification: everything but the snapshots' data. */
export type NotificationView = Omit<NotificationRecord, 'snapshots'>

/** Leaves out the snapshots' data, which is large; their ids stay. */
export function viewNotification(record: NotificationRecord): NotificationView {
  const { snapshots: _, ...view } = record
  return view
}

/** Tells whether a value is plain JSON: no functions, dates or classes, at most 64 levels deep. */
export function isJson(value: unknown, depth = 0): value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth >= 64) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  return isPlain(value) && Object.values(value).every((item) => isJson(item, depth + 1))
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
