/**
 * The same child several times over, each known by a number, so that work can be spread by a key:
 * what has the same key always meets the same partition. After Elixir's `PartitionSupervisor`.
 */

import { availableParallelism } from 'node:os'
import { type CallOptions, call } from './call.ts'
import { type ChildSpec, checkedSupervisor, checkSpec } from './child-spec.ts'
import { startChild } from './children.ts'
import { acting } from './current.ts'
import { asksAtOnce, type Next, type Reply, server } from './definition.ts'
import { StartFailed } from './errors.ts'
import { type ExitReason, NORMAL } from './exit-reason.ts'
import { checkKeys, checkName, checkNumber } from './options.ts'
import { nameOfPartition } from './partition-name.ts'
import type { Pid } from './pid.ts'
import { isRegistryName, keyIdentity, type RegistryName } from './registry-name.ts'
import type { Strategy } from './restart-plan.ts'
import { type StartOptions, startServer } from './start.ts'
import { startError } from './start-process.ts'
import { stop } from './stop.ts'
import { supervisorSpec } from './supervisor.ts'
import { endChild, failureOf, pidIn } from './supervisor-restart.ts'
import {
  type ChildCounts,
  type ChildInfo,
  findChild,
  type SupervisorState,
  updateChild,
} from './supervisor-state.ts'
import { Supervisor } from './supervisors.ts'
import { printable } from './wire.ts'

export interface PartitionOptions {
  /** Registered name, or one that a registry keeps. */
  readonly name: string | RegistryName
  /** What each partition is; its id and name are replaced. */
  readonly child: ChildSpec
  /** Default: `os.availableParallelism()`. */
  readonly partitions?: number
  /** The arguments of one partition. Default: the child's own. */
  readonly withArguments?: (args: unknown, partition: number) => unknown
  /** Default `'one_for_one'`. */
  readonly strategy?: Strategy
  /** Default 3. */
  readonly maxRestarts?: number
  /** Default 5. */
  readonly maxSeconds?: number
  /** Only `'never'` makes sense, and is the default. */
  readonly autoShutdown?: 'never'
}

const KEYS = [
  'name',
  'child',
  'partitions',
  'withArguments',
  'strategy',
  'maxRestarts',
  'maxSeconds',
  'autoShutdown',
]

interface State extends SupervisorState {
  readonly partitions: number
}

const PATIENT: CallOptions = { timeoutMs: Number.POSITIVE_INFINITY }

export const partitionServer = asksAtOnce(
  server(import.meta, {
    name: 'partition-supervisor',
    ...supervisorSpec,
    init: async (options: Parameters<typeof supervisorSpec.init>[0]) => {
      const state = await supervisorSpec.init(options)
      return typeof state === 'object' ? { ...state, partitions: state.children.length } : state
    },
    calls: {
      ...supervisorSpec.calls,
      partitions: (state: SupervisorState): Reply<SupervisorState, number> => ({
        reply: partitionsOf(state),
        state,
      }),
      /** Ends those that are too many, last to first; starts those that are missing. */
      resize: async (
        state: SupervisorState,
        wanted: number,
      ): Promise<Reply<SupervisorState, number> | Next<SupervisorState>> => {
        const most = state.children.length
        if (wanted > most) return { state, fail: tooMany(wanted, most) }
        const own = acting('partition supervisor')
        let next: State = { ...state, partitions: wanted }
        own.kernel.shared.countResize()
        for (let index = most - 1; index >= wanted; index--) {
          const child = findChild(next, String(index))
          if (child?.pid || child?.restarting) next = kept(next, await endChild(own, next, child))
        }
        for (let index = 0; index < wanted; index++) {
          const child = findChild(next, String(index))
          if (!child || child.pid || child.restarting) continue
          const started = await startChild(own, child.spec)
          if (failureOf(started)) return { state: next, fail: startError(String(index), started) }
          const pid = pidIn(started)
          next = kept(next, updateChild(next, String(index), { pid, lastPid: pid }))
        }
        return { reply: partitionsOf(state), state: next }
      },
    },
  }),
)

