/**
 * Makes and ends the threads of a runtime. Lives in the root thread only, so that every thread can
 * be replaced while the thread that started the runtime is stuck.
 */

import { type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { type ExitReason, errorReason, KILLED, NOCONNECTION, NOPROC } from './exit-reason.ts'
import { FormerThreads } from './former-threads.ts'
import { Hibernation } from './hibernation.ts'
import type { Kernel } from './kernel.ts'
import { CALLER_THREAD, type Pid, ROOT_THREAD, threadOf } from './pid.ts'
import { type Report, wantsReport } from './report.ts'
import type { ConnectMessage, FromRoot, Signal, ToRoot, TreeMessage } from './signal.ts'
import { type FreshThread, Spares } from './spares.ts'
import type { WatchdogOptions } from './thread-options.ts'
import { ThreadWatch, threadReport } from './thread-watch.ts'
import type { ThreadNews } from './tree-report.ts'
import { unreachable } from './unreachable.ts'

/** A thread that was killed or says it leaves, and is still there after this time, is ended; ms. */
const KILL_GRACE_MS = 100
/**
 * A thread that was ended and is still there after this time is given up, ms: native code cannot be
 * interrupted, and a loop of some shapes neither (Node 24 and 26).
 */
const ABANDON_MS = 5000

interface Thread {
  readonly ordinal: number
  readonly name: string
  readonly control: MessagePort
  readonly worker: Worker | undefined
  readonly dedicated: Pid | undefined
  /** Limit of its heap. */
  readonly limitMb: number | undefined
  /** Why it will be gone, as soon as that is known. */
  cause: ExitReason | undefined
  lastWords: readonly Signal[]
}

export interface HostOptions {
  readonly kernel: Kernel
  /** Control port to the thread that started the runtime. */
  readonly caller: MessagePort
  readonly onNews: (news: ThreadNews) => void
  readonly onTree: (message: TreeMessage) => void
  readonly onReport: (report: Report) => void
  /** A thread became silent, or speaks again. */
  readonly onSilence: (ordinal: number, isSilent: boolean) => void
  /** Spares of each kind of thread. */
  readonly spares: number
  readonly watchdog: WatchdogOptions | false
}

export class ThreadHost {
  readonly #options: HostOptions
  readonly #threads = new Map<number, Thread>()
  readonly #former = new FormerThreads()
  readonly #spares: Spares
  readonly #watch: ThreadWatch
  readonly #hibernation = new Hibernation((ordinal) => this.tell(ordinal, { type: 'hibernate' }))
  #stopping = false

  constructor(options: HostOptions) {
    this.#options = options
    const { caller, kernel, onReport, onSilence } = options
    this.#spares = new Spares(options.spares)
    this.#watch = new ThreadWatch(
      {
        find: (ordinal) => this.#threads.get(ordinal),
        ask: (ordinal) => this.tell(ordinal, { type: 'ping' }),
        readAnswers: () => this.catchUp(),
        end: (ordinal, cause) => this.#end(this.#threads.get(ordinal), cause),
        isFollowed: () => wantsReport(kernel, 'thread-report'),
        report: onReport,
        onSilence,
      },
      options.watchdog,
    )
    this.#threads.set(CALLER_THREAD, {
      ordinal: CALLER_THREAD,
      name: 'main',
      control: caller,
      worker: undefined,
      dedicated: undefined,
      limitMb: undefined,
      cause: undefined,
      lastWords: [],
    })
    caller.on('message', (message: ToRoot) => this.handle(message))
  }

  get threads(): readonly { ordinal: number; name: string; threadId: number | undefined }[] {
    return [...this.#threads.values()].map(({ ordinal, name, worker }) => ({
      ordinal,
      name,
      threadId: worker?.threadId,
    }))
  }

  /** What any thread asks of the root; the root's own kernel asks here too. */
  handle(message: ToRoot): void {
    switch (message.type) {
      case 'connect':
        return this.#connect(message)
      case 'spawn-thread':
        return this.#spawn(message)
      case 'settle':
        this.catchUp()
        return this.tell(message.ordinal, { type: 'settled' })
      case 'thread-ready':
        return this.#watch.started(message.ordinal)
      case 'kill':
        return this.#kill(message.pid)
      case 'thread-idle':
        return this.#leaving(message)
      case 'stop':
        return void this.stop().then(() => this.tell(CALLER_THREAD, { type: 'stopped' }))
      case 'report':
        return this.#options.onReport(message.report)
      case 'telemetry':
        return this.tell(CALLER_THREAD, message)
      case 'pong':
        this.#watch.answered(message.ordinal)
        return this.#options.onTree(message)
      case 'tree-reply':
      case 'tree-events':
        return this.#options.onTree(message)
      default:
        return unreachable(message)
    }
  }

  /** Handles all that has arrived from any thread. */
  catchUp(): void {
    for (const { control } of this.#threads.values()) this.#drain(control)
  }

  /** Sends to one thread's kernel. */
  tell(ordinal: number, message: FromRoot): void {
    this.#threads.get(ordinal)?.control.postMessage(message)
  }

  /** Starts a thread that waits for work. */
  keepSpare(): void {
    this.#spares.keep()
    this.#spares.fill()
  }

  /** Ends every thread but the root and the caller; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    const workers = [...this.#threads.values()].flatMap(({ worker }) => (worker ? [worker] : []))
    workers.push(...this.#spares.stop())
    this.#watch.stop()
    this.#hibernation.stop()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }

  #connect(message: ConnectMessage): void {
    const { to, from } = message
    const { kernel } = this.#options
    if (to === ROOT_THREAD) return kernel.peers.accept(from, message.port)
    const thread = this.#find(to)
    if (thread) return thread.control.postMessage(message, [message.port])
    message.port.close()
    const reason = this.#former.aftermath(to, (name) =>
      [...this.#threads.values()].some((other) => other.name === name),
    )
    this.#notify(from, { type: 'thread-down', ordinal: to, reason })
  }

  /**
   * A thread may be asked for before its announcement was read, which lies in another port: who
   * knows of it knows from the thread that announced it, so all that has arrived is read first.
   */
  #find(ordinal: number): Thread | undefined {
    if (!this.#threads.has(ordinal) && !this.#former.has(ordinal)) this.catchUp()
    return this.#threads.get(ordinal)
  }

  #spawn(message: Extract<ToRoot, { type: 'spawn-thread' }>): void {
    const { ordinal, threadName, options = {}, request, pid } = message
    const preload = options.preload ? request?.definition.url : undefined
    const fresh = this.#spares.take({ limits: options.resourceLimits, preload })
    const { worker, control } = fresh
    this.#enter(ordinal, threadName, fresh, request ? pid : undefined)
    this.#watch.watch(ordinal, worker, options.watchdog)
    const { hibernateAfterMs = Number.POSITIVE_INFINITY } = options
    this.#hibernation.watch(ordinal, worker, hibernateAfterMs)
    control.postMessage({
      type: 'begin',
      ordinal,
      pid,
      threadName,
      shared: this.#options.kernel.shared.buffers,
      ...(request ? { request } : {}),
    })
    this.#options.onNews({
      type: 'thread-started',
      ordinal,
      name: threadName,
      threadId: worker.threadId,
    })
  }

  #enter(
    ordinal: number,
    name: string,
    { worker, control }: FreshThread,
    dedicated: Pid | undefined,
  ): void {
    const limitMb = worker.resourceLimits?.maxOldGenerationSizeMb
    const known = { ordinal, name, control, worker, dedicated, limitMb }
    const thread: Thread = { ...known, cause: undefined, lastWords: [] }
    this.#threads.set(ordinal, thread)
    control.on('message', (next: ToRoot) => this.handle(next))
    worker.on('error', (error) => {
      thread.cause ??= isOutOfMemory(error)
        ? { type: 'out_of_memory', limitMb }
        : errorReason(error)
    })
    worker.on('exit', (code) => this.#exited(thread, code))
  }

  #exited(thread: Thread, code: number): void {
    const { ordinal, control, name } = thread
    if (this.#threads.get(ordinal) !== thread) return
    this.#watch.forget(ordinal)
    this.#hibernation.forget(ordinal)
    this.#drain(control)
    control.close()
    this.#threads.delete(ordinal)
    if (this.#stopping) return
    const cause = thread.cause ?? { type: 'worker_exit', code }
    const reason = thread.dedicated ? cause : { ...NOCONNECTION, thread: ordinal, cause }
    this.#former.add(ordinal, { name, dedicated: thread.dedicated !== undefined, reason })
    const { kernel, onNews } = this.#options
    kernel.shared.markGone(ordinal)
    kernel.names.releaseThread(ordinal)
    for (const other of [...this.#threads.keys(), ROOT_THREAD]) {
      const lastWords = thread.lastWords.filter(({ to }) => threadOf(to) === other)
      this.#notify(other, { type: 'thread-down', ordinal, reason, lastWords })
    }
    onNews({ type: 'thread-exited', ordinal, name, reason })
  }

  #drain(control: MessagePort): void {
    for (let next = receiveMessageOnPort(control); next; next = receiveMessageOnPort(control)) {
      this.handle(next.message)
    }
  }

  #notify(ordinal: number, message: Extract<FromRoot, { type: 'thread-down' }>): void {
    if (ordinal === ROOT_THREAD) {
      this.#options.kernel.threadLost(message.ordinal, message.reason, message.lastWords)
    } else this.tell(ordinal, message)
  }

  /** The actor of this thread has ended; the news waits until nothing of its thread is left. */
  #leaving({ ordinal, lastWords }: Extract<ToRoot, { type: 'thread-idle' }>): void {
    const thread = this.#threads.get(ordinal)
    if (!thread) return
    thread.cause = NOPROC
    thread.lastWords = lastWords
    this.#endSoon(thread)
  }

  /** The signal itself is on its way; here a thread that is too busy to read it is ended. */
  #kill(pid: Pid): void {
    const thread = this.#find(threadOf(pid))
    if (thread?.dedicated === pid) this.#endSoon(thread)
  }

  #endSoon(thread: Thread): void {
    const timer = setTimeout(() => {
      if (this.#threads.get(thread.ordinal) === thread) this.#end(thread, KILLED)
    }, KILL_GRACE_MS)
    timer.unref()
  }

  #end(thread: Thread | undefined, cause: ExitReason): void {
    if (!thread?.worker) return
    thread.cause ??= cause
    void thread.worker.terminate()
    setTimeout(() => this.#abandon(thread), ABANDON_MS).unref()
  }

  /** Nothing that it does has an effect any more: none of its code runs when its wait is over. */
  #abandon(thread: Thread): void {
    if (this.#threads.get(thread.ordinal) !== thread || this.#stopping) return
    const { kernel, onReport } = this.#options
    const told = { context: 'abandoned', level: 'error', ms: ABANDON_MS, action: 'kill' } as const
    if (wantsReport(kernel, 'thread-report')) onReport(threadReport(thread, told))
    this.#exited(thread, 0)
  }
}

function isOutOfMemory(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}
