import { EventEmitter, errorMonitor } from 'node:events'
import { creationStack } from '../probe/creation-stack.ts'
import { describeThrown, stackOf } from '../probe/stack-text.ts'

/** A worker that main started and that lives. */
export interface Started {
  readonly threadId: number
  /** Where it was started, as lines of a stack text; '' when nothing of the application was there. */
  readonly stack: string
  readonly startedAt: number
}

/** How a worker ended of an error that it did not handle. */
export interface Crash {
  readonly threadId: number
  readonly at: number
  readonly lifeMs: number
  readonly starter: string
  readonly error: {
    readonly name: string
    readonly message: string
    readonly code: string
    readonly stack: string
  }
}

const MAX_CRASHES = 30
const MAX_ALIVE = 500

const now = Date.now

/**
 * The workers that the application starts from main: which live, where they were started, of what
 * they died. Bounded; holds none of them. Listeners are shared functions; errors are seen through
 * `errorMonitor`, which does not count as handling them.
 */
export class ThreadBook {
  readonly #alive = new Map<number, Started>()
  readonly #ids = new WeakMap<object, number>()
  readonly #errors = new WeakMap<object, Crash['error']>()
  readonly #crashes: Crash[] = []
  started = 0
  crashed = 0
  readonly #on = listenersOf({
    fail: (worker, error) => this.#errors.set(worker, describe(error)),
    exit: (worker) => this.#end(worker),
  })

  /** Notes a new worker, unless it is one of nodelens. */
  add(worker: object): void {
    if (!(worker instanceof EventEmitter) || this.#ids.has(worker)) return
    const threadId: unknown = Reflect.get(worker, 'threadId')
    if (typeof threadId !== 'number' || this.#alive.size >= MAX_ALIVE) return
    const creation = creationStack()
    if (creation.type === 'own') return
    const stack = creation.type === 'stack' ? creation.text : ''
    this.#ids.set(worker, threadId)
    this.#alive.set(threadId, { threadId, stack, startedAt: now() })
    this.started += 1
    worker.on(errorMonitor, this.#on.error)
    worker.once('exit', this.#on.exit)
  }

  alive(): Started[] {
    return [...this.#alive.values()]
  }

  /** The newest first. */
  crashes(): Crash[] {
    return this.#crashes.toReversed()
  }

  #end(worker: object): void {
    const threadId = this.#ids.get(worker)
    const started = threadId === undefined ? undefined : this.#alive.get(threadId)
    const error = this.#errors.get(worker)
    if (threadId === undefined || started === undefined) return
    this.#alive.delete(threadId)
    if (error === undefined) return
    this.crashed += 1
    const lifeMs = Math.max(0, now() - started.startedAt)
    this.#crashes.push({ threadId, at: now(), lifeMs, starter: started.stack, error })
    if (this.#crashes.length > MAX_CRASHES) this.#crashes.shift()
  }
}

/** One pair for all workers: an emitter calls its listeners as its own methods. */
function listenersOf(on: {
  readonly fail: (worker: object, error: unknown) => void
  readonly exit: (worker: object) => void
}): {
  readonly error: (this: object, error: unknown) => void
  readonly exit: (this: object) => void
} {
  return {
    error(this: object, error: unknown): void {
      on.fail(this, error)
    },
    exit(this: object): void {
      on.exit(this)
    },
  }
}

function describe(error: unknown): Crash['error'] {
  const { name, message, code = '' } = describeThrown(error)
  const stack = typeof error === 'object' && error !== null ? stackOf(error) : undefined
  return { name, message, code, stack: stack ?? '' }
}
