import type { Kernel } from './kernel.ts'
import type { LifeEvent } from './life-event.ts'
import type { Process } from './process.ts'
import type { TreeMessage } from './signal.ts'
import { tellLife } from './telemetry.ts'
import type { ProcessReport, TreeNews } from './tree-report.ts'

/** How often counts are compared while somebody watches, milliseconds. */
const INTERVAL_MS = 500
/** Changes told at once; more wait for the next turn. */
const MAX_NEWS = 1000

/**
 * Tells the root what happens in this thread, but only while somebody watches: at rest a birth or
 * a death costs the reading of one shared flag.
 */
export class TreeReporter {
  readonly #kernel: Kernel
  readonly #post: (message: TreeMessage) => void
  readonly #told = new Map<Process, string>()
  #news: TreeNews[] = []
  #flushing = false
  #timer: NodeJS.Timeout | undefined

  constructor(kernel: Kernel, post: (message: TreeMessage) => void) {
    this.#kernel = kernel
    this.#post = post
    kernel.onLife = (event) => {
      if (kernel.shared.watched) this.#add(toNews(event))
      tellLife(kernel, event)
    }
  }

  /** Answers the root's question, which also tells that somebody watches now. */
  reply(id: number): void {
    const processes = [...this.#kernel.processes.values()].map(report)
    this.#post({ type: 'tree-reply', id, ordinal: this.#kernel.ordinal, processes })
    if (!this.#kernel.shared.watched || this.#timer) return
    this.#timer = setInterval(() => this.#compare(), INTERVAL_MS)
    this.#timer.unref()
  }

  #compare(): void {
    if (!this.#kernel.shared.watched) {
      clearInterval(this.#timer)
      this.#timer = undefined
      this.#told.clear()
      return
    }
    for (const process of this.#kernel.processes.values()) {
      const mark = markOf(process)
      if (this.#told.get(process) === mark) continue
      this.#told.set(process, mark)
      this.#add({ type: 'changed', at: Date.now(), report: report(process) })
    }
    for (const process of this.#told.keys()) if (!process.alive) this.#told.delete(process)
  }

  #add(news: TreeNews): void {
    this.#news.push(news)
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    const events = this.#news.splice(0, MAX_NEWS)
    this.#post({ type: 'tree-events', ordinal: this.#kernel.ordinal, events })
    this.#flushing = this.#news.length > 0
    if (this.#flushing) setImmediate(() => this.#flush())
  }
}

export function report(process: Process): ProcessReport {
  const { pid, parent, id, name, kind, handled, startedAt, label, currentLinks, mailbox } = process
  const status = shownStatus(process.status)
  return {
    pid,
    id: id ?? name ?? process.initialCall ?? pid,
    kind,
    status,
    mailbox: mailbox.size,
    handled,
    startedAt,
    links: [...currentLinks],
    ...(parent ? { parent } : {}),
    ...(name ? { name } : {}),
    ...(label ? { label } : {}),
  }
}

/** The tree's words, which are fewer. */
function shownStatus(status: Process['status']): ProcessReport['status'] {
  if (status === 'terminating') return 'running'
  return status === 'suspended' ? 'waiting' : status
}

function markOf({ mailbox, handled, status, name, label, currentLinks }: Process): string {
  return `${mailbox.size} ${handled} ${status} ${name} ${label} ${currentLinks.size}`
}

function toNews(event: LifeEvent): TreeNews {
  const at = Date.now()
  if (event.type === 'born') return { type: 'born', at, report: report(event.process) }
  if (event.type === 'died') {
    return { type: 'died', at, pid: event.process.pid, reason: event.reason }
  }
  return { ...event, at }
}
