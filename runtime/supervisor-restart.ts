/** What a supervisor does about a child that has ended by itself. */

import { startChild, stopChild } from './children.ts'
import type { Next } from './definition.ts'
import { type ExitReason, isAbnormal, SHUTDOWN } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { countRestart } from './restart-intensity.ts'
import { planRestart, verdict } from './restart-plan.ts'
import type { Started } from './start-process.ts'
import { reportProgress, reportSupervisor } from './supervisor-report.ts'
import {
  type Child,
  endsSupervisor,
  findChild,
  type SupervisorState,
  stopped,
  updateChild,
} from './supervisor-state.ts'

/** The reason in the report of a supervisor that has restarted too often. */
export const TOO_MANY_RESTARTS: ExitReason = Object.freeze({
  type: 'reached_max_restart_intensity',
})

/** A message of a supervisor to itself: a restart has failed and is to be tried again. */
export interface Retry {
  readonly type: '$retry'
  readonly ids: readonly string[]
  readonly reason: ExitReason
}

export function isRetry(message: unknown): message is Retry {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === '$retry' &&
    'ids' in message
  )
}

type State = SupervisorState

export async function childEnded(
  own: Process,
  state: State,
  child: Child,
  reason: ExitReason,
): Promise<Next<State>> {
  const { spec } = child
  if (spec.restart === 'permanent' || isAbnormal(reason)) {
    reportSupervisor(own, 'child_terminated', reason, child)
  }
  if (verdict(spec.restart, reason) !== 'restart') {
    const next = stopped(state, child)
    return endsSupervisor(next, child) ? { state: next, stop: SHUTDOWN } : { state: next }
  }
  const { times, allowed } = countRestart(state.times, Date.now(), state)
  const counted = { ...updateChild(state, spec.id, { pid: undefined }), times }
  if (!allowed) return giveUp(own, counted, child)
  const ids = state.children.map((one) => one.spec.id)
  const plan = planRestart(state.strategy, ids, spec.id)
  let next: State = counted
  for (const id of plan.stop) next = await endById(own, next, id)
  return startAll(own, next, plan.start, reason)
}

/** Every attempt counts; what the attempt before has started goes down again first. */
export async function retry(
  own: Process,
  state: State,
  { ids, reason }: Retry,
): Promise<Next<State>> {
  const failed = ids.map((id) => findChild(state, id)).find((child) => child?.restarting)
  if (!failed) return { state }
  const { times, allowed } = countRestart(state.times, Date.now(), state)
  const counted: State = { ...state, times }
  if (!allowed) return giveUp(own, counted, failed)
  let next = counted
  for (const id of ids.toReversed()) {
    if (findChild(next, id)?.pid) next = await endById(own, next, id)
  }
  return startAll(own, next, ids, reason)
}

export async function endChild(own: Process, state: State, child: Child): Promise<State> {
  if (child.pid) await stopChild(own, child.pid, child.spec)
  return stopped(state, child)
}

/** Last to first, each dead before the next is told. */
export async function stopAll(own: Process, state: State): Promise<void> {
  for (const { pid, spec } of state.children.toReversed()) {
    if (pid) await stopChild(own, pid, spec)
  }
}

/** The next attempt waits behind what came meanwhile, and leaves timers and I/O their turn. */
export function tryAgain(own: Process, message: object): void {
  setImmediate(() => {
    if (own.alive) own.push(message)
  })
}

export function failureOf(started: Started): ExitReason | undefined {
  if (started.type === 'failed') return started.reason
  return started.type === 'name-taken' ? { type: 'already_started', pid: started.pid } : undefined
}

export function pidIn(started: Started): Pid | undefined {
  return started.type === 'started' ? started.pid : undefined
}

function giveUp(own: Process, state: State, { spec, lastPid }: Child): Next<State> {
  reportSupervisor(own, 'shutdown', TOO_MANY_RESTARTS, { spec, pid: lastPid })
  return { state, stop: SHUTDOWN }
}

async function endById(own: Process, state: State, id: string): Promise<State> {
  const child = findChild(state, id)
  return child ? endChild(own, state, child) : state
}

/** A failed start waits in the mailbox, so that other requests are served between attempts. */
async function startAll(
  own: Process,
  state: State,
  ids: readonly string[],
  reason: ExitReason,
): Promise<Next<State>> {
  let next = state
  for (const [index, id] of ids.entries()) {
    const child = findChild(next, id)
    if (!child) continue
    const started = await startChild(own, child.spec)
    const failure = failureOf(started)
    if (failure) {
      reportSupervisor(own, 'start_error', failure, child)
      const again = state.strategy === 'one_for_all' ? ids : ids.slice(index)
      tryAgain(own, { type: '$retry', ids: again, reason } satisfies Retry)
      return { state: updateChild(next, id, { pid: undefined, restarting: true }) }
    }
    next = restarted(own, next, child, started, reason)
  }
  return { state: next }
}

function restarted(
  own: Process,
  state: State,
  child: Child,
  started: Started,
  reason: ExitReason,
): State {
  const pid = pidIn(started)
  const { spec, lastPid } = child
  const restarts = child.restarts + 1
  if (pid) {
    const oldPid = lastPid ?? pid
    const { pid: supervisor } = own
    const { id } = spec
    const event = { supervisor, id, oldPid, newPid: pid, reason, restarts }
    own.kernel.onLife?.({ type: 'restarted', ...event })
    reportProgress(own, 'info', { spec, pid })
  }
  return updateChild(state, spec.id, { pid, lastPid: pid, restarting: false, restarts })
}
