/** From what threads tell of their actors to one tree. Pure. */

import { CALLER_THREAD, type Pid, ROOT_THREAD, threadOf } from './pid.ts'
import type { TreeNode } from './tree-event.ts'
import type { ProcessReport } from './tree-report.ts'

export interface ThreadInfo {
  readonly ordinal: number
  readonly name: string
  readonly threadId: number | undefined
}

/** Hangs every actor below its parent; threads without actors stand by themselves. */
export function buildTree(
  reports: readonly ProcessReport[],
  threads: readonly ThreadInfo[],
  silent: ReadonlySet<number>,
  restarts: ReadonlyMap<string, number>,
): readonly TreeNode[] {
  const pids = new Set(reports.map(({ pid }) => pid))
  const below = new Map<Pid | undefined, ProcessReport[]>()
  for (const report of reports) {
    const known = report.parent !== undefined && pids.has(report.parent)
    const parent = known && !isTop(report) ? report.parent : undefined
    below.set(parent, [...(below.get(parent) ?? []), report])
  }
  const grow = (report: ProcessReport): TreeNode =>
    toNode(report, threads, silent, restarts, (below.get(report.pid) ?? []).map(grow))
  return (below.get(undefined) ?? []).map(grow)
}

/** The root supervisor was started by plain code of the caller's thread and hangs below nothing. */
export function isTop({ pid, parent }: ProcessReport): boolean {
  const below = parent === undefined || threadOf(parent) === CALLER_THREAD
  return below && threadOf(pid) === ROOT_THREAD
}

export function toNode(
  report: ProcessReport,
  threads: readonly ThreadInfo[],
  silent: ReadonlySet<number>,
  restarts: ReadonlyMap<string, number>,
  children: readonly TreeNode[],
): TreeNode {
  const { parent, ...rest } = report
  const ordinal = threadOf(report.pid)
  const thread = threads.find((candidate) => candidate.ordinal === ordinal)
  return {
    ...rest,
    status: silent.has(ordinal) ? 'unresponsive' : report.status,
    thread: {
      ordinal,
      name: thread?.name ?? `thread ${ordinal}`,
      ...(thread?.threadId === undefined ? {} : { threadId: thread.threadId }),
    },
    restarts: restarts.get(`${parent} ${report.id}`) ?? 0,
    children,
  }
}
