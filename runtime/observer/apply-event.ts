import type { TopicEvent, WireEvent, WireProcess, WireThread, WireTreeNode } from './protocol.ts'

/**
 * The state that both ends of a live connection keep, and what one event does to it. The server
 * uses it to hand a snapshot to whoever joins, tests prove that snapshot + events = later snapshot,
 * and the page runs these very functions: their text is part of its script ({@link
 * reducerFunctions}), so they are plain top-level functions that call nothing but each other.
 *
 * Processes are kept flat, each with its parent's pid; a tree is made only to be shown. That makes
 * every event harmless when a snapshot contains it already: a snapshot and the events around it
 * need no lock.
 */

/** All that a client knows. Values are never changed, only replaced. */
export interface LiveState {
  readonly processes: ReadonlyMap<string, WireProcess>
  readonly threads: ReadonlyMap<number, WireThread>
  /** Entries by topic, oldest first. */
  readonly topics: ReadonlyMap<string, readonly TopicEvent[]>
  /** At most so many entries are kept for each topic. */
  readonly itemsPerTopic: number
}

interface Draft {
  readonly processes: Map<string, WireProcess>
  readonly threads: Map<number, WireThread>
  readonly topics: Map<string, readonly TopicEvent[]>
  readonly itemsPerTopic: number
}

/** What a snapshot says: the tree, threads that it does not mention, entries by topic. */
export interface SnapshotContent {
  readonly tree: readonly WireTreeNode[]
  readonly threads: readonly WireThread[]
  readonly topics: Readonly<Record<string, readonly TopicEvent[]>>
}

/** The state that a snapshot describes. */
export function stateOf(content: SnapshotContent, itemsPerTopic: number): LiveState {
  const draft: Draft = {
    processes: new Map(),
    threads: new Map(),
    topics: new Map(Object.entries(content.topics)),
    itemsPerTopic,
  }
  for (const thread of content.threads) draft.threads.set(thread.ordinal, thread)
  for (const node of content.tree) addNode(draft, node, undefined)
  return draft
}

/** The state after one event. */
export function applyEvent(state: LiveState, event: WireEvent): LiveState {
  return applyEvents(state, [event])
}

/** The state after the events, in their order; one copy for all of them. */
export function applyEvents(state: LiveState, events: readonly WireEvent[]): LiveState {
  const draft: Draft = {
    processes: new Map(state.processes),
    threads: new Map(state.threads),
    topics: new Map(state.topics),
    itemsPerTopic: state.itemsPerTopic,
  }
  for (const event of events) change(draft, event)
  return draft
}

function change(draft: Draft, event: WireEvent): void {
  switch (event.type) {
    case 'process-started':
      addNode(draft, event.node, event.parent)
      return
    case 'process-exited':
      draft.processes.delete(event.pid)
      return
    case 'process-updated':
      updateProcess(draft, event)
      return
    case 'child-restarted': {
      draft.processes.delete(event.oldPid)
      const record = draft.processes.get(event.newPid)
      if (record) draft.processes.set(event.newPid, { ...record, restarts: event.restarts })
      return
    }
    case 'thread-started': {
      const { ordinal, name, threadId } = event
      draft.threads.set(ordinal, { ordinal, name, ...(threadId === undefined ? {} : { threadId }) })
      return
    }
    case 'thread-exited':
      draft.threads.delete(event.ordinal)
      for (const [pid, record] of draft.processes) {
        if (record.thread.ordinal === event.ordinal) draft.processes.delete(pid)
      }
      return
    case 'topic':
      draft.topics.set(
        event.topic,
        upsert(draft.topics.get(event.topic) ?? [], event, draft.itemsPerTopic),
      )
      return
    default: // an event of a later version
      return
  }
}

function addNode(draft: Draft, node: WireTreeNode, above: string | undefined): void {
  const { children, ...own } = node
  const parent = above ?? node.parent
  draft.processes.set(node.pid, parent === undefined ? own : { ...own, parent })
  draft.threads.set(node.thread.ordinal, node.thread)
  for (const child of children) addNode(draft, child, node.pid)
}

function updateProcess(draft: Draft, event: Extract<WireEvent, { type: 'process-updated' }>): void {
  const old = draft.processes.get(event.pid)
  if (!old) return
  const { name: oldName, label: oldLabel, ...rest } = old
  const name = event.name === undefined ? oldName : event.name
  const label = event.label === undefined ? oldLabel : event.label
  draft.processes.set(event.pid, {
    ...rest,
    status: event.status,
    mailbox: event.mailbox,
    handled: event.handled,
    links: event.links ?? old.links,
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof label === 'string' ? { label } : {}),
  })
}

/** The list with the entry as its newest, instead of an older one with its id. */
export function upsert(
  items: readonly TopicEvent[],
  item: TopicEvent,
  limit: number,
): readonly TopicEvent[] {
  return [...items.filter((other) => other.id !== item.id), item].slice(-limit)
}

/** The tree to show: siblings by `order`, then id, then pid; an orphan is a root. */
export function treeOf(state: LiveState): WireTreeNode[] {
  const childrenOf = new Map<string | undefined, WireProcess[]>()
  for (const record of state.processes.values()) {
    const { parent } = record
    const key = parent !== undefined && state.processes.has(parent) ? parent : undefined
    const siblings = childrenOf.get(key)
    if (siblings) siblings.push(record)
    else childrenOf.set(key, [record])
  }
  return nodesBelow(undefined, childrenOf)
}

function nodesBelow(
  pid: string | undefined,
  childrenOf: ReadonlyMap<string | undefined, readonly WireProcess[]>,
): WireTreeNode[] {
  const records = [...(childrenOf.get(pid) ?? [])].sort(compareSiblings)
  return records.map((record) => {
    const { parent, ...own } = record
    const children = nodesBelow(own.pid, childrenOf)
    // Said again only where the nesting does not say it.
    return parent === undefined || parent === pid
      ? { ...own, children }
      : { ...own, parent, children }
  })
}

function compareSiblings(a: WireProcess, b: WireProcess): number {
  const aOrder = a.order ?? Number.MAX_SAFE_INTEGER
  const bOrder = b.order ?? Number.MAX_SAFE_INTEGER
  if (aOrder !== bOrder) return aOrder - bOrder
  if (a.id !== b.id) return a.id < b.id ? -1 : 1
  return a.pid.length - b.pid.length || (a.pid < b.pid ? -1 : 1)
}

/** All functions of this file that a client needs; their text is the page's reducer. */
export const reducerFunctions: readonly { toString(): string }[] = [
  stateOf,
  applyEvents,
  change,
  addNode,
  updateProcess,
  upsert,
  treeOf,
  nodesBelow,
  compareSiblings,
]
