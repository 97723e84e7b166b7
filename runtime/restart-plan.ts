import { type ExitReason, isAbnormal } from './exit-reason.ts'

export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one'
export type RestartType = 'permanent' | 'transient' | 'temporary'

/** What a supervisor does about a child that ended by itself. */
export type Verdict = 'restart' | 'keep' | 'remove'

/** `keep`: the spec stays, without a process. */
export function verdict(restart: RestartType, reason: ExitReason): Verdict {
  if (restart === 'temporary') return 'remove'
  if (restart === 'transient' && !isAbnormal(reason)) return 'keep'
  return 'restart'
}

/** Which children go down, in this order, and which come up, in this order. */
export interface RestartPlan {
  readonly stop: readonly string[]
  readonly start: readonly string[]
}

/**
 * @param ids All children in start order.
 * @param failed The one that ended (not in `stop`; it is dead).
 */
export function planRestart(
  strategy: Strategy,
  ids: readonly string[],
  failed: string,
): RestartPlan {
  const affected = affectedBy(strategy, ids, failed)
  return { stop: affected.filter((id) => id !== failed).toReversed(), start: affected }
}

function affectedBy(strategy: Strategy, ids: readonly string[], failed: string): readonly string[] {
  if (strategy === 'one_for_one') return [failed]
  if (strategy === 'one_for_all') return ids
  return ids.slice(ids.indexOf(failed))
}
