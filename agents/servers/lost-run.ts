/** A run that cannot be taken over ends with what the journal knows of it. */
import type { JournaledRun } from '../journal.ts'
import type { CoordinatorEvent, CoordinatorResult } from '../loop/coordinator-run.ts'
import { isObject } from '../vocabulary/json.ts'

/** Its result, `failed` with the reason: its notifications and insights are not lost with it. */
export function lostResult(
  runId: string,
  records: JournaledRun['records'],
  reason: string,
): CoordinatorResult {
  const replies = records.flatMap((record) =>
    record.type === 'run-event' && isReply(record.event) ? [record.event.reply] : [],
  )
  const failure = { type: 'model-failure', kind: 'unknown', model: 'none', attempts: 0 } as const
  const message = `its coordinator crashed and the run could not be taken over: ${reason}`
  return {
    version: 1,
    runId,
    outcome: 'failed',
    partial: true,
    insights: records.flatMap((record) => (record.type === 'insight' ? [record.insight] : [])),
    notifications: records.flatMap((record) =>
      record.type === 'notification' ? [{ ...record.notification, status: 'unread' } as const] : [],
    ),
    operatorResults: [],
    models: [...new Set(replies.map(({ model }) => model))],
    iterations: replies.length,
    tokens: replies.reduce((sum, { usage }) => sum + usage.inputTokens + usage.outputTokens, 0),
    failure: { ...failure, message, retryable: false },
    startedAt: new Date(records[0]?.at ?? Date.now()).toISOString(),
    endedAt: new Date().toISOString(),
  }
}

/** A record that could not be folded may be what it says it is, or not. */
function isReply(
  event: CoordinatorEvent,
): event is Extract<CoordinatorEvent, { type: 'model-replied' }> {
  return event.type === 'model-replied' && isObject(event.reply) && isObject(event.reply.usage)
}
