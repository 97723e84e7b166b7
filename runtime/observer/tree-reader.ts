import type { TreeEvent, TreeNode, TreeSource } from '../tree-event.ts'
import { toJson } from './json.ts'
import type { WireEvent, WireTreeNode } from './protocol.ts'

const REASON_LIMITS = { maxCharacters: 8 * 1024, maxDepth: 8 }
const SNAPSHOT_TIMEOUT_MS = 3000

/** Reads the tree for many askers at once, and never waits for ever. */
export class TreeReader {
  readonly #source: TreeSource
  #underWay: Promise<WireTreeNode[]> | undefined

  constructor(source: TreeSource) {
    this.#source = source
  }

  /**
   * The tree as of now, or of a moment ago: who asks while a reading is under way shares it, so that
   * a crowd costs as much as one.
   *
   * @throws {Error} The source failed or did not answer within 3 s.
   */
  read(): Promise<WireTreeNode[]> {
    this.#underWay ??= this.readFresh().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  /** The tree as of now or later, by a reading that begins now. Throws as {@link read} does. */
  async readFresh(): Promise<WireTreeNode[]> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`The tree did not answer within ${SNAPSHOT_TIMEOUT_MS} ms.`)
      timer = setTimeout(() => reject(error), SNAPSHOT_TIMEOUT_MS).unref()
    })
    try {
      return (await Promise.race([this.#source.snapshot(), late])).map(wireNode)
    } finally {
      clearTimeout(timer)
    }
  }
}

function wireNode(node: TreeNode): WireTreeNode {
  return { ...node, links: [...node.links], children: node.children.map(wireNode) }
}

/** An event as it leaves the process: reasons may hold anything, so they are made JSON. */
export function wireEvent(event: TreeEvent): WireEvent {
  switch (event.type) {
    case 'process-started':
      return { ...event, node: wireNode(event.node) }
    case 'process-updated': {
      const { links, ...rest } = event
      return links === undefined ? rest : { ...rest, links: [...links] }
    }
    case 'process-exited':
    case 'child-restarted':
      return { ...event, reason: wireReason(event.reason) }
    case 'thread-exited': {
      const { reason, ...rest } = event
      return reason === undefined ? rest : { ...rest, reason: wireReason(reason) }
    }
    case 'thread-started':
      return event
  }
}

function wireReason(reason: { readonly type: string }): { type: string; [key: string]: unknown } {
  const fields = Object.entries(reason).map(([key, value]) => [
    key,
    toJson(value, REASON_LIMITS).json,
  ])
  return { ...Object.fromEntries(fields), type: reason.type }
}
