/** The whole tree, put together in the root thread from what each thread tells. */

import { CALLER_THREAD, type Pid, ROOT_THREAD, threadOf } from './pid.ts'
import type { FromRoot, TreeMessage } from './signal.ts'
import type { TreeEvent, TreeNode, TreeSource } from './tree-event.ts'
import type { ProcessReport, ThreadNews, TreeNews } from './tree-report.ts'

/** A thread that does not answer in this time is shown as it was last seen, milliseconds. */
const ANSWER_MS = 250

export interface ThreadInfo {
  readonly ordinal: number
  readonly name: string
  readonly threadId: number | undefined
}

type TreeRequest = Extract<FromRoot, { type: 'tree-request' }>

export interface RootTreeOptions {
  readonly threads: () => readonly ThreadInfo[]
  readonly ask: (ordinal: number, message: TreeRequest) => void
  readonly watch: (change: 1 | -1) => void
}

export class RootTree implements TreeSource {
  readonly #options: RootTreeOptions
  readonly #listeners = new Set<(event: TreeEvent) => void>()
  readonly #known = new Map<Pid, ProcessReport>()
  readonly #restarts = new Map<string, number>()
  readonly #waiting = new Map<
    number,
    (ordinal: number, processes: readonly ProcessReport[]) => void
  >()
  #requests = 0

  constructor(options: RootTreeOptions) {
    this.#options = options
  }

  async snapshot(): Promise<readonly TreeNode[]> {
    const threads = this.#options.threads()
    const silent = await this.#collect(threads)
    return buildTree([...this.#known.values()], threads, silent, this.#restarts)
  }

  subscribe(listener: (event: TreeEvent) => void): () => void {
    const own = (event: TreeEvent): void => listener(event)
    this.#listeners.add(own)
    this.#options.watch(1)
    for (const { ordinal } of this.#options.threads()) {
      this.#options.ask(ordinal, { type: 'tree-request', id: 0 })
    }
    return () => {
      if (this.#listeners.delete(own)) this.#options.watch(-1)
    }
  }

  /** A reply or news from a thread's reporter. */
  receive(message: TreeMessage): void {
    if (message.type === 'tree-reply') {
      this.#refresh(message.ordinal, message.processes)
      this.#waiting.get(message.id)?.(message.ordinal, message.processes)
    } else for (const news of message.events) this.#news(news)
  }

  threadNews(news: ThreadNews): void {
    if (news.type === 'thread-exited') this.#refresh(news.ordinal, [])
    else this.#options.ask(news.ordinal, { type: 'tree-request', id: 0 })
    this.#emit({ ...news, at: Date.now() })
  }

  /** Counts restarts also while nobody watches. */
  restarted(supervisor: Pid, id: string, restarts: number): void {
    this.#restarts.set(`${supervisor} ${id}`, restarts)
  }

  /** Asks all threads; resolves with those that did not answer in time. */
  #collect(threads: readonly ThreadInfo[]): Promise<ReadonlySet<number>> {
    const id = ++this.#requests
    const silent = new Set(threads.map(({ ordinal }) => ordinal))
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve(silent)
      }
      const timer = setTimeout(done, ANSWER_MS)
      this.#waiting.set(id, (ordinal) => {
        silent.delete(ordinal)
        if (silent.size === 0) done()
      })
      for (const { ordinal } of threads) this.#options.ask(ordinal, { type: 'tree-request', id })
    })
  }

  #refresh(ordinal: number, processes: readonly ProcessReport[]): void {
    for (const pid of this.#known.keys()) if (threadOf(pid) === ordinal) this.#known.delete(pid)
    for (const process of processes) this.#known.set(process.pid, process)
  }

  #news(news: TreeNews): void {
    const { at } = news
    if (news.type === 'restarted') {
      const { supervisor, id, oldPid, newPid, reason, restarts } = news
      this.restarted(supervisor, id, restarts)
      this.#emit({ type: 'child-restarted', at, supervisor, id, oldPid, newPid, reason, restarts })
    } else if (news.type === 'died') {
      this.#known.delete(news.pid)
      this.#emit({ type: 'process-exited', at, pid: news.pid, reason: news.reason })
    } else {
      const { report } = news
      const before = this.#known.get(report.pid)
      this.#known.set(report.pid, report)
      const { pid, mailbox, handled, status } = report
      const parent = isTop(report) ? undefined : report.parent
      if (before) {
        this.#emit({
          type: 'process-updated',
          at,
          pid,
          mailbox,
          handled,
          status,
          name: report.name ?? null,
          label: report.label ?? null,
          links: report.links,
        })
      } else {
        const node = toNode(report, this.#options.threads(), new Set(), this.#restarts, [])
        this.#emit({ type: 'process-started', at, pid, node, ...(parent ? { parent } : {}) })
      }
    }
  }

  #emit(event: TreeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
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
function isTop({ pid, parent }: ProcessReport): boolean {
  const below = parent === undefined || threadOf(parent) === CALLER_THREAD
  return below && threadOf(pid) === ROOT_THREAD
}

function toNode(
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
