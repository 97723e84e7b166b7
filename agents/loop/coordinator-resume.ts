/** How a run that was rebuilt from the journal goes on. */

import type { CoordinatorEffect, CoordinatorStep } from './coordinator-effect.ts'
import { endRun, gathered } from './coordinator-ending.ts'
import type { CoordinatorRun } from './coordinator-run.ts'
import { endTimers } from './coordinator-start.ts'
import { nextTurn } from './coordinator-thinking.ts'
import { runningOperators } from './coordinator-turns.ts'
import { unreachable } from './unreachable.ts'

/** A run that was under way in so many crashes of its coordinator may be what crashes it. */
export const maxResumes = 3

/**
 * Asks again what was asked, arms the timers of the phase again, and hears of the operators again.
 * What had been done before the crash may be wanted twice: insights and operators carry ids by
 * which the hands know them.
 */
export function resumeRun(crashed: CoordinatorRun, at: number): CoordinatorStep {
  const run = { ...crashed, resumes: crashed.resumes + 1 }
  if (run.resumes > maxResumes) return endRun(asFailed(run), 'failed', at)
  const again = [
    ...run.insights.map<CoordinatorEffect>((insight) => ({ type: 'insight', insight })),
    ...runningOperators(run).map((record): CoordinatorEffect => attach(run, record.runId)),
  ]
  const [next, effects] = onwards(run, at)
  return [next, [...endTimers(run, at), ...again, ...effects]]
}

function asFailed(run: CoordinatorRun): CoordinatorRun {
  const message = `its coordinator crashed ${run.resumes} times while it was under way`
  const failure = { type: 'model-failure', kind: 'unknown', model: 'none', attempts: 0 } as const
  return { ...run, failure: { ...failure, message, retryable: false } }
}

/** An operator that was never heard of did not start, as far as anyone knows. */
function attach(run: CoordinatorRun, runId: string): CoordinatorEffect {
  const pid = run.operators.find((one) => one.runId === runId)?.pid
  return { type: 'attach-operator', operator: runId, pid: pid ?? '' }
}

function onwards(run: CoordinatorRun, at: number): CoordinatorStep {
  const { phase, limits } = run
  switch (phase.type) {
    case 'thinking':
    case 'deciding':
    case 'retrying':
      return nextTurn(run, at)
    case 'waiting': {
      const asked = phase.action.intent === 'wait' ? phase.action.ms : 0
      const ms = Math.max(0, phase.since + asked - at)
      return [run, [{ type: 'arm-timer', timer: phase.timer, ms }]]
    }
    case 'gathering': {
      const [next, effects] = gathered(run, at)
      if (phase.cause === 'iterations') return [next, effects]
      const ms = Math.floor(limits.graceMs / 2)
      return [next, [{ type: 'arm-timer', timer: phase.timer, ms }, ...effects]]
    }
    case 'concluding':
      return gathered({ ...run, phase: { ...phase, type: 'gathering' } }, at)
    case 'queued':
    case 'deferring':
    case 'ended':
      return [run, []]
    default:
      return unreachable(phase)
  }
}
