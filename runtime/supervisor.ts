/** The supervisor: children, a strategy, and nothing else. It never runs its children's code. */

import {
  type ChildSpec,
  checkedSupervisor,
  checkSpec,
  type SupervisorOptions,
} from './child-spec.ts'
import { startChild, stopChild } from './children.ts'
import { acting } from './current.ts'
import { type Next, type Reply, server } from './definition.ts'
import { AlreadyStarted, Exit, NoProcess } from './errors.ts'
import { type ExitReason, SHUTDOWN } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { countRestart } from './restart-intensity.ts'
import { planRestart, verdict } from './restart-plan.ts'
import { isExitMessage } from './signal.ts'
import { type Started, startError } from './spawn.ts'
import {
  type Child,
  type ChildCounts,
  type ChildInfo,
  countChildren,
  describeChild,
  findChild,
  fresh,
  type SupervisorState,
  stopped,
  updateChild,
  withChild,
  withoutChild,
} from './supervisor-state.ts'

interface Retry {
  readonly type: '$retry'
  readonly ids: readonly string[]
  readonly reason: ExitReason
}

type State = SupervisorState
type Answer<Value> = Reply<State, Value> | Next<State>

export const supervisorServer = server(import.meta, {
  name: 'supervisor',
  trapExit: true,
  init: async (options: SupervisorOptions): Promise<State> => {
    const { children, ...rest } = checkedSupervisor('supervisor', options)
    const own = acting('supervisor')
    let state: State = { ...rest, children: [], times: [] }
    for (const spec of children) {
      const started = await startChild(own, spec)
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
      checkSpec(spec)
      const known = findChild(state, spec.id)
      if (known) return taken(state, known)
      const started = await startChild(acting('supervisor'), spec)
      if (failureOf(started)) return { state, fail: startError(spec.id, started) }
      return { reply: pidIn(started), state: entered(state, spec, started) }
    },
    terminateChild: async (state: State, id: string): Promise<Answer<true>> => {
      const known = findChild(state, id)
      if (!known) return { state, fail: new NoProcess(id) }
      return { reply: true, state: await endChild(acting('supervisor'), state, known) }
    },
    restartChild: async (state: State, id: string): Promise<Answer<Pid | undefined>> => {
      const known = findChild(state, id)
      if (!known) return { state, fail: new NoProcess(id) }
      if (known.pid || known.restarting) return taken(state, known)
      const started = await startChild(acting('supervisor'), known.spec)
      if (failureOf(started)) return { state, fail: startError(id, started) }
      const pid = pidIn(started)
      return { reply: pid, state: updateChild(state, id, { pid, lastPid: pid }) }
    },
    deleteChild: (state: State, id: string): Answer<true> => {
      const known = findChild(state, id)
      if (!known) return { state, fail: new NoProcess(id) }
      if (known.pid || known.restarting) return taken(state, known)
      return { reply: true, state: withoutChild(state, id) }
    },
    whichChildren: (state: State): Reply<State, readonly ChildInfo[]> => ({
      reply: state.children.map(describeChild).toReversed(),
      state,
    }),
    countChildren: (state: State): Reply<State, ChildCounts> => ({
      reply: countChildren(state),
      state,
    }),
  },
  info: async (state: State, message: unknown): Promise<Next<State>> => {
    const own = acting('supervisor')
    if (isRetry(message)) return retry(own, state, message)
    if (!isExitMessage(message)) return { state }
    const child = state.children.find(({ pid }) => pid === message.pid)
    return child ? childEnded(own, state, child, message.reason) : { state }
  },
  terminate: (state: State): Promise<void> => stopAll(acting('supervisor'), state),
})

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

async function childEnded(
  own: Process,
  state: State,
  child: Child,
  reason: ExitReason,
): Promise<Next<State>> {
  if (verdict(child.spec.restart, reason) !== 'restart') return { state: stopped(state, child) }
  const { times, allowed } = countRestart(state.times, Date.now(), state)
  const counted = { ...updateChild(state, child.spec.id, { pid: undefined }), times }
  if (!allowed) return { state: counted, stop: SHUTDOWN }
  const ids = state.children.map(({ spec }) => spec.id)
  const plan = planRestart(state.strategy, ids, child.spec.id)
  let next: State = counted
  for (const id of plan.stop) next = await endById(own, next, id)
  return startAll(own, next, plan.start, reason)
}

async function endById(own: Process, state: State, id: string): Promise<State> {
  const child = findChild(state, id)
  return child ? endChild(own, state, child) : state
}

async function endChild(own: Process, state: State, child: Child): Promise<State> {
  if (child.pid) await stopChild(own, child.pid, child.spec)
  return stopped(state, child)
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
    if (failureOf(started)) {
      const again = state.strategy === 'one_for_all' ? ids : ids.slice(index)
      own.push({ type: '$retry', ids: again, reason } satisfies Retry)
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
  const { id } = child.spec
  const restarts = child.restarts + 1
  if (pid) {
    const oldPid = child.lastPid ?? pid
    const supervisor = own.pid
    own.kernel.onLife?.({
      type: 'restarted',
      supervisor,
      id,
      oldPid,
      newPid: pid,
      reason,
      restarts,
    })
  }
  return updateChild(state, id, { pid, lastPid: pid, restarting: false, restarts })
}

/** Every attempt counts; what the attempt before has started goes down again first. */
async function retry(own: Process, state: State, { ids, reason }: Retry): Promise<Next<State>> {
  if (!ids.some((id) => findChild(state, id)?.restarting)) return { state }
  const { times, allowed } = countRestart(state.times, Date.now(), state)
  const counted: State = { ...state, times }
  if (!allowed) return { state: counted, stop: SHUTDOWN }
  let next = counted
  for (const id of ids.toReversed()) {
    if (findChild(next, id)?.pid) next = await endById(own, next, id)
  }
  return startAll(own, next, ids, reason)
}

async function stopAll(own: Process, state: State): Promise<void> {
  for (const { pid, spec } of state.children.toReversed()) {
    if (pid) await stopChild(own, pid, spec)
  }
}

/** A temporary child that ignored its start is not kept. */
function entered(state: State, spec: ChildSpec, started: Started): State {
  if (started.type === 'ignored' && spec.restart === 'temporary') return state
  return withChild(state, fresh(spec, pidIn(started)))
}

function failureOf(started: Started): ExitReason | undefined {
  if (started.type === 'failed') return started.reason
  return started.type === 'name-taken' ? { type: 'already_started', pid: started.pid } : undefined
}

function pidIn(started: Started): Pid | undefined {
  return started.type === 'started' ? started.pid : undefined
}

function taken(state: State, child: Child): Next<State> {
  const now = child.pid ?? (child.restarting ? 'restarting' : 'stopped')
  return { state, fail: new AlreadyStarted(child.spec.id, now) }
}

function isRetry(message: unknown): message is Retry {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === '$retry' &&
    'ids' in message
  )
}
