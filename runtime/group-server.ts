/** The actor behind a scope of process groups. */

import { acting } from './current.ts'
import { type Next, type Reply, type ServerContext, server } from './definition.ts'
import { RuntimeFailure } from './errors.ts'
import { GroupTable } from './group-table.ts'
import { type Pid, type Ref, threadOf } from './pid.ts'
import { isDownMessage } from './signal.ts'
import { demonitor, monitor, send } from './signals.ts'
import { printable } from './wire.ts'

/** A group as a monitor of the scope sees it. */
export interface GroupMembers {
  readonly group: unknown
  readonly members: readonly Pid[]
}

export interface GroupWatch {
  readonly ref: Ref
  readonly groups: readonly GroupMembers[]
}

/** The identity of a group, see `keyIdentity`. */
interface GroupId {
  readonly id: unknown
}

interface Membership extends GroupId {
  readonly group: unknown
  readonly pids: readonly Pid[]
}

interface Watcher {
  readonly pid: Pid
  /** The identity of one group; absent: all of them. */
  readonly only?: { readonly id: unknown }
}

interface State {
  readonly table: GroupTable
  /** The monitor of each member. */
  readonly refs: Map<Pid, Ref>
  /** By the reference of the monitor on the watcher, which is also what it is given. */
  readonly watchers: Map<Ref, Watcher>
}

export const groupServer = server(import.meta, {
  name: 'process-groups',
  init: (): State => ({ table: new GroupTable(), refs: new Map(), watchers: new Map() }),
  calls: {
    join: (state: State, { id, group, pids }: Membership): Reply<State, true> => {
      for (const pid of pids) {
        if (!state.refs.has(pid)) state.refs.set(pid, monitor(pid))
        state.table.add(id, group, pid)
      }
      tellWatchers(state, 'join', id, group, pids)
      return { reply: true, state }
    },
    leave: (state: State, { id, group, pids }: Membership): Reply<State, true> | Next<State> => {
      const left = pids.filter((pid) => state.table.remove(id, pid))
      for (const pid of left) forgetIfGone(state, pid)
      if (left.length === 0) return { state, fail: notJoined(group, pids) }
      tellWatchers(state, 'leave', id, group, left)
      return { reply: true, state }
    },
    members: (state: State, { id }: GroupId): Reply<State, readonly Pid[]> => ({
      reply: living(state, state.table.members(id)),
      state,
    }),
    groups: (state: State): Reply<State, readonly unknown[]> => ({
      reply: snapshot(state).map(({ group }) => group),
      state,
    }),
    monitor: (state: State, { id }: GroupId, context: ServerContext): Reply<State, GroupWatch> => {
      const members = living(state, state.table.members(id))
      const ref = watch(state, context, { id })
      return { reply: { ref, groups: [{ group: undefined, members }] }, state }
    },
    monitorScope: (
      state: State,
      _: undefined,
      context: ServerContext,
    ): Reply<State, GroupWatch> => {
      const groups = snapshot(state)
      return { reply: { ref: watch(state, context), groups }, state }
    },
    demonitor: (state: State, ref: Ref): Reply<State, boolean> => {
      demonitor(ref, { flush: true })
      return { reply: state.watchers.delete(ref), state }
    },
  },
  info: (state: State, message: unknown): Next<State> => {
    if (!isDownMessage(message)) {
      return { state, stop: { type: 'badarg', message: printable(message) } }
    }
    if (!state.watchers.delete(message.ref)) ended(state, message.ref)
    return { state }
  },
})

function ended(state: State, ref: Ref): void {
  for (const [pid, own] of state.refs) {
    if (own !== ref) continue
    state.refs.delete(pid)
    for (const { id, group, times } of state.table.removeAll(pid)) {
      tellWatchers(
        state,
        'leave',
        id,
        group,
        Array.from({ length: times }, () => pid),
      )
    }
    return
  }
}

/** Nobody watches one that is in no group any more. */
function forgetIfGone(state: State, pid: Pid): void {
  const ref = state.refs.get(pid)
  if (!ref || state.table.isMember(pid)) return
  demonitor(ref, { flush: true })
  state.refs.delete(pid)
}

function watch(state: State, { from }: ServerContext, only?: { readonly id: unknown }): Ref {
  if (!from) throw new TypeError('monitor: nobody asks.')
  const ref = monitor(from.pid)
  state.watchers.set(ref, { pid: from.pid, ...(only ? { only } : {}) })
  return ref
}

function tellWatchers(
  { watchers }: State,
  event: 'join' | 'leave',
  id: unknown,
  group: unknown,
  pids: readonly Pid[],
): void {
  for (const [ref, { pid, only }] of watchers) {
    if (!only || only.id === id) send(pid, { type: 'GROUP', ref, event, group, pids })
  }
}

function snapshot(state: State): readonly GroupMembers[] {
  return state.table
    .all()
    .map(({ group, members }) => ({ group, members: living(state, members) }))
    .filter(({ members }) => members.length > 0)
}

/**
 * Who asks may know of a death whose news to the scope still waits in a port or in the mailbox: it
 * has arrived, so it is read first, and the monitor is gone then.
 */
function living({ refs }: State, pids: readonly Pid[]): readonly Pid[] {
  const { kernel, monitors } = acting('process groups')
  kernel.peers.catchUp()
  return pids.filter((pid) => {
    const ref = refs.get(pid)
    return ref !== undefined && monitors.has(ref) && !kernel.shared.isGone(threadOf(pid))
  })
}

function notJoined(group: unknown, pids: readonly Pid[]): RuntimeFailure {
  return new RuntimeFailure(
    'ERR_NOT_JOINED',
    `leave: ${pids.join(', ')} is not in the group ${printable(group)}.`,
  )
}
