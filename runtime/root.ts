/** The root thread: the kernel in which supervisors live, the host of all threads, the tree. */

import type { MessagePort } from 'node:worker_threads'
import { enterKernel } from './current.ts'
import { Kernel } from './kernel.ts'
import { ROOT_THREAD } from './pid.ts'
import { ReportHub } from './report-hub.ts'
import { type SharedBuffers, SharedState } from './shared-state.ts'
import { tell } from './telemetry.ts'
import { ThreadHost } from './thread-host.ts'
import type { WatchdogOptions } from './thread-options.ts'
import type { TreeSource } from './tree-event.ts'
import type { ThreadNews } from './tree-report.ts'
import { TreeReporter } from './tree-reporter.ts'
import { RootTree } from './tree-source.ts'

export interface RootData {
  readonly nodelens: 'root'
  readonly control: MessagePort
  readonly shared: SharedBuffers
  /** Spares of each kind of thread. */
  readonly spares: number
  readonly watchdog: WatchdogOptions | false
}

let tree: RootTree | undefined
let reports = new ReportHub(() => {})

/** The reports of this runtime; only there in its root thread. */
export function rootReports(): ReportHub {
  return reports
}

/** The tree of this runtime; only there in its root thread. */
export function rootTree(): TreeSource {
  if (!tree) throw new Error('The tree is kept in the root thread; ask there.')
  return tree
}

export function runRoot({ control, shared, spares, watchdog }: RootData): void {
  const state = new SharedState(shared)
  const kernel = new Kernel(ROOT_THREAD, state, (message) => host.handle(message))
  const host: ThreadHost = new ThreadHost({
    kernel,
    caller: control,
    onNews: (news) => {
      source.threadNews(news)
      tellThread(kernel, news)
    },
    onTree: (message) => source.receive(message),
    onReport: (report) => {
      reports.publish(report)
      if (report.type === 'thread-report') tell(kernel, 'report:thread', () => report)
    },
    onSilence: (ordinal, isSilent) => source.silence(ordinal, isSilent),
    spares,
    watchdog,
  })
  const source = new RootTree({
    threads: () => [{ ordinal: ROOT_THREAD, name: 'root', threadId: undefined }, ...host.threads],
    ask: (ordinal, message) => {
      if (ordinal !== ROOT_THREAD) host.tell(ordinal, message)
      else if (message.type === 'tree-request') reporter.reply(message.id)
      else source.receive({ type: 'pong', ordinal })
    },
    watch: (change) => state.addWatchers(change),
  })
  const reporter = new TreeReporter(kernel, (message) => source.receive(message))
  countRestarts(kernel, source)
  tree = source
  reports = new ReportHub((change) => state.addReportReaders(change))
  enterKernel(kernel)
  kernel.readControl = () => host.catchUp()
  kernel.threads = () => {
    host.catchUp()
    return [ROOT_THREAD, ...host.threads.map(({ ordinal }) => ordinal)]
  }
  if (spares > 0) host.keepSpare()
}

function tellThread(kernel: Kernel, { type, ...facts }: ThreadNews): void {
  tell(kernel, type === 'thread-started' ? 'thread:started' : 'thread:exited', () => facts)
}

/** Restarts are counted also while nobody watches the tree. */
function countRestarts(kernel: Kernel, source: RootTree): void {
  const report = kernel.onLife
  kernel.onLife = (event) => {
    if (event.type === 'restarted') source.restarted(event.supervisor, event.id, event.restarts)
    report?.(event)
  }
}
