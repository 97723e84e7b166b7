/** Starting and stopping a runtime, from the thread that wants one. */

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import { type Application, type ApplicationSpec, Applications } from './application.ts'
import { awaitDown, type CallOptions, call } from './call.ts'
import { type ChildSpec, child, type SupervisorOptions } from './child-spec.ts'
import { aside, runAs } from './context.ts'
import { enterKernel, leaveKernel } from './current.ts'
import { NotRunning } from './errors.ts'
import { type ExitReason, errorReason, SHUTDOWN } from './exit-reason.ts'
import { startRootThread } from './first-module.ts'
import { Kernel } from './kernel.ts'
import { CALLER_THREAD, type Pid, ROOT_THREAD } from './pid.ts'
import { emitReport, type Report } from './report.ts'
import { checkedRuntime, type RuntimeOptions, type Setup, STOP_MS } from './runtime-options.ts'
import { createSharedBuffers, SharedState } from './shared-state.ts'
import { sendExit } from './signals.ts'
import { startError, startProcess } from './start-process.ts'
import { StopSignals } from './stop-signals.ts'
import { supervisorServer } from './supervisor.ts'
import { watchListeners } from './telemetry.ts'
import { serveControl } from './thread.ts'
import type { TreeEvent, TreeNode } from './tree-event.ts'
import { followReports, followTree } from './tree-follower.ts'
import { treeServer } from './tree-server.ts'
import { within } from './within.ts'

/** How long a late end looks who is left, milliseconds. */
const LOOK_MS = 2000

