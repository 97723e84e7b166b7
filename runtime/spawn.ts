/** Starting actors, in whatever thread, from whatever thread. */

import { checkMonitor, type MonitorOptions, noteMonitor } from './alias.ts'
import { birth, birthOfBody } from './birth.ts'
import { acting } from './current.ts'
import {
  type BodyDefinition,
  type ErasedBody,
  isDefinition,
  mailboxOf,
  type ServerDefinition,
} from './definition.ts'
import type { Kernel } from './kernel.ts'
import type { MailboxOptions } from './mailbox-options.ts'
import { checkKeys, checkName } from './options.ts'
import { CALLER_THREAD, makePid, type Pid, type Ref, ROOT_THREAD, threadOf } from './pid.ts'
import { checkPlacement, type Placement } from './placement.ts'
import type { Process } from './process.ts'
import type { RegistryName } from './registry-name.ts'
import type { DefinitionAddress, ProcessKind, SpawnRequest } from './signal.ts'
import {
  checkThreadOptions,
  type MaybeThreadOptions,
  type ThreadOptions,
  threadOptions,
} from './thread-options.ts'

/** Bounds of the heap and a watchdog only where the placement makes a thread. */
export interface SpawnOptions extends ThreadOptions {
  /** Links parent and child from the first instant. */
  readonly link?: boolean
  /** The parent gets a `DOWN`, never `noproc`. */
  readonly monitor?: boolean | MonitorOptions
  readonly trapExit?: boolean
  readonly name?: string
  /** How many messages may wait, and what then. Default: the definition's, else no bound. */
  readonly mailbox?: MailboxOptions
  /** Default `'here'`. A plain function can only live here. */
  readonly placement?: Placement
}

/** What was spawned: the pid, and the monitor's reference if one was asked for. */
export interface Spawned {
  readonly pid: Pid
  readonly ref: Ref | undefined
}

const SPAWN_KEYS = [
  'link',
  'monitor',
  'trapExit',
  'name',
  'placement',
  'resourceLimits',
  'watchdog',
  'hibernateAfterMs',
  'preload',
  'mailbox',
]

/**
 * Starts an actor and does not wait for it: a failing start is an exit like any other.
 *
 * @throws {TypeError} Not a function or definition; an unknown option; a function for another thread.
 */
export function spawn<Args>(
  what: ((args: Args) => unknown) | BodyDefinition<Args> | ServerDefinition<Args, unknown, unknown>,
  args?: Args,
  options: SpawnOptions = {},
): Pid {
  return spawnWith(what, args, options).pid
}

/** `spawn` with a monitor that holds from the first instant. */
export function spawnMonitor<Args>(
  what: ((args: Args) => unknown) | BodyDefinition<Args> | ServerDefinition<Args, unknown, unknown>,
  args?: Args,
  options: SpawnOptions = {},
): { readonly pid: Pid; readonly ref: Ref } {
  const { monitor: watch = true } = options
  const { pid, ref } = spawnWith(what, args, options, typeof watch === 'boolean' ? true : watch)
  return { pid, ref: ref ?? acting('spawn').kernel.newRef() }
}

function spawnWith(
  what: unknown,
  args: unknown,
  options: SpawnOptions,
  monitor = options.monitor ?? false,
): Spawned {
  checkKeys('spawn', options, SPAWN_KEYS)
  const { link = false, placement = 'here', trapExit, name } = options
  const { resourceLimits, watchdog, hibernateAfterMs, preload } = options
  checkPlacement('spawn', placement)
  if (typeof monitor !== 'boolean') checkMonitor('spawn: monitor', monitor)
  checkThreadOptions('spawn', placement, options)
  if (name !== undefined) checkName('spawn: name', name)
  const mailbox = mailboxOf(what, options.mailbox)
  const parent = acting('spawn')
  const { kernel } = parent
  if (!parent.alive) return { pid: kernel.newPid(), ref: kernel.newRef() }
  const plan: Launch = {
    definition: addressOf(what, placement),
    args,
    kind: 'worker',
    placement,
    link,
    monitor,
    name,
    trapExit,
    mailbox,
    resourceLimits,
    watchdog,
    hibernateAfterMs,
    preload,
  }
  if (!isFunction(what)) return launch(parent, plan)
  const pid = kernel.newPid()
  const { request, ref } = prepare(parent, pid, plan)
  birthOfBody(kernel, pid, request, what)
  return { pid, ref }
}

