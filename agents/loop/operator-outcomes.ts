/** What came of the things that an operator has others do: snapshots and scripts. */
import { capJson } from './cap-json.ts'
import type { ExecutionOutcome, OperatorEvent, OperatorRun, OperatorStep } from './operator-run.ts'
import { askModel } from './operator-thinking.ts'
import { withTurns } from './operator-turns.ts'

/** A snapshot was taken, or could not be: the model is told either. */
export function onSnapshot(
  run: OperatorRun,
  event: Extract<OperatorEvent, { type: 'snapshot-taken' | 'snapshot-failed' }>,
): OperatorStep {
  const { phase } = run
  if (phase.type !== 'snapshotting' || phase.request !== event.request) return [run, []]
  const action = { type: 'action', action: phase.action } as const
  if (event.type === 'snapshot-failed') {
    const { message } = event
    const failed = { type: 'result', intent: 'take_snapshot', ok: false, error: message } as const
    const [next, effects] = askModel(withTurns(run, action, failed), event.at)
    return [next, [{ type: 'tell', event: 'snapshot-failed', data: { message } }, ...effects]]
  }
  const id = `${run.id}.s${run.snapshots.length + 1}`
  const { data, capturedAt } = event
  const snapshot = { id, capturedAt, data: capJson(data).value }
  const value = { id, capturedAt, data: snapshot.data }
  const result = { type: 'result', intent: 'take_snapshot', ok: true, value } as const
  const kept = { ...run, snapshots: [...run.snapshots, snapshot] }
  const [next, effects] = askModel(withTurns(kept, action, result), event.at)
  return [next, [{ type: 'tell', event: 'snapshot-taken', data: { snapshotId: id } }, ...effects]]
}

/** A script has run, or was stopped: the model is told which. */
export function onExecuted(
  run: OperatorRun,
  request: string,
  outcome: ExecutionOutcome,
  at: number,
): OperatorStep {
  const { phase } = run
  if (phase.type !== 'executing' || phase.request !== request) return [run, []]
  const result = outcome.ok
    ? ({ type: 'result', intent: 'execute', ok: true, ...resultValue(outcome) } as const)
    : ({
        type: 'result',
        intent: 'execute',
        ok: false,
        error: outcome.message,
        code: outcome.code,
      } as const)
  const [next, effects] = askModel(
    withTurns(run, { type: 'action', action: phase.action }, result),
    at,
  )
  const data = outcome.ok ? { ok: true } : { ok: false, code: outcome.code }
  return [next, [{ type: 'tell', event: 'executed', data }, ...effects]]
}

function resultValue(outcome: Extract<ExecutionOutcome, { ok: true }>) {
  return { value: capJson(outcome.value).value }
}
