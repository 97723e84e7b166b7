/** A run that waits for its turn: its deadline counts from when it was asked for. */
import type { CoordinatorStep } from './coordinator-effect.ts'
import { endRun } from './coordinator-ending.ts'
import type { CoordinatorEvent, CoordinatorRun, RunOutcome } from './coordinator-run.ts'
import { dueTimer, endTimers } from './coordinator-start.ts'
import { nextTurn } from './coordinator-thinking.ts'
import { rememberCause } from './known-causes.ts'

/** One step of it. Nothing of it has begun, so whatever is said to operators or models is stale. */
export function stepQueued(run: CoordinatorRun, event: CoordinatorEvent): CoordinatorStep {
  const { at, type } = event
  if (type === 'begin') return nextTurn({ ...run, startedAt: new Date(at).toISOString() }, at)
  if (type === 'cause-known') return [{ ...run, known: rememberCause(run.known, event.cause) }, []]
  if (type === 'resumed') return [run, [...endTimers(run, at), ...dueTimer(run, at)]]
  if (type === 'cancel' || type === 'stop') return neverBegan(run, 'cancelled', at)
  const isOver = type === 'timer' && event.timer !== 'due'
  return isOver ? neverBegan(run, 'deadline_exceeded', at) : [run, []]
}

function neverBegan(run: CoordinatorRun, outcome: RunOutcome, at: number): CoordinatorStep {
  const why = outcome === 'cancelled' ? 'it was cancelled first' : 'its time was over first'
  return endRun(run, outcome, at, `The run never began: it waited for its turn, and ${why}.`)
}
