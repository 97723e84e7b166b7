/**
 * The shape of everything of the agents that leaves the process: results, journal lines. Insights
 * and notifications have theirs in the vocabulary. Version 1.
 */
import * as v from 'valibot'
import { journalVersion } from './journal.ts'
import { identifier } from './vocabulary/fields.ts'
import { insightSchema } from './vocabulary/insight.ts'
import { modelFailureSchema } from './vocabulary/model-reply.ts'
import {
  notificationRecordSchema,
  notificationSchema,
  snapshotSchema,
  timestampSchema,
} from './vocabulary/notification.ts'
import { operatorHealthSchema } from './vocabulary/operator-action.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const reason = v.string()

/** How an operator's run ended. */
export const operatorEndingSchema = v.variant('type', [
  v.strictObject({
    type: v.literal('completed'),
    state: operatorHealthSchema,
    summary: v.exactOptional(v.string()),
  }),
  v.strictObject({ type: v.literal('failed'), reason }),
  v.strictObject({ type: v.literal('crashed'), reason }),
  v.strictObject({ type: v.literal('cancelled'), reason }),
])

/** What an operator's run ends with. */
export const operatorResultSchema = v.strictObject({
  skill: identifier('Skill id'),
  ending: operatorEndingSchema,
  partial: v.boolean(),
  notifications: v.array(notificationSchema),
  snapshots: v.array(snapshotSchema),
  iterations: count,
  tokens: count,
  models: v.array(v.string()),
  startedAt: timestampSchema,
  endedAt: timestampSchema,
})

/** One operator in the result of a coordinator's run. */
export const operatorReportSchema = v.strictObject({
  skill: identifier('Skill id'),
  runId: identifier('Run id'),
  status: v.picklist(['running', 'completed', 'failed', 'crashed', 'cancelled']),
  state: operatorHealthSchema,
  iteration: count,
  startedAt: timestampSchema,
  reason: v.exactOptional(reason),
  summary: v.exactOptional(v.string()),
  partial: v.boolean(),
  notificationIds: v.array(identifier('Notification id')),
})

/** What a coordinator's run ends with. */
export const coordinatorResultSchema = v.strictObject({
  version: v.literal(1),
  runId: identifier('Run id'),
  outcome: v.picklist([
    'done',
    'deadline_exceeded',
    'cancelled',
    'iterations_spent',
    'tokens_spent',
    'failed',
  ]),
  partial: v.boolean(),
  summary: v.exactOptional(v.string()),
  insights: v.array(insightSchema),
  repeats: v.exactOptional(
    v.array(
      v.strictObject({
        insightId: identifier('Insight id'),
        summary: v.string(),
        occurrences: count,
      }),
    ),
  ),
  notifications: v.array(notificationRecordSchema),
  operatorResults: v.array(operatorReportSchema),
  models: v.array(v.string()),
  iterations: count,
  tokens: count,
  failure: v.exactOptional(modelFailureSchema),
  followUp: v.exactOptional(v.strictObject({ ms: count, reason })),
  startedAt: timestampSchema,
  endedAt: timestampSchema,
})

const line = {
  version: v.literal(journalVersion),
  at: v.number(),
  runId: identifier('Run id'),
} as const

/** One line of the journal. Starts and events are the coordinator's own and may grow fields. */
export const journalRecordSchema = v.variant('type', [
  v.strictObject({
    ...line,
    type: v.literal('run-started'),
    start: v.looseObject({ id: identifier('Run id') }),
  }),
  v.strictObject({
    ...line,
    type: v.literal('run-event'),
    event: v.looseObject({ type: v.string(), at: v.number() }),
  }),
  v.strictObject({ ...line, type: v.literal('run-ended'), result: coordinatorResultSchema }),
  v.strictObject({
    ...line,
    type: v.literal('operator-run-started'),
    skill: identifier('Skill id'),
    operator: identifier('Operator run id'),
  }),
  v.strictObject({
    ...line,
    type: v.literal('operator-run-ended'),
    operator: identifier('Operator run id'),
    result: operatorResultSchema,
  }),
  v.strictObject({ ...line, type: v.literal('notification'), notification: notificationSchema }),
  v.strictObject({ ...line, type: v.literal('insight'), insight: insightSchema }),
])
