/** What a journal file tells of the past: `nodelens history --json` and `readHistory`. */
import * as v from 'valibot'
import { journalRecordSchema } from '../schemas.ts'
import { insightSchema } from '../vocabulary/insight.ts'
import { timestampSchema } from '../vocabulary/notification.ts'

/** Version of the history's shape. Raised when a field changes its meaning or goes away. */
export const historyVersion = 1

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** One run, whatever became of it. */
export const historyRunSchema = v.strictObject({
  runId: v.string(),
  /** `crash`: the insight of an uncaught error, which needs no run. */
  kind: v.picklist(['coordinator', 'operator', 'crash']),
  skill: v.exactOptional(v.string()),
  reason: v.exactOptional(v.string()),
  /** Where it ran. */
  host: v.string(),
  pid: count,
  startedAt: timestampSchema,
  /** When it ended; of an interrupted run, when it was last heard of. Absent: it is under way. */
  endedAt: v.exactOptional(timestampSchema),
  /** As in the run's result, or `interrupted` (its process was killed), `stopped` (nodelens was). */
  outcome: v.exactOptional(v.string()),
  partial: v.boolean(),
  summary: v.exactOptional(v.string()),
  iterations: v.exactOptional(count),
  tokens: v.exactOptional(count),
  notifications: count,
  insights: count,
})
export type HistoryRun = v.InferOutput<typeof historyRunSchema>

/** What one model has cost. */
export const historySpendingSchema = v.strictObject({
  model: v.string(),
  turns: count,
  failures: count,
  inputTokens: count,
  outputTokens: count,
  /** Null: the price of a turn is not known. Unknown is not free. */
  costUsd: v.nullable(v.number()),
})
export type HistorySpending = v.InferOutput<typeof historySpendingSchema>

/** What is read of a journal file. */
export const historySchema = v.strictObject({
  version: v.literal(historyVersion),
  file: v.string(),
  readAt: timestampSchema,
  /** Absent: from the beginning. */
  since: v.exactOptional(timestampSchema),
  /** Newest first. */
  runs: v.array(historyRunSchema),
  /** Newest first. */
  insights: v.array(insightSchema),
  spending: v.array(historySpendingSchema),
  /** There is more than was asked for. */
  truncated: v.boolean(),
  /** Rows that are not what a journal holds, and were left out. */
  unreadable: count,
  /** Everything of the one run that was asked for, oldest first: events, notifications, the models' turns. */
  records: v.exactOptional(v.array(journalRecordSchema)),
})
export type History = v.InferOutput<typeof historySchema>
