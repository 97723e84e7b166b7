/** Supervisors by hand: `child(…)` and `supervisor(…)` in a tree need none of this. */

import type { CallOptions } from './call.ts'
import {
  type ChildSpec,
  checkedSupervisor,
  type SupervisorInit,
  type SupervisorOptions,
} from './child-spec.ts'
import type { ServerDefinition } from './definition.ts'
import {
  checkedDynamic,
  type DynamicSupervisorInit,
  type DynamicSupervisorOptions,
  dynamicSupervisorServer,
  whatIsWrong,
} from './dynamic-supervisor.ts'
import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { RegistryName } from './registry-name.ts'
import { refOf, type ServerRef } from './server-ref.ts'
import { type StartOptions, startServer } from './start.ts'
import { stop } from './stop.ts'
import { supervisorServer } from './supervisor.ts'
import type { ChildCounts, ChildInfo } from './supervisor-state.ts'

type CallsOf<Definition> =
  Definition extends ServerDefinition<infer _, infer Calls, infer _> ? Calls : never

export type SupervisorRef = ServerRef<CallsOf<typeof supervisorServer>, unknown>
export type DynamicSupervisorRef = ServerRef<CallsOf<typeof dynamicSupervisorServer>, unknown>

/** A supervisor by pid, name or handle. */
export type SupervisorTarget =
  | Pid
  | string
  | RegistryName
  | { readonly target: Pid | string | RegistryName }

/** Starting a child may take long, so nobody gives up on a supervisor, as in OTP. */
const PATIENT: CallOptions = { timeoutMs: Number.POSITIVE_INFINITY }

/** Starts in this thread, linked to the acting actor; a name is given with `start`. */
function startSupervisor(options: SupervisorOptions, start?: StartOptions): Promise<SupervisorRef>
function startSupervisor(
  options: SupervisorInit,
  start?: StartOptions,
): Promise<SupervisorRef | undefined>
async function startSupervisor(
  options: SupervisorInit,
  start: StartOptions = {},
): Promise<SupervisorRef | undefined> {
  const init = typeof options === 'function' ? options : checkedSupervisor('Supervisor', options)
  return startServer(supervisorServer, init, start)
}

function startDynamic(
  options?: DynamicSupervisorOptions,
  start?: StartOptions,
): Promise<DynamicSupervisorRef>
function startDynamic(
  options: DynamicSupervisorInit,
  start?: StartOptions,
): Promise<DynamicSupervisorRef | undefined>
async function startDynamic(
  options: DynamicSupervisorInit = {},
  start: StartOptions = {},
): Promise<DynamicSupervisorRef | undefined> {
  const init =
    typeof options === 'function' ? options : checkedDynamic('DynamicSupervisor', options)
  return startServer(dynamicSupervisorServer, init, start)
}

function supervisorRef(supervisor: SupervisorTarget): SupervisorRef {
  return refOf(supervisorServer, targetOf(supervisor))
}

function dynamicRef(supervisor: SupervisorTarget): DynamicSupervisorRef {
  return refOf(dynamicSupervisorServer, targetOf(supervisor))
}

function targetOf(supervisor: SupervisorTarget): Pid | string | RegistryName {
  return typeof supervisor === 'object' && 'target' in supervisor ? supervisor.target : supervisor
}

/**
 * A supervisor and its children, as Elixir's `Supervisor`. Failures are told by `code`:
 * `ERR_ALREADY_STARTED`, `ERR_CHILD_PRESENT`, `ERR_CHILD_RUNNING`, `ERR_CHILD_RESTARTING`,
 * `ERR_CHILD_NOT_FOUND`, `ERR_START_FAILED`. What is done by hand never counts as a restart.
 */
export const Supervisor = {
  /** `undefined` only where the options are a function and it returned `IGNORE`. */
  start: startSupervisor,
  /** The handle of a running one, by name or pid. */
  ref: supervisorRef,
  /** @returns The pid, or `undefined` if its `init` returned `IGNORE`. */
  startChild: (supervisor: SupervisorTarget, spec: ChildSpec): Promise<Pid | undefined> =>
    supervisorRef(supervisor).call('startChild', spec, PATIENT),
  /** Ends the child's process and keeps its spec (not that of a temporary child). */
  terminateChild: (supervisor: SupervisorTarget, id: string): Promise<true> =>
    supervisorRef(supervisor).call('terminateChild', id, PATIENT),
  restartChild: (supervisor: SupervisorTarget, id: string): Promise<Pid | undefined> =>
    supervisorRef(supervisor).call('restartChild', id, PATIENT),
  deleteChild: (supervisor: SupervisorTarget, id: string): Promise<true> =>
    supervisorRef(supervisor).call('deleteChild', id, PATIENT),
  /** Newest first. */
  whichChildren: (supervisor: SupervisorTarget): Promise<readonly ChildInfo[]> =>
    supervisorRef(supervisor).call('whichChildren', undefined, PATIENT),
  whichChild: (supervisor: SupervisorTarget, id: string): Promise<ChildInfo> =>
    supervisorRef(supervisor).call('whichChild', id, PATIENT),
  /** The spec with its defaults. */
  getChildSpec: (supervisor: SupervisorTarget, id: string): Promise<ChildSpec> =>
    supervisorRef(supervisor).call('getChildSpec', id, PATIENT),
  countChildren: (supervisor: SupervisorTarget): Promise<ChildCounts> =>
    supervisorRef(supervisor).call('countChildren', undefined, PATIENT),
  /** @see stop */
  stop: (
    supervisor: SupervisorTarget,
    reason?: ExitReason,
    options?: { readonly timeoutMs?: number },
  ): Promise<void> => stop(supervisor, reason, options),
}

/** Supervisors of children that come and go, told apart by pid, as Elixir's `DynamicSupervisor`. */
export const DynamicSupervisor = {
  /** `undefined` only where the options are a function and it returned `IGNORE`. */
  start: startDynamic,
  ref: dynamicRef,
  /**
   * @returns The pid, or `undefined` if its `init` returned `IGNORE`.
   * @throws {TypeError} or {RangeError} The spec is wrong; nothing was sent.
   */
  startChild: async (supervisor: SupervisorTarget, spec: ChildSpec): Promise<Pid | undefined> => {
    const wrong = whatIsWrong(spec)
    if (wrong) throw wrong
    return dynamicRef(supervisor).call('startChild', spec, PATIENT)
  },
  /** Also ends the retries of a child that is being restarted, by the pid that it had. */
  terminateChild: (supervisor: SupervisorTarget, pid: Pid): Promise<true> =>
    dynamicRef(supervisor).call('terminateChild', pid, PATIENT),
  whichChildren: (supervisor: SupervisorTarget): Promise<readonly ChildInfo[]> =>
    dynamicRef(supervisor).call('whichChildren', undefined, PATIENT),
  countChildren: (supervisor: SupervisorTarget): Promise<ChildCounts> =>
    dynamicRef(supervisor).call('countChildren', undefined, PATIENT),
  /** @see stop */
  stop: (
    supervisor: SupervisorTarget,
    reason?: ExitReason,
    options?: { readonly timeoutMs?: number },
  ): Promise<void> => stop(supervisor, reason, options),
}
