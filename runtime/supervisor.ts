/** The supervisor: children, a strategy, and nothing else. It never runs its children's code. */

import {
  type ChildSpec,
  checkChildOf,
  checkedSupervisor,
  checkSpec,
  type SupervisorInit,
  type SupervisorOptions,
} from './child-spec.ts'
import { startChild } from './children.ts'
import { runAsyncAs } from './context.ts'
import { acting } from './current.ts'
import { asksAtOnce, IGNORE, type Next, type Reply, server } from './definition.ts'
import { AlreadyStarted, ChildError, Exit } from './errors.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { isExitMessage } from './signal.ts'
import { type Started, startError } from './start-process.ts'
import { reportProgress, reportSupervisor, reportUnexpected } from './supervisor-report.ts'
import {
  childEnded,
  endChild,
  failureOf,
  isRetry,
  pidIn,
  retry,
  stopAll,
} from './supervisor-restart.ts'
import {
  type Child,
  type ChildCounts,
  type ChildInfo,
  countChildren,
  describeChild,
  findChild,
  fresh,
  fullSpec,
  type SupervisorState,
  updateChild,
  withChild,
  withoutChild,
} from './supervisor-state.ts'

type State = SupervisorState
type Answer<Value> = Reply<State, Value> | Next<State>

/** What every supervisor of children with ids does. */
export const supervisorSpec = {
  kind: 'supervisor' as const,
  trapExit: true,
  init: async (given: SupervisorInit): Promise<State | typeof IGNORE> => {
    const own = acting('supervisor')
    const options = typeof given === 'function' ? await runAsyncAs(own, given) : given
    if (options === IGNORE) return IGNORE
    const { children, ...rest } = checkedSupervisor('supervisor', options)
    let state: State = { ...rest, children: [], times: [] }
    for (const spec of children) {
      const started = await startedBy(own, spec, 'info')
      const reason = failureOf(started)
      if (reason) {
        await stopAll(own, state)
        throw new Exit({ type: 'shutdown', detail: { failedToStartChild: spec.id, reason } })
      }
      state = entered(state, spec, started)
    }
    return state
  },
  calls: {
    startChild: async (state: State, spec: ChildSpec): Promise<Answer<Pid | undefined>> => {
      try {
        checkChildOf('startChild', state.autoShutdown, spec)
      } catch (error) {
        if (error instanceof TypeError || error instanceof RangeError) return { state, fail: error }
        throw error
      }
      const known = findChild(state, spec.id)
      if (known) return present(state, known)
      const started = await startedBy(acting('supervisor'), spec, 'debug')
      if (failureOf(started)) return { state, fail: startError(spec.id, started) }
      return { reply: pidIn(started), state: entered(state, spec, started) }
    },
    terminateChild: async (state: State, id: string): Promise<Answer<true>> => {
      const known = findChild(state, id)
      if (!known) return unknown(state, id)
      return { reply: true, state: await endChild(acting('supervisor'), state, known) }
    },
    restartChild: async (state: State, id: string): Promise<Answer<Pid | undefined>> => {
      const known = findChild(state, id)
      if (!known) return unknown(state, id)
      if (known.pid || known.restarting) return busy(state, known)
      const started = await startedBy(acting('supervisor'), known.spec, 'debug')
      if (failureOf(started)) return { state, fail: startError(id, started) }
      const pid = pidIn(started)
      return { reply: pid, state: updateChild(state, id, { pid, lastPid: pid }) }
    },
    deleteChild: (state: State, id: string): Answer<true> => {
      const known = findChild(state, id)
      if (!known) return unknown(state, id)
      if (known.pid || known.restarting) return busy(state, known)
      return { reply: true, state: withoutChild(state, id) }
    },
    whichChildren: (state: State): Reply<State, readonly ChildInfo[]> => ({
      reply: state.children.map(describeChild).toReversed(),
      state,
    }),
    whichChild: (state: State, id: string): Answer<ChildInfo> => {
      const known = findChild(state, id)
      return known ? { reply: describeChild(known), state } : unknown(state, id)
    },
    getChildSpec: (state: State, id: string): Answer<ChildSpec> => {
      const known = findChild(state, id)
      return known ? { reply: fullSpec(known.spec), state } : unknown(state, id)
    },
    countChildren: (state: State): Reply<State, ChildCounts> => ({
      reply: countChildren(state),
      state,
    }),
  },
  info: async (state: State, message: unknown): Promise<Next<State>> => {
    const own = acting('supervisor')
    if (isRetry(message)) return retry(own, state, message)
    if (!isExitMessage(message)) {
      reportUnexpected(own, message)
      return { state }
    }
    const child = state.children.find(({ pid }) => pid === message.pid)
    return child ? childEnded(own, state, child, message.reason) : { state }
  },
  terminate: (state: State): Promise<void> => stopAll(acting('supervisor'), state),
}

export const supervisorServer = asksAtOnce(
  server(import.meta, { name: 'supervisor', ...supervisorSpec }),
)

/** A child that is a supervisor: strategies nest. It lives where its supervisor lives. */
export function supervisor(id: string, options: SupervisorOptions): ChildSpec {
  return checkSpec({
    id,
    definition: supervisorServer.address,
    args: checkedSupervisor(`supervisor '${id}'`, options),
    restart: 'permanent',
    shutdown: 'infinity',
    type: 'supervisor',
    placement: 'here',
    name: id,
  })
}

/** A temporary child that ignored its start is not kept. */
function entered(state: State, spec: ChildSpec, started: Started): State {
  if (started.type === 'ignored' && spec.restart === 'temporary') return state
  return withChild(state, fresh(spec, pidIn(started)))
}

async function startedBy(own: Process, spec: ChildSpec, level: 'info' | 'debug'): Promise<Started> {
  const started = await startChild(own, spec)
  const failure = failureOf(started)
  const pid = pidIn(started)
  if (failure) reportSupervisor(own, 'start_error', failure, { spec, pid })
  else if (pid) reportProgress(own, level, { spec, pid })
  return started
}

/** `startChild` of an id that is there already. */
function present(state: State, { spec: { id }, pid }: Child): Next<State> {
  if (pid) return { state, fail: new AlreadyStarted(id, pid) }
  const text = `Child '${id}' is there already, without a process. Restart it, or delete it first.`
  return { state, fail: new ChildError('ERR_CHILD_PRESENT', id, text) }
}

/** `restartChild` or `deleteChild` of one that runs, or will in a moment. */
function busy(state: State, { spec: { id }, pid }: Child): Next<State> {
  const text = pid ? `is running as ${pid}` : 'is being restarted'
  return {
    state,
    fail: new ChildError(
      pid ? 'ERR_CHILD_RUNNING' : 'ERR_CHILD_RESTARTING',
      id,
      `Child '${id}' ${text}. Terminate it first.`,
    ),
  }
}

function unknown(state: State, id: string): Next<State> {
  const ids = state.children.map(({ spec }) => spec.id).join(', ')
  const text = `There is no child '${id}'; there is: ${ids || 'none'}.`
  return { state, fail: new ChildError('ERR_CHILD_NOT_FOUND', id, text) }
}
