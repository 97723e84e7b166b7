import type { Worker } from 'node:worker_threads'
import { type ExitReason, errorReason, NORMAL } from './exit-reason.ts'
import {
  defineForeign,
  type Foreign,
  type ForeignDefinition,
  type ForeignIdentity,
  whenMessage,
} from './foreign.ts'
import { checkKeys } from './options.ts'
import type { Placement } from './placement.ts'

export interface ForeignWorkerSpec<Args> {
  /** The definition's name in its module, and its registered name by default. */
  readonly name: string
  /** Makes the worker; runs at every start and restart, in the thread of the placement. */
  readonly start: (args: Args) => Worker
  /**
   * When it can work: as soon as it runs (`online`, the default), at its first message, or at the
   * first message of which the function says so.
   */
  readonly ready?: 'online' | 'message' | ((message: unknown) => boolean)
  /** Milliseconds to get ready in; then the start has failed. Default 30000. */
  readonly readyMs?: number
  /** Posted to ask it to end. Default: it is terminated at once. */
  readonly stopMessage?: unknown
  /** Gets every message of the worker, and acts as the actor that stands for it. */
  readonly onMessage?: (message: unknown, worker: Worker) => void
  /** Where `child` puts it. Default `'caller'`: the thread that started the runtime. */
  readonly placement?: Placement
}

const KEYS = ['name', 'start', 'ready', 'readyMs', 'stopMessage', 'onMessage', 'placement']

/**
 * Defines a `Worker` that is no actor as a child: `child(thumbnails, { args, shutdown: 2000 })`.
 *
 * What is sent to its pid is posted to the worker. It ends with `normal` for exit code 0,
 * `{ type: 'worker_exit', code }`, the error that it did not catch, or `out_of_memory`. It is asked
 * to end by `stopMessage`; after the child's `shutdown` time it is terminated. Functions do not
 * cross threads, so export the definition; the thread of its placement imports the module.
 *
 * @param meta The module's own `import.meta`.
 */
export function foreignWorker<Args = undefined>(
  meta: { readonly url: string },
  spec: ForeignWorkerSpec<Args>,
): ForeignDefinition<Args> {
  checkKeys('foreignWorker', spec, KEYS)
  const { name, readyMs, placement } = spec
  return defineForeign(meta, {
    name,
    readyMs,
    placement,
    open: (args, deliver) => new WorkerChild(spec, spec.start(args), deliver),
  })
}

class WorkerChild implements Foreign {
  readonly ready: Promise<void>
  readonly exited: Promise<ExitReason>
  readonly identity: ForeignIdentity
  readonly #worker: Worker
  readonly #spec: ForeignWorkerSpec<never>

  constructor(spec: ForeignWorkerSpec<never>, worker: Worker, deliver: (message: unknown) => void) {
    this.#worker = worker
    this.#spec = spec
    this.identity = { type: 'worker', id: worker.threadId }
    this.ready = readyOf(worker, spec.ready ?? 'online')
    this.exited = exitOf(worker)
    if (spec.onMessage) worker.on('message', deliver)
  }

  handle(message: unknown): void {
    this.#spec.onMessage?.(message, this.#worker)
  }

  post(message: unknown): void {
    this.#worker.postMessage(message)
  }

  askToEnd(): void {
    const { stopMessage } = this.#spec
    if (stopMessage === undefined) this.kill()
    else this.#worker.postMessage(stopMessage)
  }

  kill(): void {
    void this.#worker.terminate()
  }
}

function readyOf(
  worker: Worker,
  ready: NonNullable<ForeignWorkerSpec<never>['ready']>,
): Promise<void> {
  return new Promise((resolve) => {
    if (ready === 'online') return void worker.once('online', () => resolve())
    whenMessage(worker, ready, resolve)
  })
}

function exitOf(worker: Worker): Promise<ExitReason> {
  const limitMb = worker.resourceLimits?.maxOldGenerationSizeMb
  return new Promise((resolve) => {
    let cause: ExitReason | undefined
    worker.on('error', (error: Error) => {
      const isFull = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      cause ??= isFull ? { type: 'out_of_memory', limitMb } : errorReason(error)
    })
    worker.once('exit', (code) => {
      resolve(cause ?? (code === 0 ? NORMAL : { type: 'worker_exit', code }))
    })
  })
}
