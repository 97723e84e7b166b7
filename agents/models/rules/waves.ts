/**
 * Whom to ask, and when. Pure.
 *
 * Each operator is a thread in the process that is in trouble. So what set a run off by itself is
 * followed by the skill that saw it and those that can know its cause; the others are asked only
 * when these have found none. Who asks with a reason, or without, gets all that fit at once.
 */
import type { JsonObject } from '../../vocabulary/json.ts'
import type { CoordinatorRequest } from '../../vocabulary/model-request.ts'
import type { Correlation } from './correlate.ts'
import { signalOf, stepsOf } from './history.ts'
import { fittingSkills } from './relevance.ts'

/** A closer circle, then all. */
const mostWaves = 2
/** One action names so many skills at most. */
const mostSkills = 50

/** The skills to invoke now; none if it is too early, too late, or there is nothing to ask about. */
export function nextWave(request: CoordinatorRequest, correlation: Correlation): string[] {
  const { skills, reason, operators } = request
  const waves = stepsOf(request.turns).filter(({ action }) => action.intent === 'invoke_operators')
  const isRunning = operators.some(({ status }) => status === 'running')
  if (isRunning || waves.length >= mostWaves) return []
  const close = closeSkills(request)
  const isFirst = waves.length === 0 && operators.length === 0
  if (isFirst && !hasCause(request)) return []
  const asked = operators.map(({ skill }) => skill)
  const fitting = fittingSkills(skills, reason)
  const wanted = isFirst && close.length > 0 ? close : fitting
  const isWanted = isFirst || (close.length > 0 && !isFound(correlation))
  return isWanted ? wanted.filter((id) => !asked.includes(id)).slice(0, mostSkills) : []
}

/** There is a reason to look, or nothing else to go by. */
function hasCause({ reason, notifications }: CoordinatorRequest): boolean {
  return reason !== undefined || notifications.length === 0
}

/** A cause with a place that somebody is at least fairly sure of. */
function isFound({ causes }: Correlation): boolean {
  return causes.some(
    ({ cluster: { lead } }) => lead.location !== undefined && lead.confidence !== 'low',
  )
}

/** The skill that saw what set the run off, and those that can know why; none if nothing did. */
function closeSkills({ turns, skills }: CoordinatorRequest): string[] {
  const signal = signalOf(turns)
  if (signal === undefined) return []
  const seenBy = observersOf(signal)
  const observers = skills.filter(({ id }) => seenBy.includes(id))
  const explaining = observers.flatMap(({ explainedBy }) => explainedBy)
  // who saw it comes first: not all may work at once
  return [...new Set([...observers.map(({ id }) => id), ...explaining])]
}

/** Which skills see what a signal tells. */
function observersOf({ type, skill, what }: JsonObject): string[] {
  if (type === 'stall') return ['vm_events']
  if (type === 'heap') return what === 'external' ? ['allocator'] : ['tables']
  return typeof skill === 'string' ? [skill] : []
}
