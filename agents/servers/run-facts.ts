/** What the events of a run say of it: numbers, names, how it ended. */
import type { CoordinatorResult, CoordinatorRun } from '../loop/coordinator-run.ts'
import { signalOf } from '../loop/coordinator-turns.ts'
import type { OperatorResult } from '../loop/operator-run.ts'
import type { TelemetryData } from '../telemetry-fields.ts'

/** A run of the coordinator begins, at once or after it had waited for its turn. */
export function startedFacts(run: CoordinatorRun, at: number): TelemetryData<'run', 'started'> {
  const { id: runId, reason, followUps, priority, askedAt } = run
  const signal = signalOf(run)?.['type']
  const waitedMs = Math.max(0, at - askedAt)
  return { agent: 'coordinator', runId, reason, signal, followUps, priority, waitedMs }
}

/** It has ended; its tokens are those of its operators too. */
export function endedFacts(result: CoordinatorResult): TelemetryData<'run', 'ended'> {
  const { runId, outcome, partial, insights } = result
  return {
    agent: 'coordinator',
    runId,
    outcome,
    partial,
    insights: insights.length,
    ...countsOf(result),
  }
}

/** What an operator's run has come to. */
export function operatorEndedFacts(result: OperatorResult): TelemetryData<'run', 'ended'> {
  const { ending, partial } = result
  const reason = ending.type === 'completed' ? undefined : ending.reason
  return { agent: 'operator', outcome: ending.type, reason, partial, ...countsOf(result) }
}

function countsOf(result: CoordinatorResult | OperatorResult) {
  const { notifications, iterations, tokens, models, startedAt, endedAt } = result
  const durationMs = Date.parse(endedAt) - Date.parse(startedAt)
  return { notifications: notifications.length, iterations, tokens, models, durationMs }
}