/** @throws {TypeError} Not a function or definition; a function for another thread. */
function addressOf(what: unknown, placement: Placement): DefinitionAddress {
  if (isDefinition(what)) return what.address
  if (!isFunction(what)) {
    throw new TypeError('spawn: expected a function or what server() or actor() returned.')
  }
  if (placement !== 'here') {
    throw new TypeError(
      'spawn: a function cannot go to another thread. Define it with actor(import.meta, { name, run }) and export that.',
    )
  }
  return { url: '', name: what.name || 'anonymous' }
}

export interface Launch extends MaybeThreadOptions {
  readonly definition: DefinitionAddress
  readonly args: unknown
  readonly kind: ProcessKind
  readonly placement: Placement
  readonly link: boolean
  readonly monitor?: boolean | MonitorOptions
  readonly started?: Ref
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly registryName?: RegistryName | undefined
  readonly trapExit?: boolean | undefined
  readonly mailbox?: MailboxOptions | undefined
}

/** Where an actor will live, and its pid there: known at once, wherever that is. */
export interface Birthplace {
  readonly pid: Pid
  readonly ordinal: number
  /** The thread does not exist yet. */
  readonly fresh: boolean
  readonly threadName: string | undefined
}

/** Gives birth in the right thread. */
export function launch(parent: Process, plan: Launch): Spawned {
  return launchAt(parent, plan, birthplace(parent.kernel, plan.placement))
}

export function launchAt(parent: Process, plan: Launch, place: Birthplace): Spawned {
  const { kernel } = parent
  const { pid, ordinal, fresh } = place
  const { request, ref } = prepare(parent, pid, plan)
  if (ordinal === kernel.ordinal) {
    birth(kernel, pid, request)
    return { pid, ref }
  }
  const dedicated = plan.placement === 'thread'
  if (fresh) {
    kernel.control({
      type: 'spawn-thread',
      ordinal,
      pid: dedicated ? pid : makePid(ordinal, 0),
      threadName: place.threadName ?? plan.id ?? request.definition.name,
      ...(dedicated ? { request } : {}),
      options: threadOptions(plan),
    })
  }
  if (!dedicated) kernel.send({ type: 'spawn', to: pid, request })
  return { pid, ref }
}

/** The order for a birth; link and monitor hold from now on. */
export function prepare(
  parent: Process,
  pid: Pid,
  plan: Launch,
): { request: SpawnRequest; ref: Ref | undefined } {
  const { definition, args, kind, link, started, id, name, registryName, trapExit } = plan
  const { mailbox } = plan
  const ref = plan.monitor && parent.alive ? parent.kernel.newRef() : undefined
  if (link) parent.addLink(pid)
  if (ref) parent.monitors.set(ref, { target: pid })
  if (ref && typeof plan.monitor === 'object') noteMonitor(parent, ref, plan.monitor)
  const request: SpawnRequest = {
    definition,
    args,
    parent: parent.pid,
    ancestors: parent.lineage,
    link,
    kind,
    monitor: ref,
    started,
    id,
    name,
    registryName,
    trapExit,
    mailbox,
  }
  return { request, ref }
}

export function birthplace(kernel: Kernel, placement: Placement): Birthplace {
  const at = (ordinal: number, fresh = false, threadName?: string): Birthplace => ({
    pid: makePid(ordinal, kernel.shared.nextSerial(kernel.ordinal)),
    ordinal,
    fresh,
    threadName,
  })
  if (placement === 'here') return at(kernel.ordinal)
  if (placement === 'root') return at(ROOT_THREAD)
  if (placement === 'caller') return at(CALLER_THREAD)
  if (placement === 'thread') return at(kernel.shared.nextOrdinal(), true)
  const threadName = placement.thread
  const key = `thread:${threadName}`
  const known = kernel.names.lookup(key)
  if (known) return at(threadOf(known))
  const ordinal = kernel.shared.nextOrdinal()
  const winner = threadOf(kernel.names.claim(key, makePid(ordinal, 0)))
  return at(winner, winner === ordinal, threadName)
}

function isFunction(value: unknown): value is ErasedBody {
  return typeof value === 'function'
}
