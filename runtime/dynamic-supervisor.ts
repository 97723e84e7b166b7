/** A supervisor of children that come and go, all alike to it; told apart by pid. */

import { type ChildSpec, checkSpec } from './child-spec.ts'
import { startChild, stopChild } from './children.ts'
import { acting } from './current.ts'
import { type Next, type Reply, server } from './definition.ts'
import { NoProcess, RuntimeFailure } from './errors.ts'
import { type ExitReason, SHUTDOWN } from './exit-reason.ts'
import { checkKeys, checkNumber } from './options.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { countRestart, type RestartTimes } from './restart-intensity.ts'
import { verdict } from './restart-plan.ts'
import { isExitMessage } from './signal.ts'
import { startError } from './spawn.ts'
import type { ChildCounts, ChildInfo } from './supervisor-state.ts'

export interface DynamicSupervisorOptions {
  /** Default 3, as Elixir. */
  readonly maxRestarts?: number
  /** Default 5, as Elixir. */
  readonly maxSeconds?: number
  /** Children at the same time. Default: no bound. */
  readonly maxChildren?: number
}

interface DynamicChild {
  readonly spec: ChildSpec
  readonly restarts: number
}

interface State extends Required<DynamicSupervisorOptions> {
  readonly children: ReadonlyMap<Pid, DynamicChild>
  readonly times: RestartTimes
}

type Answer<Value> = Reply<State, Value> | Next<State>

export const dynamicSupervisorServer = server(import.meta, {
  name: 'dynamic-supervisor',
  trapExit: true,
  init: (options: DynamicSupervisorOptions): State => ({
    ...checkedDynamic('dynamicSupervisor', options),
    children: new Map(),
    times: [],
  }),
  calls: {
    startChild: async (state: State, spec: ChildSpec): Promise<Answer<Pid | undefined>> => {
      checkSpec(spec)
      if (state.children.size >= state.maxChildren) {
        return { state, fail: new RuntimeFailure('ERR_MAX_CHILDREN', maxChildrenText(state)) }
      }
      const started = await startChild(acting('dynamic supervisor'), spec)
      if (started.type === 'ignored') return { reply: undefined, state }
      if (started.type !== 'started') return { state, fail: startError(spec.id, started) }
      const children = new Map(state.children).set(started.pid, { spec, restarts: 0 })
      return { reply: started.pid, state: { ...state, children } }
    },
    terminateChild: async (state: State, pid: Pid): Promise<Answer<true>> => {
      const child = state.children.get(pid)
      if (!child) return { state, fail: new NoProcess(pid) }
      await stopChild(acting('dynamic supervisor'), pid, child.spec)
      return { reply: true, state: without(state, pid) }
    },
    whichChildren: (state: State): Reply<State, readonly ChildInfo[]> => ({
      reply: [...state.children].map(([pid, { spec, restarts }]) => ({
        id: spec.id,
        pid,
        status: 'running',
        type: spec.type,
        restarts,
      })),
      state,
    }),
    countChildren: (state: State): Reply<State, ChildCounts> => {
      const { size } = state.children
      const supervisors = [...state.children.values()].filter(
        ({ spec }) => spec.type === 'supervisor',
      ).length
      return {
        reply: { specs: size, active: size, supervisors, workers: size - supervisors },
        state,
      }
    },
  },
  info: async (state: State, message: unknown): Promise<Next<State>> => {
    if (!isExitMessage(message)) return { state }
    const child = state.children.get(message.pid)
    if (!child) return { state }
    return ended(acting('dynamic supervisor'), without(state, message.pid), message.pid, {
      ...child,
      reason: message.reason,
    })
  },
  terminate: async (state: State): Promise<void> => {
    const own = acting('dynamic supervisor')
    await Promise.all([...state.children].map(([pid, { spec }]) => stopChild(own, pid, spec)))
  },
})

/** A child that is a dynamic supervisor, for `startRuntime` or `supervisor`. */
export function dynamicSupervisor(id: string, options: DynamicSupervisorOptions = {}): ChildSpec {
  return checkSpec({
    id,
    definition: dynamicSupervisorServer.address,
    args: checkedDynamic(`dynamicSupervisor '${id}'`, options),
    restart: 'permanent',
    shutdown: 'infinity',
    type: 'supervisor',
    placement: 'here',
    name: id,
  })
}

async function ended(
  own: Process,
  state: State,
  oldPid: Pid,
  { spec, restarts, reason }: DynamicChild & { readonly reason: ExitReason },
): Promise<Next<State>> {
  if (verdict(spec.restart, reason) !== 'restart') return { state }
  const { times, allowed } = countRestart(state.times, Date.now(), state)
  const counted = { ...state, times }
  if (!allowed) return { state: counted, stop: SHUTDOWN }
  const started = await startChild(own, spec)
  if (started.type === 'ignored') return { state: counted }
  if (started.type !== 'started') {
    return ended(own, counted, oldPid, { spec, restarts, reason })
  }
  const supervisor = own.pid
  const { id } = spec
  own.kernel.onLife?.({
    type: 'restarted',
    supervisor,
    id,
    oldPid,
    newPid: started.pid,
    reason,
    restarts: restarts + 1,
  })
  const children = new Map(state.children).set(started.pid, { spec, restarts: restarts + 1 })
  return { state: { ...counted, children } }
}

function without(state: State, pid: Pid): State {
  const children = new Map(state.children)
  children.delete(pid)
  return { ...state, children }
}

function maxChildrenText({ maxChildren }: State): string {
  return `startChild: ${maxChildren} children are running, which is maxChildren. End one first.`
}

function checkedDynamic(
  what: string,
  options: DynamicSupervisorOptions,
): Required<DynamicSupervisorOptions> {
  checkKeys(what, options, ['maxRestarts', 'maxSeconds', 'maxChildren'])
  const { maxRestarts = 3, maxSeconds = 5, maxChildren = Number.POSITIVE_INFINITY } = options
  checkNumber(`${what}: maxRestarts`, maxRestarts, { integer: true })
  checkNumber(`${what}: maxSeconds`, maxSeconds, { min: 0.001 })
  checkNumber(`${what}: maxChildren`, maxChildren, { min: 1 })
  return { maxRestarts, maxSeconds, maxChildren }
}
