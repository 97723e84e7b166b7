import { checkedSupervisor, type SupervisorOptions } from './child-spec.ts'
import { acting } from './current.ts'
import { isDefinition, type ServerDefinition } from './definition.ts'
import { type DynamicSupervisorOptions, dynamicSupervisorServer } from './dynamic-supervisor.ts'
import { checkKeys, checkName, checkNumber, defined } from './options.ts'
import type { Pid } from './pid.ts'
import { checkPlacement, type Placement } from './placement.ts'
import { isRegistryName, type RegistryName } from './registry-name.ts'
import { refOf, type ServerRef } from './server-ref.ts'
import type { ThreadLimits } from './signal.ts'
import { startError, startProcess } from './spawn.ts'
import { supervisorServer } from './supervisor.ts'
import { printable } from './wire.ts'

export interface StartOptions {
  /** Registered name, or one that a registry keeps. Default: none. */
  readonly name?: string | RegistryName
  /** Default true: the starter and the server share their fate. */
  readonly link?: boolean
  /** Default `'here'`. */
  readonly placement?: Placement
  /** Milliseconds until a start that does not answer is killed. Default: for ever. */
  readonly timeoutMs?: number
  readonly resourceLimits?: ThreadLimits
}

const START_KEYS = ['name', 'link', 'placement', 'timeoutMs', 'resourceLimits']

/**
 * Starts a server and waits until it is ready, outside of any supervisor.
 *
 * @returns Its handle; `undefined` if its `init` returned `IGNORE`.
 * @throws {StartFailed} It threw, ended or did not answer; it is completely dead by then.
 * @throws {AlreadyStarted} The name is taken.
 * @see OTP `gen_server:start_link/4`.
 */
export async function startServer<Args, Calls, Casts>(
  definition: ServerDefinition<Args, Calls, Casts>,
  args?: Args,
  options: StartOptions = {},
): Promise<ServerRef<Calls, Casts> | undefined> {
  if (!isDefinition(definition)) {
    throw new TypeError(
      `startServer: expected what server() returned, got ${printable(definition)}.`,
    )
  }
  checkKeys('startServer', options, START_KEYS)
  const { name, link = true, placement = 'here', timeoutMs, resourceLimits } = options
  checkPlacement('startServer', placement)
  if (name !== undefined && !isRegistryName(name)) checkName('startServer: name', name)
  if (timeoutMs !== undefined) checkNumber('startServer: timeoutMs', timeoutMs)
  const isSupervisor =
    definition.address === supervisorServer.address ||
    definition.address === dynamicSupervisorServer.address
  const started = await startProcess(
    acting('startServer'),
    {
      definition: definition.address,
      args,
      kind: isSupervisor ? 'supervisor' : 'worker',
      placement,
      link,
      ...(isRegistryName(name) ? { registryName: name } : defined({ name })),
      ...defined({ resourceLimits }),
    },
    timeoutMs,
  )
  if (started.type === 'ignored') return undefined
  if (started.type === 'started') return refOf(definition, started.pid)
  throw startError(
    isRegistryName(name) ? printable(name.key) : (name ?? definition.spec.name),
    started,
  )
}

export type SupervisorRef = ServerRef<SupervisorCalls, unknown>
type SupervisorCalls =
  typeof supervisorServer extends ServerDefinition<infer _, infer Calls, infer _> ? Calls : never
type DynamicCalls =
  typeof dynamicSupervisorServer extends ServerDefinition<infer _, infer Calls, infer _>
    ? Calls
    : never

/** Supervisors by hand: `child(…)` and `supervisor(…)` in a tree need none of this. */
export const Supervisor = {
  /** Starts a supervisor in this thread, linked to the acting actor. */
  async start(options: SupervisorOptions, start: StartOptions = {}): Promise<SupervisorRef> {
    const started = await startServer(
      supervisorServer,
      checkedSupervisor('Supervisor', options),
      start,
    )
    return started ?? refOf(supervisorServer)
  },
  /** The handle of a running one, by name or pid. */
  ref: (target: Pid | string): SupervisorRef => refOf(supervisorServer, target),
}

export type DynamicSupervisorRef = ServerRef<DynamicCalls, unknown>

/** Supervisors of children that come and go, told apart by pid. */
export const DynamicSupervisor = {
  async start(
    options: DynamicSupervisorOptions = {},
    start: StartOptions = {},
  ): Promise<DynamicSupervisorRef> {
    const started = await startServer(dynamicSupervisorServer, options, start)
    return started ?? refOf(dynamicSupervisorServer)
  },
  ref: (target: Pid | string): DynamicSupervisorRef => refOf(dynamicSupervisorServer, target),
}
