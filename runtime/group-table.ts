import type { Pid } from './pid.ts'

interface Group {
  readonly group: unknown
  /** In the order of joining; as often as each has joined. */
  readonly members: Pid[]
}

/** Who is in which groups, by group and by member. Pure. */
export class GroupTable {
  readonly #groups = new Map<unknown, Group>()
  readonly #of = new Map<Pid, Set<unknown>>()

  members(id: unknown): readonly Pid[] {
    return this.#groups.get(id)?.members ?? []
  }

  all(): readonly Group[] {
    return [...this.#groups.values()]
  }

  isMember(pid: Pid): boolean {
    return this.#of.has(pid)
  }

  add(id: unknown, group: unknown, pid: Pid): void {
    const entry = this.#groups.get(id) ?? { group, members: [] }
    this.#groups.set(id, entry)
    entry.members.push(pid)
    const groups = this.#of.get(pid) ?? new Set()
    this.#of.set(pid, groups.add(id))
  }

  /** Takes one membership away, the latest; false if there was none. */
  remove(id: unknown, pid: Pid): boolean {
    const entry = this.#groups.get(id)
    const index = entry?.members.lastIndexOf(pid) ?? -1
    if (!entry || index < 0) return false
    entry.members.splice(index, 1)
    if (!entry.members.includes(pid)) this.#forget(id, pid)
    if (entry.members.length === 0) this.#groups.delete(id)
    return true
  }

  /** Takes all memberships of one away; says where and how many there were. */
  removeAll(pid: Pid): readonly { id: unknown; group: unknown; times: number }[] {
    const removed: { id: unknown; group: unknown; times: number }[] = []
    for (const id of this.#of.get(pid) ?? []) {
      const entry = this.#groups.get(id)
      if (!entry) continue
      let times = 0
      while (this.remove(id, pid)) times++
      removed.push({ id, group: entry.group, times })
    }
    return removed
  }

  #forget(id: unknown, pid: Pid): void {
    const groups = this.#of.get(pid)
    groups?.delete(id)
    if (groups?.size === 0) this.#of.delete(pid)
  }
}
