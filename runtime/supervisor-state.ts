/** What a supervisor knows of its children, and how that changes. Pure. */

import type { ChildSpec } from './child-spec.ts'
import type { Pid } from './pid.ts'
import type { RestartTimes } from './restart-intensity.ts'
import type { Strategy } from './restart-plan.ts'

/** A child as the supervisor keeps it. */
export interface Child {
  readonly spec: ChildSpec
  readonly pid: Pid | undefined
  /** The newest pid it had, for reports. */
  readonly lastPid: Pid | undefined
  /** Its last start failed and is to be tried again. */
  readonly restarting: boolean
  readonly restarts: number
}

export interface SupervisorState {
  readonly strategy: Strategy
  readonly maxRestarts: number
  readonly maxSeconds: number
  /** In start order. */
  readonly children: readonly Child[]
  readonly times: RestartTimes
}

/** A row of `whichChildren`. */
export interface ChildInfo {
  readonly id: string
  readonly pid: Pid | undefined
  readonly status: 'running' | 'stopped' | 'restarting'
  readonly type: ChildSpec['type']
  readonly restarts: number
}

export interface ChildCounts {
  readonly specs: number
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

export function fresh(spec: ChildSpec, pid: Pid | undefined): Child {
  return { spec, pid, lastPid: pid, restarting: false, restarts: 0 }
}

export function findChild(state: SupervisorState, id: string): Child | undefined {
  return state.children.find(({ spec }) => spec.id === id)
}

export function withChild(state: SupervisorState, child: Child): SupervisorState {
  return { ...state, children: [...state.children, child] }
}

export function withoutChild(state: SupervisorState, id: string): SupervisorState {
  return { ...state, children: state.children.filter(({ spec }) => spec.id !== id) }
}

export function updateChild(
  state: SupervisorState,
  id: string,
  change: Partial<Omit<Child, 'spec'>>,
): SupervisorState {
  const children = state.children.map((child) =>
    child.spec.id === id ? { ...child, ...change } : child,
  )
  return { ...state, children }
}

/** The child has no process; a temporary one is forgotten. */
export function stopped(state: SupervisorState, { spec }: Child): SupervisorState {
  if (spec.restart === 'temporary') return withoutChild(state, spec.id)
  return updateChild(state, spec.id, { pid: undefined, restarting: false })
}

export function describeChild({ spec, pid, restarting, restarts }: Child): ChildInfo {
  const status = pid ? 'running' : restarting ? 'restarting' : 'stopped'
  return { id: spec.id, pid, status, type: spec.type, restarts }
}

export function countChildren({ children }: SupervisorState): ChildCounts {
  const supervisors = children.filter(({ spec }) => spec.type === 'supervisor').length
  return {
    specs: children.length,
    active: children.filter(({ pid }) => pid).length,
    supervisors,
    workers: children.length - supervisors,
  }
}
