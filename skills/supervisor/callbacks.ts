import * as v from 'valibot'
import { type BuiltInCallback, builtInCallback, countInput } from '../built-in-skill.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { isAway, missingRow, type RowParts, restartRow, restartsIn } from './rows.ts'
import type { TreeEntry, TreeHistory } from './tree-history.ts'

const MINUTE_MS = 60_000

export interface CallbackParts {
  readonly history: TreeHistory
  /** Brings the history up to date. */
  readonly look: () => Promise<unknown>
  readonly parts: RowParts
}

/** The functions of the supervisor skill. */
export function supervisorCallbacks({
  history,
  look,
  parts,
}: CallbackParts): Record<string, BuiltInCallback> {
  const input = v.strictObject({ limit: countInput(1, 50, 10) })
  return {
    supervisor_restarts: builtInCallback({
      doc: 'Children that were restarted in the last ten minutes, most restarts first: child (path), partOfNodelens, restarts1m, restarts10m, restartsTotal, isCrashLoop, reason of the last death, location {file, line, function} where it was thrown, stack, observation, explanation, remedy. { limit = 10 }',
      input,
      run: ({ limit }) => restartRows(history, limit, parts),
    }),
    supervisor_missing: builtInCallback({
      doc: 'Children that were there and are gone, or that neither wait nor run, for more than ten seconds, longest first: child, status, since, downSeconds, restartsTotal, lastReason. Children of dynamic supervisors end when their work is done. { limit = 10 }',
      input,
      run: ({ limit }) => missingRows(history, limit),
    }),
    supervisor_orphans: builtInCallback({
      doc: 'Actors that nobody supervises: pid, id, name, thread, linkCount, mailbox, ageSeconds. { limit = 10 }',
      input,
      run: ({ limit }) => orphanRows(history.entries).slice(0, limit),
    }),
    supervisor_tree: builtInCallback({
      doc: 'The tree as lines: path, kind, pid, status, thread, mailbox, handled, restarts. { limit = 50 }',
      input: v.strictObject({ limit: countInput(1, 500, 50) }),
      run: async ({ limit }) => {
        await look()
        return history.entries.slice(0, limit).map(treeRow)
      },
    }),
  }
}

function restartRows(history: TreeHistory, limit: number, parts: RowParts): JsonRecord[] {
  const now = epochMs()
  const children = history.children().filter(({ restarts }) => restarts.length > 0)
  return children
    .sort((left, right) => restartsIn(right, MINUTE_MS, now) - restartsIn(left, MINUTE_MS, now))
    .slice(0, limit)
    .map((child) => restartRow(child, now, parts))
}

function missingRows(history: TreeHistory, limit: number): JsonRecord[] {
  const now = epochMs()
  const rows = history
    .children()
    .filter((child) => isAway(child, now))
    .map((child) => missingRow(child, now))
  rows.sort((left, right) => Number(right['downSeconds']) - Number(left['downSeconds']))
  return rows.slice(0, limit)
}

/** Actors at the top of the tree that are no supervisors. */
export function orphanRows(entries: readonly TreeEntry[]): JsonRecord[] {
  return entries
    .filter(({ supervisor, node }) => supervisor === undefined && node.kind === 'worker')
    .map(({ node, isOwn }) => ({
      pid: node.pid,
      id: node.id,
      name: node.name ?? null,
      partOfNodelens: isOwn,
      thread: node.thread.name,
      linkCount: node.links.length,
      mailbox: node.mailbox,
      ageSeconds: Math.round((Date.now() - node.startedAt) / 1000),
    }))
}

function treeRow({ path, node }: TreeEntry): JsonRecord {
  const { kind, pid, status, thread, mailbox, handled, restarts } = node
  return { path, kind, pid, status, thread: thread.name, mailbox, handled, restarts }
}
