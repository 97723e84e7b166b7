/** How a run that was rebuilt from the journal goes on. */
import { gathered } from './coordinator-ending.ts'
import type { CoordinatorEffect, CoordinatorRun, CoordinatorStep } from './coordinator-run.ts'
import { askModel } from './coordinator-thinking.ts'
import { runningOperators } from './coordinator-turns.ts'
import { unreachable } from './unreachable.ts'

/**
 * Asks again what was asked, arms the timers of the phase again, and hears of the operators again.
 * What had been done before the crash may be wanted twice: insights and operators carry ids by
 * which the hands know them.
 */
export function resumeRun(run: CoordinatorRun, at: number): CoordinatorStep {
  const again = [
    ...run.insights.map<CoordinatorEffect>((insight) => ({ type: 'insight', insight })),
    ...runningOperators(run).map((record): CoordinatorEffect => attach(run, record.runId)),
  ]
  const [next, effects] = onwards(run, at)
  return [next, [...again, ...effects]]
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
    case 'retrying':
      return askModel(run, at)
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
    case 'deferring':
    case 'ended':
      return [run, []]
    default:
      return unreachable(phase)
  }
}
