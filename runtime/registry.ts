/**
 * Names in any number and of any kind, in the manner of Elixir's `Registry`: an actor registers
 * itself under a key, with a value; others find it by the key. What it had registered is gone
 * before anybody hears of its death. A registry is an actor, so every question is a promise.
 */

import { type ChildSpec, child } from './child-spec.ts'
import { acting } from './current.ts'
import type { ServerDefinition } from './definition.ts'
import { AlreadyRegistered, StartFailed } from './errors.ts'
import { NORMAL } from './exit-reason.ts'
import { checkKeys, checkName } from './options.ts'
import { isPid, type Pid } from './pid.ts'
import type { Placement } from './placement.ts'
import { keyIdentity, type RegistryName } from './registry-name.ts'
import {
  checkRegistry,
  type KeyOf,
  type RegistryEntry,
  type RegistryOptions,
  registryServer,
} from './registry-server.ts'
import { refOf, type ServerRef } from './server-ref.ts'
import { type StartOptions, startServer } from './start.ts'

type Calls =
  typeof registryServer extends ServerDefinition<infer _, infer Found, infer _> ? Found : never

/** A registry as a child of a supervisor. Lives in the root thread unless it is placed elsewhere. */
export function registry(options: RegistryOptions & { readonly placement?: Placement }): ChildSpec {
  const { placement = 'root', ...rest } = options
  const args = checkRegistry(rest)
  return child(registryServer, { args, id: args.name, name: args.name, placement })
}

/** Registries by hand; `registry(…)` in a tree needs none of `start`. */
export const Registry = {
  /** Starts a registry, linked to the acting actor. */
  async start(
    options: RegistryOptions,
    start: Omit<StartOptions, 'name'> = {},
  ): Promise<RegistryRef> {
    const args = checkRegistry(options)
    const started = await startServer(registryServer, args, { ...start, name: args.name })
    if (!started) throw new StartFailed(args.name, 'exited', NORMAL)
    return new RegistryRef(args.name)
  },
  /** The handle of a running one. */
  ref: (name: string): RegistryRef => new RegistryRef(name),
}

/** All that can be asked of a registry. Rejects with {@link NoProcess} if there is none. */
export class RegistryRef {
  readonly name: string
  readonly #server: ServerRef<Calls, unknown>

  constructor(name: string) {
    checkName('Registry.ref: name', name)
    this.name = name
    this.#server = refOf(registryServer, name)
  }

  /**
   * Registers the acting actor, which is linked to the registry from then on.
   *
   * @throws {AlreadyRegistered} Keys are unique and somebody who lives, be it the same, has this one.
   */
  async register(key: unknown, value?: unknown): Promise<void> {
    const { holder, registered } = await this.#server.call('register', { ...identify(key), value })
    if (!registered) throw new AlreadyRegistered(this.name, key, holder)
  }

  /** Removes all that the acting actor has under this key; true also if that is nothing. */
  async unregister(key: unknown): Promise<true> {
    return this.#server.call('unregister', identify(key))
  }

  /** Those who are registered under the key and live, in the order of registration. */
  async lookup(key: unknown): Promise<readonly RegistryEntry[]> {
    return this.#server.call('lookup', identify(key))
  }

  /** The one who has the key, where keys are unique. */
  async whereis(key: unknown): Promise<Pid | undefined> {
    const [first] = await this.lookup(key)
    return first?.pid
  }

  /**
   * Calls `use` here with all who have the key; not at all if there are none.
   *
   * @param options `parallel`: calls it once for each of them, all at the same time.
   */
  async dispatch(
    key: unknown,
    use: (entries: readonly RegistryEntry[]) => unknown,
    options: { readonly parallel?: boolean } = {},
  ): Promise<void> {
    checkKeys(`registry '${this.name}': dispatch`, options, ['parallel'])
    const entries = await this.lookup(key)
    if (options.parallel) await Promise.all(entries.map(async (entry) => use([entry])))
    else if (entries.length > 0) await use(entries)
  }

  /** Those under the key whose value passes; Elixir's patterns and guards are a function here. */
  async match(
    key: unknown,
    matches: (value: unknown) => boolean,
  ): Promise<readonly RegistryEntry[]> {
    return (await this.lookup(key)).filter(({ value }) => matches(value))
  }

  async countMatch(key: unknown, matches: (value: unknown) => boolean): Promise<number> {
    return (await this.match(key, matches)).length
  }

  /** Removes of what the acting actor has under the key that whose value passes. */
  async unregisterMatch(key: unknown, matches: (value: unknown) => boolean): Promise<true> {
    const values = await this.values(key, acting('unregisterMatch').pid)
    const only = values.flatMap((value, index) => (matches(value) ? [index] : []))
    return this.#server.call('unregister', { ...identify(key), only })
  }

  /**
   * Runs `work` while nobody else has the lock of this key, in whatever thread. It is free again when
   * `work` has ended, well or not, and when the acting actor ends.
   *
   * @returns What `work` returns.
   */
  async lock<Value>(key: unknown, work: () => Value | Promise<Value>): Promise<Value> {
    const options = { timeoutMs: Number.POSITIVE_INFINITY }
    const lock = await this.#server.call('lock', identify(key), options)
    try {
      return await work()
    } finally {
      await this.#server.call('unlock', { ...identify(key), lock })
    }
  }

  /** The keys of one owner, each as often as it is registered. */
  async keys(pid: Pid): Promise<readonly unknown[]> {
    if (!isPid(pid)) throw new TypeError(`registry '${this.name}': keys: expected a pid.`)
    return this.#server.call('keys', pid)
  }

  /** The values that one owner has under the key. */
  async values(key: unknown, pid: Pid): Promise<readonly unknown[]> {
    if (!isPid(pid)) throw new TypeError(`registry '${this.name}': values: expected a pid.`)
    return this.#server.call('values', { ...identify(key), pid })
  }

  /**
   * Replaces the acting actor's value under the key by what `change` makes of it.
   *
   * @returns The new and the old value; `undefined` if the acting actor does not have the key.
   * @throws {TypeError} Keys are not unique.
   */
  async updateValue(
    key: unknown,
    change: (old: unknown) => unknown,
  ): Promise<{ readonly value: unknown; readonly old: unknown } | undefined> {
    const [old] = await this.values(key, acting('updateValue').pid)
    const value = change(old)
    const done = await this.#server.call('update', { ...identify(key), value })
    return done ? { value, old } : undefined
  }

  /** How many registrations there are. */
  async count(): Promise<number> {
    return this.#server.call('count')
  }

  /** All registrations; choose with `filter`. */
  async entries(): Promise<readonly (RegistryEntry & { readonly key: unknown })[]> {
    return this.#server.call('entries')
  }

  /**
   * The name of who is, or is to be, registered under the key: for `startServer`, `refOf`, `call`
   * and `cast`.
   */
  via(key: unknown, value?: unknown): RegistryName {
    keyIdentity(key)
    return { type: 'registry-name', registry: this.name, key, value }
  }
}

function identify(key: unknown): KeyOf {
  return { id: keyIdentity(key), key }
}
