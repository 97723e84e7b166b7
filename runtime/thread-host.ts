/**
 * Makes and ends the threads of a runtime. Lives in the root thread only, so that every thread can
 * be replaced while the thread that started the runtime is stuck.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { type ExitReason, errorReason, KILLED, NOCONNECTION, NOPROC } from './exit-reason.ts'
import { FormerThreads } from './former-threads.ts'
import type { Kernel } from './kernel.ts'
import { CALLER_THREAD, type Pid, ROOT_THREAD, threadOf } from './pid.ts'
import type { Report } from './report.ts'
import { sibling } from './sibling.ts'
import type {
  ConnectMessage,
  FromRoot,
  Signal,
  ThreadLimits,
  ToRoot,
  TreeMessage,
} from './signal.ts'
import type { ThreadNews } from './tree-report.ts'
import { unreachable } from './unreachable.ts'

/** A thread that was killed or says it leaves, and is still there after this time, is ended; ms. */
const KILL_GRACE_MS = 100

interface Thread {
  readonly ordinal: number
  readonly name: string
  readonly control: MessagePort
  readonly worker: Worker | undefined
  readonly dedicated: Pid | undefined
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
}

export class ThreadHost {
  readonly #options: HostOptions
  readonly #threads = new Map<number, Thread>()
  readonly #former = new FormerThreads()
  #spare: { worker: Worker; control: MessagePort } | undefined
  #stopping = false

  constructor(options: HostOptions) {
    this.#options = options
    const { caller } = options
    this.#threads.set(CALLER_THREAD, {
      ordinal: CALLER_THREAD,
      name: 'main',
      control: caller,
      worker: undefined,
      dedicated: undefined,
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

  /** Starts a thread that waits for work, so that the next one needs no 40 ms. */
  keepSpare(): void {
    if (this.#spare || this.#stopping) return
    const made = makeWorker()
    this.#spare = made
    made.worker.once('exit', () => {
      if (this.#spare === made) this.#spare = undefined
    })
    made.worker.once('error', () => {})
  }

  /** Ends every thread but the root and the caller; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    const workers = [...this.#threads.values()].flatMap(({ worker }) => (worker ? [worker] : []))
    if (this.#spare) workers.push(this.#spare.worker)
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
    const { ordinal, threadName, resourceLimits, request, pid } = message
    const spare = resourceLimits ? undefined : this.#takeSpare()
    const { worker, control } = spare ?? makeWorker(resourceLimits)
    const thread: Thread = {
      ordinal,
      name: threadName,
      control,
      worker,
      dedicated: request ? pid : undefined,
      cause: undefined,
      lastWords: [],
    }
    this.#threads.set(ordinal, thread)
    control.on('message', (next: ToRoot) => this.handle(next))
    worker.on('error', (error) => {
      thread.cause ??= isOutOfMemory(error) ? { type: 'out_of_memory' } : errorReason(error)
    })
    worker.on('exit', (code) => this.#exited(thread, code))
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
    setImmediate(() => this.keepSpare())
  }

  #takeSpare(): { worker: Worker; control: MessagePort } | undefined {
    const spare = this.#spare
    this.#spare = undefined
    return spare
  }

  #exited(thread: Thread, code: number): void {
    const { ordinal, control, name } = thread
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
    const { worker } = thread
    if (!worker) return
    const timer = setTimeout(() => {
      if (this.#threads.get(thread.ordinal) !== thread) return
      thread.cause ??= KILLED
      void worker.terminate()
    }, KILL_GRACE_MS)
    timer.unref()
  }
}

function makeWorker(limits?: ThreadLimits): { worker: Worker; control: MessagePort } {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(sibling(import.meta, 'thread-entry'), {
    workerData: { nodelens: 'thread', control: port2 },
    transferList: [port2],
    ...(limits ? { resourceLimits: limits } : {}),
  })
  return { worker, control: port1 }
}

function isOutOfMemory(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}
