/**
 * The threads that scripts run in: a piscina pool that starts with the first script and is given
 * back when there were none for a while.
 *
 * Two of piscina's traits shape this file (5.3.2). With `minThreads: 0` an aborted task takes its
 * thread along and queued tasks wait until the next `run()`: so one thread is the minimum, and the
 * queue is ours, not piscina's. A thread that fails while it loads rejects no task, the pool only
 * emits 'error': so that pool gets no more scripts, and the next one gets a new pool.
 */
import type { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { ThreadResult } from './outcome.ts'
import type { ScriptTask } from './sandbox-thread.ts'
import { execArgvOfThreads } from './thread-loading.ts'

/** Best effort only (nodejs/node#65019); the real bounds are the limits on values and Lua's heap. */
const resourceLimits = {
  maxOldGenerationSizeMb: 64,
  maxYoungGenerationSizeMb: 16,
  stackSizeMb: 4,
} as const

export interface ThreadPoolOptions {
  readonly maxThreads: number
  /** Milliseconds without a script after which all threads are given back. */
  readonly idleMs: number
  /** A thread failed outside of any script. */
  readonly onBroken: (error: Error) => void
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions
  #pool: Piscina<ScriptTask, ThreadResult> | undefined
  #starting: Promise<Piscina<ScriptTask, ThreadResult>> | undefined
  /** Pools with a broken thread, whose other threads may still run scripts. */
  #retired: Piscina<ScriptTask, ThreadResult>[] = []
  #running = 0
  #idleTimer: NodeJS.Timeout | undefined
  readonly #exits = new Map<Worker, Promise<void>>()

  constructor(options: ThreadPoolOptions) {
    this.#options = options
  }

  get threads(): number {
    return this.#exits.size
  }

  /** Runs a script; aborting the signal kills its thread, in whatever loop that is. */
  async run(task: ScriptTask, signal: AbortSignal): Promise<ThreadResult> {
    clearTimeout(this.#idleTimer)
    this.#running += 1
    try {
      const pool = this.#pool ?? (await this.#started())
      signal.throwIfAborted()
      const result = pool.run(task, { signal, transferList: [task.port] })
      this.#watchExits(pool)
      return await result
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#becomeIdle()
    }
  }

  /** Ends all threads and waits until they are gone. */
  async stop(): Promise<void> {
    clearTimeout(this.#idleTimer)
    await this.#starting
    await Promise.all(this.#takeAll().map((pool) => pool.destroy()))
    await Promise.all(this.#exits.values())
  }

  /** One start for all scripts that wait for it. */
  #started(): Promise<Piscina<ScriptTask, ThreadResult>> {
    this.#starting ??= execArgvOfThreads().then((execArgv) => {
      this.#starting = undefined
      this.#pool = this.#start(execArgv)
      return this.#pool
    })
    return this.#starting
  }

  #start(execArgv: string[]): Piscina<ScriptTask, ThreadResult> {
    const pool = new Piscina<ScriptTask, ThreadResult>({
      filename: threadFile(),
      name: 'runScript',
      minThreads: 1,
      maxThreads: this.#options.maxThreads,
      idleTimeout: this.#options.idleMs,
      concurrentTasksPerWorker: 1,
      atomics: 'sync',
      env: {},
      execArgv,
      resourceLimits,
      recordTiming: false,
    })
    pool.on('workerCreate', () => this.#watchExits(pool))
    pool.on('error', (error) => this.#retire(pool, error))
    return pool
  }

  #retire(pool: Piscina<ScriptTask, ThreadResult>, reason: unknown): void {
    if (this.#pool !== pool) return
    this.#pool = undefined
    this.#retired.push(pool)
    this.#options.onBroken(reason instanceof Error ? reason : new Error(String(reason)))
    if (this.#running === 0) this.#becomeIdle()
  }

  #becomeIdle(): void {
    for (const pool of this.#retired.splice(0)) void pool.destroy()
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => {
      for (const pool of this.#takeAll()) void pool.destroy()
    }, this.#options.idleMs).unref()
  }

  #takeAll(): Piscina<ScriptTask, ThreadResult>[] {
    const pools = [...this.#retired, ...(this.#pool === undefined ? [] : [this.#pool])]
    this.#pool = undefined
    this.#retired = []
    for (const pool of pools) this.#watchExits(pool)
    return pools
  }

  /** piscina does not wait for the threads that an abort has killed; `stop()` does. */
  #watchExits(pool: Piscina<ScriptTask, ThreadResult>): void {
    for (const worker of pool.threads) {
      if (this.#exits.has(worker)) continue
      const exit = new Promise<void>((resolve) => {
        worker.once('exit', () => {
          this.#exits.delete(worker)
          resolve()
        })
      })
      this.#exits.set(worker, exit)
    }
  }
}

/** The thread's module beside this one, compiled or source as this one is. */
function threadFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return new URL(`./sandbox-thread${extension}`, import.meta.url).href
}
