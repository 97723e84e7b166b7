import { makePid } from '../../../runtime/pid.ts'
import type { TreeEvent, TreeNode, TreeSource } from '../../../runtime/tree-event.ts'

const NAMES = ['main', 'root', 'coordinator', 'vm', 'tables']

export function node(
  thread: number,
  serial: number,
  id: string,
  more: Partial<TreeNode> = {},
): TreeNode {
  return {
    pid: makePid(thread, serial),
    id,
    kind: 'worker',
    thread: { ordinal: thread, name: NAMES[thread] ?? `thread-${thread}` },
    status: 'waiting',
    mailbox: 0,
    handled: 0,
    restarts: 0,
    startedAt: 1_700_000_000_000,
    links: [],
    children: [],
    ...more,
  }
}

/** A tree that is told what happens, keeps count of its subscribers and can be slow or broken. */
export class FakeTree implements TreeSource {
  roots: TreeNode[] = []
  listeners = new Set<(event: TreeEvent) => void>()
  snapshots = 0
  /** What the next snapshots do instead of answering at once. */
  behaviour: () => Promise<void> = async () => {}

  constructor(roots: TreeNode[] = []) {
    this.roots = roots
  }

  async snapshot(): Promise<TreeNode[]> {
    this.snapshots += 1
    await this.behaviour()
    return structuredClone(this.roots)
  }

  subscribe(listener: (event: TreeEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  emit(event: TreeEvent): void {
    for (const listener of this.listeners) listener(event)
  }
}
