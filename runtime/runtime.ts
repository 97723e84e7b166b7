/** Starting and stopping a runtime, from the thread that wants one. */

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { awaitDown, type CallOptions, call } from './call.ts'
import { type ChildSpec, checkedSupervisor, child, type SupervisorOptions } from './child-spec.ts'
import { runAs } from './context.ts'
import { enterKernel, leaveKernel } from './current.ts'
import { NotRunning } from './errors.ts'
import { type ExitReason, errorReason, SHUTDOWN } from './exit-reason.ts'
import { Kernel } from './kernel.ts'
import { checkKeys } from './options.ts'
import { CALLER_THREAD, type Pid, ROOT_THREAD } from './pid.ts'
import { createSharedBuffers, SharedState } from './shared-state.ts'
import { sibling } from './sibling.ts'
import { sendExit } from './signals.ts'
import { startError, startProcess } from './spawn.ts'
import { supervisorServer } from './supervisor.ts'
import { serveControl } from './thread.ts'
import type { TreeEvent, TreeNode } from './tree-event.ts'
import { followTree } from './tree-follower.ts'
import { treeServer } from './tree-server.ts'

export interface RuntimeOptions extends SupervisorOptions {
  /** Keeps the process alive until `stop()`. Default true; false: only pending calls do. */
  readonly keepAlive?: boolean
  /** Keeps one thread warm, so that a new one is ready in about a millisecond. Default true. */
  readonly spare?: boolean
  /**
   * Threads get the process's own `execArgv` (loaders, `--import`). Default true; false for a
   * runtime that runs no code of the application.
   */
  readonly inheritExecArgv?: boolean
  /**
   * Plain code of this thread acts in this runtime when it calls `send`, `call`, `self` and so on.
   * Default true; false for a runtime inside a library: it is reached by `act` only, and does not
   * get in the way of the application's own.
   */
  readonly ambient?: boolean
  /** Keeps the process alive until all children are ready. Default true. */
  readonly holdsWhileStarting?: boolean
}

const RUNTIME_KEYS = [
  'strategy',
  'maxRestarts',
  'maxSeconds',
  'children',
  'keepAlive',
  'spare',
  'inheritExecArgv',
  'ambient',
  'holdsWhileStarting',
]

/** Milliseconds that `stop()` gives the root to end its threads before it is ended itself. */
const STOP_MS = 10_000