/**
 * Starts a runtime: a root thread, in it a supervisor, under it the children, in start order.
 * Resolves when all of them are ready.
 *
 * @throws {TypeError} Options that cannot be meant; nothing was started.
 * @throws {StartFailed} A child did not start; what had started is gone again.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { setup, spec, holdsWhileStarting } = checkedRuntime(options)
  const runtime = new Runtime(setup)
  try {
    await runtime.startTree(spec, holdsWhileStarting)
    return runtime
  } catch (error) {
    await runtime.stop()
    throw error
  }
}

export class Runtime {
  /** Resolves when the runtime has ended, by `stop()` or because its root supervisor gave up. */
  readonly closed: Promise<ExitReason>
  readonly #kernel: Kernel
  readonly #control: MessagePort
  readonly #root: Worker
  /** Something waits that keeps the process alive; it is kept alive; that will be looked at. */
  #isHolding = false
  #isHeld = false
  #isLooking = false
  readonly #keepAlive: boolean
  readonly #setup: Setup
  readonly #applications: Applications
  readonly #signals: StopSignals
  #top: Pid | undefined
  /** Who had not ended within `stopMs`. */
  #left: readonly string[] = []
  #stopping: Promise<void> | undefined
  #endReason: ExitReason | undefined
  readonly #stopWatching: () => void
  #close: (reason: ExitReason) => void = () => {}
  #stopped: () => void = () => {}

  constructor(setup: Setup) {
    const { keepAlive, spares, watchdog, inheritExecArgv, ambient } = setup
    this.#setup = setup
    const shared = createSharedBuffers()
    const { port1, port2 } = new MessageChannel()
    this.#keepAlive = keepAlive
    this.#control = port1
    this.#root = startRootThread(
      {
        data: { nodelens: 'root', control: port2, shared, spares, watchdog },
        inherits: inheritExecArgv,
      },
      {
        transferList: [port2],
        name: 'nodelens root',
        ...(inheritExecArgv ? {} : { execArgv: [], env: withoutNodeOptions() }),
      },
    )
    this.#kernel = new Kernel(CALLER_THREAD, new SharedState(shared), (message, transfer) =>
      port1.postMessage(message, transfer ?? []),
    )
    this.#kernel.onHold = (holding) => this.#hold(holding)
    this.#applications = new Applications(this.#kernel, (reason) => void this.#shutDown(reason))
    serveControl(this.#kernel, port1, () => this.#stopped())
    this.#stopWatching = watchListeners(this.#kernel)
    if (ambient) enterKernel(this.#kernel)
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
    this.#root.on('error', (error) => this.#rootGone(errorReason(error)))
    this.#root.on('exit', (code) => this.#rootGone({ type: 'worker_exit', code }))
    this.#look()
    this.#signals = new StopSignals(setup.stopOnSignals, {
      stop: () => this.stop().then(() => this.#left),
      force: (timeoutMs) => this.#force(timeoutMs),
    })
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

  /** Every report of every thread from now on, until the signal is aborted or the runtime ends. */
  reports(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<Report> {
    return followReports(this.#kernel, options.signal)
  }

  /** Ends children last to first, then every thread. Nothing of the runtime is left afterwards. */
  stop(): Promise<void> {
    return this.#shutDown(SHUTDOWN)
  }

  /**
   * Starts an application beside the tree: its own top supervisor in the root thread, with
   * callbacks. Applications are stopped from last to first, before the tree.
   *
   * @throws {StartFailed} Its callback returned no tree, or a child did not start.
   * @throws {RuntimeFailure} `ERR_ALREADY_STARTED`: one of this name runs.
   */
  startApplication<State>(spec: ApplicationSpec<State>): Promise<Application> {
    return this.#applications.start(spec)
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
    this.#endReason ??= reason
    this.#stopping ??= this.#end(reason)
    return this.#stopping
  }

  /** All of it within `stopMs`: what has not ended by then loses its thread. */
  async #end(reason: ExitReason): Promise<void> {
    const { stopMs } = this.#setup
    this.#control.ref()
    if (!(await within(stopMs, this.#endActors(reason)))) await this.#late(stopMs)
    const stopped = this.#untilStopped()
    this.#control.postMessage({ type: 'stop' })
    await stopped
    await this.#force(STOP_MS)
    this.#forget(reason)
    await portsClosed()
  }

  /** Ends the root thread and with it all others; native code may keep one of them. */
  #force(timeoutMs: number): Promise<boolean> {
    return within(timeoutMs, this.#root.terminate())
  }

  async #late(stopMs: number): Promise<void> {
    let left: readonly string[] = []
    const look = this.tree().then((nodes) => {
      left = leavesOf(nodes)
    })
    await within(LOOK_MS, look)
    this.#left = left.length > 0 ? left : ['the stop hook or an application']
    emitReport(this.#kernel, 'shutdown-report', () => ({
      type: 'shutdown-report',
      level: 'error',
      at: Date.now(),
      stopMs,
      left: this.#left,
    }))
  }

  /** The hook, the applications from last to first, the tree. */
  async #endActors(reason: ExitReason): Promise<void> {
    await this.#setup.onStop?.(reason)
    await this.#applications.stop()
    if (!this.#top) return
    const down = awaitDown(this.#kernel.main, this.#top)
    sendExit(this.#kernel.main, this.#top, SHUTDOWN)
    await down
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
    this.#forget(this.#endReason ?? reason)
  }

  #forget(reason: ExitReason): void {
    this.#signals.forget()
    leaveKernel(this.#kernel)
    this.#stopWatching()
    this.#kernel.stop(new NotRunning('The runtime has ended'))
    this.#control.close()
    this.#close(reason)
  }

  /** Plain code that waits for an answer keeps the process alive, and nothing else must. */
  /** Waits come and go many times in a turn of the event loop; what is left at its end counts. */
  #hold(holding: boolean): void {
    this.#isHolding = holding
    if (holding && !this.#isHeld) this.#look()
    else if (!holding && !this.#isLooking) {
      this.#isLooking = true
      aside(() => setImmediate(() => this.#look()))
    }
  }

  #look(): void {
    this.#isLooking = false
    this.#isHeld = this.#isHolding || this.#keepAlive
    if (this.#isHeld) {
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

/** The workers that still live; the runtime's own and those of plain code are none of it. */
function leavesOf(nodes: readonly TreeNode[]): string[] {
  return nodes.flatMap(({ id, pid, kind, children }) => {
    if (id === 'main' || id === treeServer.spec.name) return []
    return [...(kind === 'worker' ? [`${id} ${pid}`] : []), ...leavesOf(children)]
  })
}
