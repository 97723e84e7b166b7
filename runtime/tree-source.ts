/** The whole tree, put together in the root thread from what each thread tells. */

import { buildTree, isTop, type ThreadInfo, toNode } from './build-tree.ts'
import { type Pid, threadOf } from './pid.ts'
import type { FromRoot, TreeMessage } from './signal.ts'
import type { TreeEvent, TreeNode, TreeSource } from './tree-event.ts'
import type { ProcessReport, ThreadNews, TreeNews } from './tree-report.ts'

/** A thread that does not answer in this time is shown as it was last seen, milliseconds. */
const ANSWER_MS = 250
/** How often threads are asked, while somebody watches, whether they still answer; milliseconds. */
const PING_MS = 1000

type TreeRequest = Extract<FromRoot, { type: 'tree-request' | 'ping' }>

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
  /** Threads asked by the last ping that have not answered yet. */
  #unanswered = new Set<number>()
  readonly #silent = new Set<number>()
  #pings: NodeJS.Timeout | undefined
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
    this.#pings ??= setInterval(() => this.#ping(), PING_MS).unref()
    for (const { ordinal } of this.#options.threads()) {
      this.#options.ask(ordinal, { type: 'tree-request', id: 0 })
    }
    return () => {
      if (!this.#listeners.delete(own)) return
      this.#options.watch(-1)
      if (this.#listeners.size > 0) return
      clearInterval(this.#pings)
      this.#pings = undefined
      this.#unanswered.clear()
      this.#silent.clear()
    }
  }

  /** A reply or news from a thread's reporter. */
  receive(message: TreeMessage): void {
    if (message.type === 'tree-reply') {
      this.#refresh(message.ordinal, message.processes)
      this.#waiting.get(message.id)?.(message.ordinal, message.processes)
    } else if (message.type === 'pong') this.#answered(message.ordinal)
    else for (const news of message.events) this.#news(news)
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

  /** What a thread says replaces what was known of it; who is new in it has started. */
  #refresh(ordinal: number, processes: readonly ProcessReport[]): void {
    const before = new Set(this.#known.keys())
    for (const pid of before) if (threadOf(pid) === ordinal) this.#known.delete(pid)
    for (const report of processes) {
      this.#known.set(report.pid, report)
      if (!before.has(report.pid)) this.#started(report, Date.now())
    }
  }

  /** What the watchdog has found of a thread; told only while somebody watches. */
  silence(ordinal: number, isSilent: boolean): void {
    if (!isSilent) return this.#answered(ordinal)
    if (this.#listeners.size === 0 || this.#silent.has(ordinal)) return
    this.#silent.add(ordinal)
    this.#retell(ordinal)
  }

  #ping(): void {
    for (const ordinal of this.#unanswered) this.silence(ordinal, true)
    const ordinals = this.#options.threads().map(({ ordinal }) => ordinal)
    for (const ordinal of this.#silent)
      if (!ordinals.includes(ordinal)) this.#silent.delete(ordinal)
    this.#unanswered = new Set(ordinals)
    for (const ordinal of ordinals) this.#options.ask(ordinal, { type: 'ping' })
  }

  #answered(ordinal: number): void {
    this.#unanswered.delete(ordinal)
    if (this.#silent.delete(ordinal)) this.#retell(ordinal)
  }

  /** The thread became silent, or speaks again: its actors' status changes with it. */
  #retell(ordinal: number): void {
    for (const report of this.#known.values()) {
      if (threadOf(report.pid) !== ordinal) continue
      const { pid, mailbox, handled } = report
      const status = this.#silent.has(ordinal) ? 'unresponsive' : report.status
      this.#emit({ type: 'process-updated', at: Date.now(), pid, mailbox, handled, status })
    }
  }

  #started(report: ProcessReport, at: number): void {
    if (this.#listeners.size === 0) return
    const parent = isTop(report) ? undefined : report.parent
    const node = toNode(report, this.#options.threads(), this.#silent, this.#restarts, [])
    this.#emit({
      type: 'process-started',
      at,
      pid: report.pid,
      node,
      ...(parent ? { parent } : {}),
    })
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
      const isKnown = this.#known.has(report.pid)
      this.#known.set(report.pid, report)
      if (!isKnown) return this.#started(report, at)
      const { pid, mailbox, handled, status } = report
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
    }
  }

  #emit(event: TreeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
