/** The actor behind a registry: it keeps the table and is linked to every owner. */

import { acting } from './current.ts'
import { type Next, type Reply, type ServerContext, server } from './definition.ts'
import { checkKeys, checkName, checkOneOf } from './options.ts'
import { type Pid, type Ref, threadOf } from './pid.ts'
import { RegistryLocks } from './registry-locks.ts'
import { type Registration, RegistryTable } from './registry-table.ts'
import { isDownMessage, isExitMessage } from './signal.ts'
import { link, send, unlink, whereis } from './signals.ts'
import { printable } from './wire.ts'

export interface RegistryOptions {
  /** Registered name of the registry itself. */
  readonly name: string
  /** `unique`: one owner per key; `duplicate`: any number, of one owner too. */
  readonly keys: 'unique' | 'duplicate'
  /**
   * Names of actors that hear `{ type: 'register', registry, key, pid, value }` and
   * `{ type: 'unregister', registry, key, pid }`; not of deaths, for which they monitor.
   */
  readonly listeners?: readonly string[]
}

interface State extends Required<RegistryOptions> {
  readonly table: RegistryTable
  readonly locks: RegistryLocks
}

/** A key as its asker sends it, with its identity. */
export interface KeyOf {
  readonly id: unknown
  readonly key: unknown
}

/** One actor and what it said of itself. */
export interface RegistryEntry {
  readonly pid: Pid
  readonly value: unknown
}

/** @throws {TypeError} Not the options of a registry. */
export function checkRegistry(options: RegistryOptions): Required<RegistryOptions> {
  checkKeys('registry', options, ['name', 'keys', 'listeners'])
  const { name, keys, listeners = [] } = options
  checkName('registry: name', name)
  checkOneOf(`registry '${name}': keys`, keys, ['unique', 'duplicate'])
  if (!Array.isArray(listeners)) {
    throw new TypeError(
      `registry '${name}': expected listeners: [name, …], got ${printable(listeners)}.`,
    )
  }
  for (const listener of listeners) checkName(`registry '${name}': listener`, listener)
  return { name, keys, listeners }
}

export const registryServer = server(import.meta, {
  name: 'registry',
  trapExit: true,
  init: (options: RegistryOptions, context: ServerContext): State => ({
    ...checkRegistry(options),
    table: new RegistryTable(),
    locks: new RegistryLocks((from) => context.reply(from, from.ref)),
  }),
  calls: {
    /** The pid that holds the key; another than the caller's is a refusal. */
    register: (
      state: State,
      { id, key, value, via = false }: KeyOf & { value: unknown; via?: boolean },
      { from }: ServerContext,
    ): Reply<State, { holder: Pid; registered: boolean }> | Next<State> => {
      if (via && state.keys === 'duplicate') return { state, fail: notUnique(state.name) }
      if (!from) return { state }
      const { pid } = from
      const [taken] = state.keys === 'unique' ? living(state.table.at(id)) : []
      if (taken) return { reply: { holder: taken.pid, registered: false }, state }
      for (const dead of state.keys === 'unique' ? state.table.at(id) : []) state.table.remove(dead)
      state.table.add({ id, key, pid, value })
      link(pid)
      tellListeners(state, { type: 'register', registry: state.name, key, pid, value })
      return { reply: { holder: pid, registered: true }, state }
    },
    /** `only`: positions among what the caller has under the key; absent: all of it. */
    unregister: (
      state: State,
      { id, only }: KeyOf & { readonly only?: readonly number[] },
      { from }: ServerContext,
    ): Reply<State, true> => {
      const pid = from?.pid
      const own = state.table
        .at(id)
        .filter((entry) => entry.pid === pid)
        .filter((_, index) => only?.includes(index) ?? true)
      for (const entry of own) {
        state.table.remove(entry)
        const { key } = entry
        tellListeners(state, { type: 'unregister', registry: state.name, key, pid: entry.pid })
      }
      if (pid && own.length > 0 && state.table.of(pid).length === 0) unlink(pid)
      return { reply: true, state }
    },
    update: (
      state: State,
      { id, value }: KeyOf & { value: unknown },
      { from }: ServerContext,
    ): Reply<State, boolean> | Next<State> => {
      if (state.keys === 'duplicate') return { state, fail: notUnique(state.name) }
      const own = state.table.at(id).find(({ pid }) => pid === from?.pid)
      if (own) own.value = value
      return { reply: own !== undefined, state }
    },
    lookup: (state: State, { id }: KeyOf): Reply<State, readonly RegistryEntry[]> => ({
      reply: living(state.table.at(id)).map(({ pid, value }) => ({ pid, value })),
      state,
    }),
    keys: (state: State, pid: Pid): Reply<State, readonly unknown[]> => ({
      reply: living(state.table.of(pid)).map(({ key }) => key),
      state,
    }),
    values: (
      state: State,
      { id, pid }: KeyOf & { pid: Pid },
    ): Reply<State, readonly unknown[]> => ({
      reply: living(state.table.of(pid))
        .filter((entry) => entry.id === id)
        .map(({ value }) => value),
      state,
    }),
    /** Replied to when it is the caller's turn, with what unlocks it. */
    lock: (
      state: State,
      { id }: KeyOf,
      { from }: ServerContext,
    ): Next<State> | Reply<State, Ref> => {
      if (from) state.locks.acquire(id, from)
      return { state }
    },
    unlock: (state: State, { id, lock }: KeyOf & { readonly lock: Ref }): Reply<State, true> => {
      state.locks.release(id, lock)
      return { reply: true, state }
    },
    count: (state: State): Reply<State, number> => ({
      reply: living(state.table.all()).length,
      state,
    }),
    entries: (
      state: State,
    ): Reply<State, readonly (RegistryEntry & { readonly key: unknown })[]> => ({
      reply: living(state.table.all()).map(({ key, pid, value }) => ({ key, pid, value })),
      state,
    }),
  },
  info: (state: State, message: unknown): Next<State> => {
    if (isExitMessage(message)) {
      for (const entry of state.table.of(message.pid)) state.table.remove(entry)
    } else if (isDownMessage(message)) state.locks.down(message.ref)
    return { state }
  },
})

/**
 * The registrations of those that live. Who asks may know of a death whose news to the registry
 * still waits in a port or in the mailbox: it has arrived, so it is read first; the link then tells.
 */
function living(entries: readonly Registration[]): readonly Registration[] {
  const { kernel, currentLinks: links } = acting('registry')
  kernel.peers.catchUp()
  return entries.filter(({ pid }) => links.has(pid) && !kernel.shared.isGone(threadOf(pid)))
}

function tellListeners({ listeners }: State, message: object): void {
  for (const listener of listeners) {
    const pid = whereis(listener)
    if (pid) send(pid, message)
  }
}

function notUnique(name: string): TypeError {
  return new TypeError(
    `registry '${name}' has duplicate keys: a key names nobody there. Use one with keys: 'unique'.`,
  )
}
