/**
 * Groups of actors under any name, from any thread, in the manner of OTP's `pg`: whoever joins is a
 * member until it leaves or ends, and may be one several times over. A scope is an actor.
 */

import { type ChildSpec, child } from './child-spec.ts'
import { acting } from './current.ts'
import type { ServerDefinition } from './definition.ts'
import { StartFailed } from './errors.ts'
import { NORMAL } from './exit-reason.ts'
import { type GroupMembers, type GroupWatch, groupServer } from './group-server.ts'
import { checkKeys, checkName } from './options.ts'
import { isPid, isRef, type Pid, type Ref } from './pid.ts'
import type { Placement } from './placement.ts'
import { keyIdentity } from './registry-name.ts'
import { refOf, type ServerRef } from './server-ref.ts'
import { send } from './signals.ts'
import { type StartOptions, startServer } from './start.ts'
import { printable } from './wire.ts'

type Calls =
  typeof groupServer extends ServerDefinition<infer _, infer Found, infer _> ? Found : never

export interface GroupScopeOptions {
  /** Registered name of the scope. */
  readonly name: string
}

/** A scope as a child of a supervisor. Lives in the root thread unless it is placed elsewhere. */
export function processGroups(
  options: GroupScopeOptions & { readonly placement?: Placement },
): ChildSpec {
  checkKeys('processGroups', options, ['name', 'placement'])
  const { name, placement = 'root' } = options
  checkName('processGroups: name', name)
  return child(groupServer, { id: name, name, placement })
}

/** Scopes by hand; `processGroups(…)` in a tree needs none of `start`. */
export const ProcessGroups = {
  /** Starts a scope, linked to the acting actor. */
  async start(
    options: GroupScopeOptions,
    start: Omit<StartOptions, 'name'> = {},
  ): Promise<GroupsRef> {
    checkKeys('ProcessGroups.start', options, ['name'])
    checkName('ProcessGroups.start: name', options.name)
    const started = await startServer(groupServer, undefined, { ...start, name: options.name })
    if (!started) throw new StartFailed(options.name, 'exited', NORMAL)
    return new GroupsRef(options.name)
  },
  /** The handle of a running one. */
  ref: (name: string): GroupsRef => new GroupsRef(name),
}

/**
 * All that can be asked of a scope. A group is any plain data. Rejects with {@link NoProcess} if
 * there is no such scope.
 */
export class GroupsRef {
  readonly name: string
  readonly #server: ServerRef<Calls, unknown>

  constructor(name: string) {
    checkName('ProcessGroups.ref: name', name)
    this.name = name
    this.#server = refOf(groupServer, name)
  }

  /** Enters actors of any thread into the group, once more each. Default: the acting actor. */
  async join(group: unknown, members: Pid | readonly Pid[] = acting('join').pid): Promise<void> {
    const pids = listOf('join', members)
    await this.#server.call('join', { id: keyIdentity(group), group, pids })
  }

  /**
   * Takes actors out of the group, once each.
   *
   * @throws {RuntimeFailure} `ERR_NOT_JOINED`: none of them is a member.
   */
  async leave(group: unknown, members: Pid | readonly Pid[] = acting('leave').pid): Promise<void> {
    const pids = listOf('leave', members)
    await this.#server.call('leave', { id: keyIdentity(group), group, pids })
  }

  /** Those that live, in the order in which they joined, each as often as it did. */
  async members(group: unknown): Promise<readonly Pid[]> {
    return this.#server.call('members', { id: keyIdentity(group) })
  }

  /** Those of them that live in the asker's thread. */
  async localMembers(group: unknown): Promise<readonly Pid[]> {
    const { kernel } = acting('localMembers')
    return (await this.members(group)).filter((pid) => kernel.isLocal(pid))
  }

  /** The groups that have a member. */
  async groups(): Promise<readonly unknown[]> {
    return this.#server.call('groups')
  }

  /** Sends the message to every member, once for each time it joined; says to how many. */
  async broadcast(group: unknown, message: unknown): Promise<number> {
    const pids = await this.members(group)
    for (const pid of pids) send(pid, message)
    return pids.length
  }

  /**
   * The members now; from then on every change comes to the acting actor as a message
   * `{ type: 'GROUP', ref, event: 'join' | 'leave', group, pids }`, in order, until
   * {@link demonitor}.
   */
  async monitor(group: unknown): Promise<{ readonly ref: Ref; readonly members: readonly Pid[] }> {
    const id = keyIdentity(group)
    const { ref, groups }: GroupWatch = await this.#server.call('monitor', { id })
    return { ref, members: groups[0]?.members ?? [] }
  }

  /** The same for all groups of the scope. */
  async monitorScope(): Promise<{ readonly ref: Ref; readonly groups: readonly GroupMembers[] }> {
    return this.#server.call('monitorScope')
  }

  /** Ends a monitor; with messages of it that are in the mailbox already. False: there was none. */
  async demonitor(ref: Ref): Promise<boolean> {
    if (!isRef(ref)) {
      throw new TypeError(`demonitor: expected what monitor() returned, got ${printable(ref)}.`)
    }
    const own = acting('demonitor')
    const had = await this.#server.call('demonitor', ref)
    while (own.discard((message) => isGroupMessage(message) && message.ref === ref));
    return had
  }
}

/** A change of a group that is monitored. */
export interface GroupMessage {
  readonly type: 'GROUP'
  readonly ref: Ref
  readonly event: 'join' | 'leave'
  readonly group: unknown
  readonly pids: readonly Pid[]
}

/** Tells a change of a group from any other message. */
export function isGroupMessage(message: unknown): message is GroupMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'GROUP' &&
    'ref' in message &&
    'pids' in message
  )
}

function listOf(what: string, members: Pid | readonly Pid[]): readonly Pid[] {
  const pids: readonly unknown[] = Array.isArray(members) ? members : [members]
  const wrong = pids.find((pid) => !isPid(pid))
  if (wrong !== undefined || pids.length === 0) {
    throw new TypeError(`${what}: expected a pid or a list of pids, got ${printable(members)}.`)
  }
  return pids.filter(isPid)
}
