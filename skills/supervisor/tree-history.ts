import type { TreeEvent, TreeNode } from '../../runtime/index.ts'

/** One process of the tree with the supervisors above it. */
export interface TreeEntry {
  /** Ids from the root down, joined by '/'. */
  readonly path: string
  readonly node: TreeNode
  /** Path of its supervisor; undefined: nobody supervises it. */
  readonly supervisor: string | undefined
  readonly supervisorPid: string | undefined
  /** Part of nodelens itself. */
  readonly isOwn: boolean
}

/** A restart, as far as it is known. */
export interface Restart {
  readonly at: number
  /** How many restarts this stands for: several may lie between two looks. */
  readonly count: number
  readonly reason?: Extract<TreeEvent, { type: 'child-restarted' }>['reason']
}

/** What is known of one child over time. */
export interface ChildHistory {
  readonly path: string
  readonly isOwn: boolean
  readonly restarts: readonly Restart[]
  readonly restartsTotal: number
  readonly lastSeenAt: number
  readonly firstSeenAt: number
  readonly lastStatus: TreeNode['status']
  /** Since when it has not been `waiting` or `running`; undefined: it works. */
  readonly downSince: number | undefined
  readonly missingSince: number | undefined
}

const KEEP_MS = 600_000
const KEEP_RESTARTS = 200
const KEEP_CHILDREN = 500

/** Lists a tree with the path of each process. Pure. */
export function entriesOf(roots: readonly TreeNode[]): TreeEntry[] {
  const entries: TreeEntry[] = []
  const walk = (node: TreeNode, above: TreeEntry | undefined): void => {
    const label = node.name ?? node.id
    const entry: TreeEntry = {
      path: above === undefined ? node.id : `${above.path}/${node.id}`,
      node,
      supervisor: above?.path,
      supervisorPid: above?.node.pid,
      isOwn: above?.isOwn === true || /^nodelens\b/.test(label) || /^nodelens\b/.test(node.id),
    }
    entries.push(entry)
    for (const child of node.children) walk(child, entry)
  }
  for (const root of roots) walk(root, undefined)
  return entries
}

/** The tree over time: what was restarted when, and what is not there any more. */
export class TreeHistory {
  readonly #children = new Map<string, ChildHistory>()
  /** Paths of supervised children by supervisor pid and id, for events. */
  readonly #paths = new Map<string, string>()
  readonly #counted = new Map<string, number>()
  #entries: readonly TreeEntry[] = []
  #isFirst = true

  get entries(): readonly TreeEntry[] {
    return this.#entries
  }

  /** Takes in a look at the tree. Returns whether anything was restarted since the one before. */
  take(roots: readonly TreeNode[], now: number): boolean {
    this.#entries = entriesOf(roots).filter(({ node }) => node.kind !== 'thread')
    const seen = new Set<string>()
    let hasRestarted = false
    for (const entry of this.#entries) {
      seen.add(entry.path)
      const fresh = this.#freshRestarts(entry)
      if (fresh > 0) hasRestarted = true
      this.#note(entry, fresh, now)
    }
    for (const [path, child] of this.#children) {
      if (seen.has(path) || child.missingSince !== undefined) continue
      this.#children.set(path, { ...child, missingSince: now })
    }
    this.#isFirst = false
    this.#forget(now)
    return hasRestarted
  }

  /** A restart as it happens, with its reason. */
  hear(event: Extract<TreeEvent, { type: 'child-restarted' }>): void {
    const path = this.#paths.get(`${event.supervisor} ${event.id}`)
    const child = path === undefined ? undefined : this.#children.get(path)
    if (path === undefined || child === undefined) return
    this.#counted.set(`${event.supervisor} ${event.id}`, event.restarts)
    const restart = { at: event.at, count: 1, reason: event.reason }
    this.#children.set(path, {
      ...child,
      restarts: [...child.restarts, restart].slice(-KEEP_RESTARTS),
      restartsTotal: child.restartsTotal + 1,
    })
  }

  /** Children that nodelens saw, whether they are there or not. */
  children(): ChildHistory[] {
    return [...this.#children.values()]
  }

  #freshRestarts({ node, supervisor, supervisorPid }: TreeEntry): number {
    if (supervisor === undefined || supervisorPid === undefined) return 0
    const key = `${supervisorPid} ${node.id}`
    // Two children of one id cannot be told apart: dynamic supervisors name them alike.
    this.#paths.set(key, `${supervisor}/${node.id}`)
    const known = this.#counted.get(key) ?? (this.#isFirst ? node.restarts : 0)
    this.#counted.set(key, Math.max(known, node.restarts))
    return Math.max(0, node.restarts - known)
  }

  #note({ path, node, isOwn }: TreeEntry, fresh: number, now: number): void {
    const known = this.#children.get(path)
    const isDown = node.status !== 'waiting' && node.status !== 'running'
    const restarts = [...(known?.restarts ?? []), ...(fresh > 0 ? [{ at: now, count: fresh }] : [])]
    this.#children.set(path, {
      path,
      isOwn,
      restarts: restarts.filter(({ at }) => at > now - KEEP_MS).slice(-KEEP_RESTARTS),
      restartsTotal: Math.max(node.restarts, (known?.restartsTotal ?? 0) + fresh),
      firstSeenAt: known?.firstSeenAt ?? now,
      lastSeenAt: now,
      lastStatus: node.status,
      downSince: isDown ? (known?.downSince ?? now) : undefined,
      missingSince: undefined,
    })
  }

  #forget(now: number): void {
    for (const [path, child] of this.#children) {
      const isOld = now - child.lastSeenAt > KEEP_MS
      if (isOld || this.#children.size > KEEP_CHILDREN) this.#children.delete(path)
    }
    if (this.#paths.size > 4 * KEEP_CHILDREN) {
      this.#paths.clear()
      this.#counted.clear()
    }
  }
}
