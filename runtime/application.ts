/** Applications: trees with callbacks around them, which share one runtime (OTP's `application`). */

import { awaitDown } from './call.ts'
import { checkedSupervisor, type SupervisorOptions } from './child-spec.ts'
import { RuntimeFailure, StartFailed } from './errors.ts'
import { type ExitReason, SHUTDOWN } from './exit-reason.ts'
import type { Kernel } from './kernel.ts'
import { checkKeys, checkName, checkOneOf } from './options.ts'
import type { Pid } from './pid.ts'
import { emitReport } from './report.ts'
import type { RestartType } from './restart-plan.ts'
import { sendExit } from './signals.ts'
import { startError, startProcess } from './start-process.ts'
import { supervisorServer } from './supervisor.ts'
import { printable } from './wire.ts'

type MaybePromise<Value> = Value | Promise<Value>

export interface ApplicationSpec<State = undefined> {
  readonly name: string
  /**
   * What the end of its tree means, if nobody has stopped it. `permanent`: the runtime stops too;
   * `transient`: it does unless the reason is `normal` (giving up is `shutdown`, so it does);
   * `temporary` (default): it is only reported.
   */
  readonly restart?: RestartType
  /** Gives the tree, and a state for the other callbacks. Runs in the thread that starts it. */
  readonly start: () => MaybePromise<
    SupervisorOptions | { readonly tree: SupervisorOptions; readonly state: State }
  >
  /** Before the tree goes down; what it returns is the state from then on. */
  readonly prepStop?: (state: State | undefined) => MaybePromise<State | undefined>
  /** After the tree is gone. */
  readonly stop?: (state: State | undefined) => MaybePromise<void>
}

const APPLICATION_KEYS = ['name', 'restart', 'start', 'prepStop', 'stop']

/** The reason in the report of an application that was stopped. */
const STOPPED: ExitReason = Object.freeze({ type: 'stopped' })

interface ApplicationOwner {
  readonly kernel: Kernel
  /** Told once, when the tree has ended and `stop` has run. */
  readonly onEnded: (application: Application, reason: ExitReason, byItself: boolean) => void
}

/** An application that runs. */
export class Application {
  readonly name: string
  readonly restart: RestartType
  /** Its top supervisor, in the root thread. */
  readonly pid: Pid
  /** Resolves with the reason when the tree has ended and `stop` has run. */
  readonly closed: Promise<ExitReason>
  readonly #kernel: Kernel
  readonly #prepStop: (() => MaybePromise<void>) | undefined
  #stopping = false

  /** @param finish Runs the `stop` callback. */
  constructor(
    spec: { readonly name: string; readonly restart: RestartType; readonly pid: Pid },
    owner: ApplicationOwner,
    callbacks: {
      readonly prepStop: (() => MaybePromise<void>) | undefined
      readonly finish: () => MaybePromise<void>
    },
  ) {
    this.name = spec.name
    this.restart = spec.restart
    this.pid = spec.pid
    this.#kernel = owner.kernel
    this.#prepStop = callbacks.prepStop
    const down = awaitDown(owner.kernel.main, spec.pid, { holds: false })
    this.closed = down.then(async (told) => {
      const reason = told ?? SHUTDOWN
      await callbacks.finish()
      this.#report(this.#stopping ? STOPPED : reason)
      owner.onEnded(this, reason, !this.#stopping)
      return reason
    })
    this.closed.catch(() => {})
  }

  /** `prepStop`, the tree from last to first (however long that takes), `stop`. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true
      await this.#prepStop?.()
      sendExit(this.#kernel.main, this.pid, SHUTDOWN)
    }
    await this.closed
  }

  #report(reason: ExitReason): void {
    emitReport(this.#kernel, 'application-report', () => ({
      type: 'application-report',
      level: reason.type === 'stopped' || reason.type === 'normal' ? 'info' : 'error',
      at: Date.now(),
      application: this.name,
      restart: this.restart,
      reason,
    }))
  }
}

/**
 * Runs the `start` callback and the tree that it gives.
 *
 * @throws {StartFailed} The callback returned no tree (`bad_return`), or a child did not start.
 */
async function startApplication<State>(
  spec: ApplicationSpec<State>,
  owner: ApplicationOwner,
): Promise<Application> {
  checkKeys('startApplication', spec, APPLICATION_KEYS)
  const { name, restart = 'temporary', prepStop, stop } = spec
  checkName('startApplication: name', name)
  checkOneOf(`application '${name}': restart`, restart, ['permanent', 'transient', 'temporary'])
  const given = await spec.start()
  const { tree, state: first } = treeOf(name, given)
  const outcome = await startProcess(owner.kernel.main, {
    definition: supervisorServer.address,
    id: name,
    args: tree,
    kind: 'supervisor',
    placement: 'root',
    link: false,
  })
  if (outcome.type !== 'started') throw startError(name, outcome)
  let state = first
  return new Application({ name, restart, pid: outcome.pid }, owner, {
    prepStop: prepStop
      ? async (): Promise<void> => {
          state = await prepStop(state)
        }
      : undefined,
    finish: () => stop?.(state),
  })
}

/** The applications of one runtime, in the order of their starts. */
export class Applications {
  readonly #kernel: Kernel
  readonly #onFatal: (reason: ExitReason) => void
  readonly #running = new Map<string, Application | undefined>()

  /** @param onFatal Told when one has ended by itself without which the runtime must not go on. */
  constructor(kernel: Kernel, onFatal: (reason: ExitReason) => void) {
    this.#kernel = kernel
    this.#onFatal = onFatal
  }

  async start<State>(spec: ApplicationSpec<State>): Promise<Application> {
    const { name } = spec
    if (this.#running.has(name)) {
      throw new RuntimeFailure('ERR_ALREADY_STARTED', `The application '${name}' runs already.`)
    }
    this.#running.set(name, undefined)
    try {
      const onEnded: ApplicationOwner['onEnded'] = (...ended) => this.#ended(...ended)
      const application = await startApplication(spec, { kernel: this.#kernel, onEnded })
      this.#running.set(name, application)
      return application
    } catch (error) {
      this.#running.delete(name)
      throw error
    }
  }

  /** Ends them from last to first. */
  async stop(): Promise<void> {
    for (const application of [...this.#running.values()].toReversed()) await application?.stop()
  }

  #ended({ name, restart }: Application, reason: ExitReason, byItself: boolean): void {
    this.#running.delete(name)
    const isFailure = restart === 'transient' && reason.type !== 'normal'
    if (byItself && (restart === 'permanent' || isFailure)) this.#onFatal(reason)
  }
}

function treeOf<State>(
  name: string,
  given: SupervisorOptions | { readonly tree: SupervisorOptions; readonly state: State },
): { readonly tree: SupervisorOptions; readonly state: State | undefined } {
  try {
    if ('tree' in given) {
      return { tree: checkedSupervisor(`application '${name}'`, given.tree), state: given.state }
    }
    return { tree: checkedSupervisor(`application '${name}'`, given), state: undefined }
  } catch (cause) {
    const reason = { type: 'bad_return', value: printable(given), error: String(cause) }
    throw new StartFailed(name, 'exited', reason)
  }
}
