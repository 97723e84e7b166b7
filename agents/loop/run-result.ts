/** What a run ends with: everything that is known, whatever ended it. */
import { repeatsOf } from './coordinator-insights.ts'
import type {
  CoordinatorResult,
  CoordinatorRun,
  OperatorReport,
  RunOutcome,
} from './coordinator-run.ts'
import { isPartial } from './coordinator-turns.ts'

/** The result of a run whose operators have all ended. */
export function resultOf(
  run: CoordinatorRun,
  outcome: RunOutcome,
  at: number,
  summary: string | undefined,
): CoordinatorResult {
  const repeats = repeatsOf(run, at)
  return {
    version: 1,
    runId: run.id,
    outcome,
    partial: outcome !== 'done' || isPartial(run),
    ...(summary === undefined ? {} : { summary }),
    insights: run.insights,
    ...(repeats.length === 0 ? {} : { repeats }),
    notifications: run.notifications,
    operatorResults: run.operators.map(
      ({ view, runId, notificationIds, finished }): OperatorReport => ({
        ...view,
        runId,
        notificationIds,
        partial: view.status !== 'completed' || finished?.partial === true,
        ...(finished?.summary === undefined ? {} : { summary: finished.summary }),
      }),
    ),
    models: run.models,
    iterations: run.spent.iterations,
    tokens: run.spent.tokens,
    ...(run.failure === undefined || outcome !== 'failed' ? {} : { failure: run.failure }),
    ...(run.followUp === undefined || outcome === 'cancelled' ? {} : { followUp: run.followUp }),
    startedAt: run.startedAt,
    endedAt: new Date(at).toISOString(),
  }
}