/**
 * Starts a runtime: a root thread, in it a supervisor, under it the children, in start order.
 * Resolves when all of them are ready.
 *
 * @throws {TypeError} Options that cannot be meant; nothing was started.
 * @throws {StartFailed} A child did not start; what had started is gone again.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  checkKeys('startRuntime', options, RUNTIME_KEYS)
  const { keepAlive = true, spare = true, inheritExecArgv = true, ...more } = options
  const { ambient = true, holdsWhileStarting = true, ...rest } = more
  const spec = checkedSupervisor('startRuntime', rest)
  const runtime = new Runtime({ keepAlive, spare, inheritExecArgv, ambient })
  try {
    await runtime.startTree(spec, holdsWhileStarting)
    return runtime
  } catch (error) {
    await runtime.stop()
    throw error
  }
}

interface Setup {
  readonly keepAlive: boolean
  readonly spare: boolean
  readonly inheritExecArgv: boolean
  readonly ambient: boolean
}

export class Runtime {
  /** Resolves when the runtime has ended, by `stop()` or because its root supervisor gave up. */
  readonly closed: Promise<ExitReason>
  readonly #kernel: Kernel
  readonly #control: MessagePort
  readonly #root: Worker
  readonly #keepAlive: boolean
  #top: Pid | undefined
  #stopping: Promise<void> | undefined
  #close: (reason: ExitReason) => void = () => {}
  #stopped: () => void = () => {}

  constructor({ keepAlive, spare, inheritExecArgv, ambient }: Setup) {
    const shared = createSharedBuffers()
    const { port1, port2 } = new MessageChannel()
    this.#keepAlive = keepAlive
    this.#control = port1
    this.#root = new Worker(sibling(import.meta, 'thread-entry'), {
      workerData: { nodelens: 'root', control: port2, shared, spare },
      transferList: [port2],
      name: 'nodelens root',
      ...(inheritExecArgv ? {} : { execArgv: [], env: withoutNodeOptions() }),
    })
    this.#kernel = new Kernel(CALLER_THREAD, new SharedState(shared), (message, transfer) =>
      port1.postMessage(message, transfer ?? []),
    )
    this.#kernel.onHold = (holding) => this.#hold(holding)
    serveControl(this.#kernel, port1, () => this.#stopped())
    if (ambient) enterKernel(this.#kernel)
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
    this.#root.on('error', (error) => this.#rootGone(errorReason(error)))
    this.#root.on('exit', (code) => this.#rootGone({ type: 'worker_exit', code }))
    this.#hold(false)
  }

  /** Starts the tree under a supervisor in the root thread. Called once, by `startRuntime`. */
  async startTree(options: Required<SupervisorOptions>, holds: boolean): Promise<void> {
    const children: readonly ChildSpec[] = [
      child(treeServer, { placement: 'here' }),
      ...options.children,
    ]
    const owner = this.#kernel.main
    const plan = {
      definition: supervisorServer.address,
      id: 'root',
      args: { ...options, children },
      kind: 'supervisor',
      placement: 'root',
      link: false,
      name: 'root',
    } as const
    const started = await startProcess(owner, plan, Number.POSITIVE_INFINITY, holds)
    if (started.type !== 'started') throw startError('root', started)
    this.#top = started.pid
    void awaitDown(owner, started.pid, { holds: false }).then((reason) => {
      if (!this.#stopping) void this.#shutDown(reason ?? SHUTDOWN)
    })
  }

  /** The pid that has this name, in whatever thread. */
  whereis(name: string): Pid | undefined {
    return this.#kernel.names.lookup(name)
  }

  /** Runs plain code as this runtime's main actor, also if the runtime is not `ambient`. */
  act<Result>(code: () => Result): Result {
    return runAs(this.#kernel.main, code)
  }

  /** The tree now; actors of a thread that does not answer are shown as last seen. */
  async tree(): Promise<readonly TreeNode[]> {
    const nodes = await this.#ask('snapshot')
    return isTree(nodes) ? nodes : []
  }

  /** Every change from now on, until the signal is aborted or the runtime ends. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<TreeEvent> {
    return followTree(this.#kernel, options.signal)
  }

  /** Ends children last to first, then every thread. Nothing of the runtime is left afterwards. */
  stop(): Promise<void> {
    return this.#shutDown(SHUTDOWN)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #ask(what: string, payload?: unknown, options?: CallOptions): Promise<unknown> {
    const pid = this.whereis(treeServer.spec.name)
    if (!pid) throw new NotRunning(what)
    return this.act(() => call(pid, what, payload, options))
  }

  #shutDown(reason: ExitReason): Promise<void> {
    this.#stopping ??= this.#end(reason)
    return this.#stopping
  }

  async #end(reason: ExitReason): Promise<void> {
    this.#control.ref()
    if (this.#top) {
      const down = awaitDown(this.#kernel.main, this.#top, { timeoutMs: STOP_MS })
      sendExit(this.#kernel.main, this.#top, SHUTDOWN)
      await down
    }
    const stopped = this.#untilStopped()
    this.#control.postMessage({ type: 'stop' })
    await stopped
    await this.#root.terminate()
    this.#forget(reason)
    await portsClosed()
  }

  #untilStopped(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, STOP_MS)
      this.#stopped = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#root.once('exit', this.#stopped)
    })
  }

  /** The root thread ended by itself: nothing can be restarted any more, so all of it ends. */
  #rootGone(reason: ExitReason): void {
    this.#kernel.threadLost(ROOT_THREAD, reason)
    this.#stopping ??= Promise.resolve()
    this.#forget(reason)
  }

  #forget(reason: ExitReason): void {
    leaveKernel(this.#kernel)
    this.#kernel.stop(new NotRunning('The runtime has ended'))
    this.#control.close()
    this.#close(reason)
  }

  /** Plain code that waits for an answer keeps the process alive, and nothing else must. */
  #hold(holding: boolean): void {
    if (holding || this.#keepAlive) {
      this.#root.ref()
    } else {
      this.#root.unref()
      this.#control.unref()
    }
  }
}

/** A closed port is gone only at the end of the turn of the event loop that follows. */
async function portsClosed(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function withoutNodeOptions(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env
  return env
}

function isTree(value: unknown): value is readonly TreeNode[] {
  return Array.isArray(value)
}
