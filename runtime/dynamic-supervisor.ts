/** A supervisor of children that come and go, all alike to it; told apart by pid. */

import { type ChildSpec, checkSpec, MAX_SECONDS } from './child-spec.ts'
import { startChild, stopChild, stopChildren } from './children.ts'
import { runAsyncAs } from './context.ts'
import { acting } from './current.ts'
import { asksAtOnce, IGNORE, type Next, type Reply, server } from './definition.ts'
import { type DynamicChild, DynamicChildren } from './dynamic-children.ts'
import { ChildError } from './errors.ts'
import { type ExitReason, isAbnormal, SHUTDOWN } from './exit-reason.ts'
import { checkKeys, checkNumber } from './options.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { countRestart, type RestartTimes } from './restart-intensity.ts'
import { verdict } from './restart-plan.ts'
import { isExitMessage } from './signal.ts'
import { startError } from './start-process.ts'
import { reportProgress, reportSupervisor, reportUnexpected } from './supervisor-report.ts'
import { failureOf, TOO_MANY_RESTARTS, tryAgain } from './supervisor-restart.ts'
import type { ChildCounts, ChildInfo } from './supervisor-state.ts'

export interface DynamicSupervisorOptions {
  /** Default 3, as Elixir. */
  readonly maxRestarts?: number
  /** Default 5, as Elixir. */
  readonly maxSeconds?: number
  /** Children at the same time, those that are being restarted too. Default: no bound. */
  readonly maxChildren?: number
}

/** The options, or a function that gives them, run in the supervisor itself. */
export type DynamicSupervisorInit =
  | DynamicSupervisorOptions
  | (() =>
      | DynamicSupervisorOptions
      | typeof IGNORE
      | Promise<DynamicSupervisorOptions | typeof IGNORE>)

interface State extends Required<DynamicSupervisorOptions> {
  readonly children: DynamicChildren
  readonly times: RestartTimes
}

/** A message to itself: the start of a child in the place of `pid` has failed; try again. */
interface Retry {
  readonly type: '$retry-child'
  readonly pid: Pid
  readonly reason: ExitReason
}

type Answer<Value> = Reply<State, Value> | Next<State>

export const dynamicSupervisorServer = asksAtOnce(
  server(import.meta, {
    name: 'dynamic-supervisor',
    kind: 'supervisor',
    trapExit: true,
    init: async (given: DynamicSupervisorInit): Promise<State | typeof IGNORE> => {
      const own = acting('dynamic supervisor')
      const options = typeof given === 'function' ? await runAsyncAs(own, given) : given
      if (options === IGNORE) return IGNORE
      const checked = checkedDynamic('dynamicSupervisor', options)
      return { ...checked, children: new DynamicChildren(), times: [] }
    },
    calls: {
      startChild: async (state: State, spec: ChildSpec): Promise<Answer<Pid | undefined>> => {
        const { children, maxChildren } = state
        const wrong = whatIsWrong(spec)
        if (wrong) return { state, fail: wrong }
        if (children.size >= maxChildren) {
          const fail = new ChildError('ERR_MAX_CHILDREN', spec.id, maxChildrenText(state))
          return { state, fail }
        }
        const own = acting('dynamic supervisor')
        const started = await startChild(own, spec)
        if (started.type === 'ignored') return { reply: undefined, state }
        if (started.type !== 'started') {
          const reason = failureOf(started) ?? SHUTDOWN
          reportSupervisor(own, 'start_error', reason, { spec, pid: undefined })
          return { state, fail: startError(spec.id, started) }
        }
        children.add(started.pid, spec)
        reportProgress(own, 'debug', { spec, pid: started.pid })
        return { reply: started.pid, state }
      },
      terminateChild: async (state: State, pid: Pid): Promise<Answer<true>> => {
        const child = state.children.get(pid)
        if (!child) {
          const text = `There is no child ${pid}; it may have ended.`
          return { state, fail: new ChildError('ERR_CHILD_NOT_FOUND', pid, text) }
        }
        if (!child.restarting) await stopChild(acting('dynamic supervisor'), pid, child.spec)
        state.children.remove(pid)
        return { reply: true, state }
      },
      restartChild: (state: State): Answer<never> => refused(state, 'restartChild'),
      deleteChild: (state: State): Answer<never> => refused(state, 'deleteChild'),
      whichChildren: (state: State): Reply<State, readonly ChildInfo[]> => ({
        reply: state.children.describe(),
        state,
      }),
      countChildren: (state: State): Reply<State, ChildCounts> => ({
        reply: state.children.count(),
        state,
      }),
    },
    info: async (state: State, message: unknown): Promise<Next<State>> => {
      const own = acting('dynamic supervisor')
      if (isRetry(message)) {
        const child = state.children.get(message.pid)
        return child?.restarting
          ? restart(own, state, message.pid, child, message.reason)
          : { state }
      }
      if (!isExitMessage(message)) {
        reportUnexpected(own, message)
        return { state }
      }
      const child = state.children.get(message.pid)
      return child ? ended(own, state, message.pid, child, message.reason) : { state }
    },
    terminate: (state: State): Promise<void> =>
      stopChildren(acting('dynamic supervisor'), state.children.running()),
  }),
)

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
  pid: Pid,
  child: DynamicChild,
  reason: ExitReason,
): Promise<Next<State>> {
  const { spec } = child
  if (spec.restart === 'permanent' || isAbnormal(reason)) {
    reportSupervisor(own, 'child_terminated', reason, { spec, pid })
  }
  if (verdict(spec.restart, reason) === 'restart') return restart(own, state, pid, child, reason)
  state.children.remove(pid)
  return { state }
}

