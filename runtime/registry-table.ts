import type { Pid } from './pid.ts'

export interface Registration {
  /** The identity of the key, see `keyIdentity`. */
  readonly id: unknown
  readonly key: unknown
  readonly pid: Pid
  value: unknown
}

/** What is registered, by key and by owner, each in the order of registration. */
export class RegistryTable {
  readonly #byId = new Map<unknown, Set<Registration>>()
  readonly #byPid = new Map<Pid, Set<Registration>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  at(id: unknown): readonly Registration[] {
    return [...(this.#byId.get(id) ?? [])]
  }

  of(pid: Pid): readonly Registration[] {
    return [...(this.#byPid.get(pid) ?? [])]
  }

  all(): readonly Registration[] {
    return [...this.#byPid.values()].flatMap((entries) => [...entries])
  }

  owners(): readonly Pid[] {
    return [...this.#byPid.keys()]
  }

  add(entry: Registration): void {
    put(this.#byId, entry.id, entry)
    put(this.#byPid, entry.pid, entry)
    this.#size++
  }

  remove(entry: Registration): void {
    take(this.#byId, entry.id, entry)
    take(this.#byPid, entry.pid, entry)
    this.#size--
  }
}

function put<Key>(map: Map<Key, Set<Registration>>, key: Key, entry: Registration): void {
  const entries = map.get(key)
  if (entries) entries.add(entry)
  else map.set(key, new Set([entry]))
}

function take<Key>(map: Map<Key, Set<Registration>>, key: Key, entry: Registration): void {
  const entries = map.get(key)
  entries?.delete(entry)
  if (entries?.size === 0) map.delete(key)
}