/** A child that is a partition supervisor, for `startRuntime` or `supervisor`; its id is its name. */
export function partitionSupervisor(options: PartitionOptions): ChildSpec {
  const { name, args } = checked(options)
  return checkSpec({
    id: typeof name === 'string' ? name : printable(name.key),
    definition: partitionServer.address,
    args,
    restart: 'permanent',
    shutdown: 'infinity',
    type: 'supervisor',
    placement: 'here',
    ...(typeof name === 'string' ? { name } : { registryName: name }),
  })
}

export const PartitionSupervisor = {
  /**
   * Starts one, in this thread unless `start` says otherwise, linked to the acting actor.
   *
   * @throws {TypeError} or {RangeError} Bad options; nothing was started.
   * @throws {StartFailed} A partition did not start.
   */
  start: async (
    options: PartitionOptions,
    start: Omit<StartOptions, 'name'> = {},
  ): Promise<Pid> => {
    const { name, args } = checked(options)
    const ref = await startServer(partitionServer, args, { ...start, name })
    if (!ref) throw new StartFailed('partition supervisor', 'exited', NORMAL)
    return ref.pid()
  },
  /** The name of the partition of a key: for `call`, `cast`, `refOf`, `stop`, supervisors, `sys`. */
  via: (name: string | RegistryName, key: unknown): RegistryName => {
    checkTarget('PartitionSupervisor.via', name)
    keyIdentity(key)
    return { type: 'registry-name', registry: name, key, value: undefined, partitioned: true }
  },
  /** How many there are now. */
  partitions: async (name: Pid | string | RegistryName): Promise<number> =>
    Number(await call(name, 'partitions', undefined, PATIENT)),
  /**
   * Ends or starts partitions, so that there are that many; keys are spread over these.
   *
   * @returns How many there were.
   * @throws {RangeError} More than it was started with.
   */
  resize: async (name: Pid | string | RegistryName, partitions: number): Promise<number> => {
    checkNumber('PartitionSupervisor.resize: partitions', partitions, { integer: true })
    return Number(await call(name, 'resize', partitions, PATIENT))
  },
  /** Their ids are `'0'`, `'1'` …; newest first. */
  whichChildren: (name: Pid | string | RegistryName): Promise<readonly ChildInfo[]> =>
    Supervisor.whichChildren(name),
  countChildren: (name: Pid | string | RegistryName): Promise<ChildCounts> =>
    Supervisor.countChildren(name),
  /** @see stop */
  stop: (
    name: Pid | string | RegistryName,
    reason?: ExitReason,
    options?: { readonly timeoutMs?: number },
  ): Promise<void> => stop(name, reason, options),
}

function checked(options: PartitionOptions): {
  readonly name: string | RegistryName
  readonly args: ReturnType<typeof checkedSupervisor>
} {
  const what = 'PartitionSupervisor'
  checkKeys(what, options, KEYS)
  const { name, child, partitions = availableParallelism(), withArguments } = options
  checkTarget(what, name)
  checkSpec(child)
  checkNumber(`${what}: partitions`, partitions, { min: 1, max: 10_000, integer: true })
  if (withArguments !== undefined && typeof withArguments !== 'function') {
    throw new TypeError(
      `${what}: withArguments: expected a function (args, partition) => args, got ${printable(withArguments)}.`,
    )
  }
  const { strategy = 'one_for_one', maxRestarts = 3, maxSeconds = 5 } = options
  if (options.autoShutdown !== undefined && options.autoShutdown !== 'never') {
    throw new TypeError(
      `${what}: autoShutdown: expected 'never', got ${printable(options.autoShutdown)}.`,
    )
  }
  const children = Array.from({ length: partitions }, (_, index) => ({
    ...child,
    id: String(index),
    name: nameOfPartition(name, index),
    ...(withArguments ? { args: withArguments(child.args, index) } : {}),
  }))
  return { name, args: checkedSupervisor(what, { strategy, maxRestarts, maxSeconds, children }) }
}

function checkTarget(what: string, name: unknown): void {
  if (!isRegistryName(name)) checkName(`${what}: name`, name)
}

function partitionsOf(state: SupervisorState): number {
  return 'partitions' in state && typeof state.partitions === 'number'
    ? state.partitions
    : state.children.length
}

function kept(before: State, state: SupervisorState): State {
  return { ...state, partitions: before.partitions }
}

function tooMany(wanted: number, most: number): RangeError {
  return new RangeError(
    `PartitionSupervisor.resize: expected at most ${most}, with which it was started, got ${wanted}.`,
  )
}