/** One attempt. If it fails, the next one waits in the mailbox behind what came before it. */
async function restart(
  own: Process,
  state: State,
  pid: Pid,
  child: DynamicChild,
  reason: ExitReason,
): Promise<Next<State>> {
  const { children } = state
  const { spec } = child
  const { times, allowed } = countRestart(state.times, Date.now(), state)
  const counted = { ...state, times }
  if (!allowed) {
    children.remove(pid)
    reportSupervisor(own, 'shutdown', TOO_MANY_RESTARTS, { spec, pid })
    return { state: counted, stop: SHUTDOWN }
  }
  const started = await startChild(own, spec)
  const failure = failureOf(started)
  if (failure) {
    children.restarting(pid, child)
    reportSupervisor(own, 'start_error', failure, { spec, pid })
    tryAgain(own, { type: '$retry-child', pid, reason } satisfies Retry)
    return { state: counted }
  }
  children.remove(pid)
  if (started.type !== 'started') return { state: counted }
  const restarts = child.restarts + 1
  children.add(started.pid, spec, restarts)
  const names = { supervisor: own.pid, id: spec.id, oldPid: pid, newPid: started.pid }
  own.kernel.onLife?.({ type: 'restarted', ...names, reason, restarts })
  reportProgress(own, 'info', { spec, pid: started.pid })
  return { state: counted }
}

function isRetry(message: unknown): message is Retry {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === '$retry-child'
  )
}

function refused(state: State, what: string): Next<State> {
  const text = `${what}: a dynamic supervisor keeps no child that has ended; start another.`
  return { state, fail: new ChildError('ERR_DYNAMIC_SUPERVISOR', what, text) }
}

/** What a dynamic supervisor has against a spec; its callers are told before they send it. */
export function whatIsWrong(spec: ChildSpec): Error | undefined {
  try {
    checkSpec(spec)
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  if (!spec.significant) return undefined
  return new TypeError(
    `child '${spec.id}': significant children are not for dynamic supervisors, which never end by themselves. Leave significant out.`,
  )
}

function maxChildrenText({ maxChildren }: State): string {
  return `startChild: there are ${maxChildren} children, which is maxChildren. End one first.`
}

export function checkedDynamic(
  what: string,
  options: DynamicSupervisorOptions,
): Required<DynamicSupervisorOptions> {
  checkKeys(what, options, ['maxRestarts', 'maxSeconds', 'maxChildren'])
  const { maxRestarts = 3, maxSeconds = 5, maxChildren = Number.POSITIVE_INFINITY } = options
  checkNumber(`${what}: maxRestarts`, maxRestarts, { integer: true })
  checkNumber(`${what}: maxSeconds`, maxSeconds, { min: 0.001, max: MAX_SECONDS })
  checkNumber(`${what}: maxChildren`, maxChildren)
  return { maxRestarts, maxSeconds, maxChildren }
}
