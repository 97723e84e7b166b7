import { AbortFanout } from './abort-fanout.ts'
import type { Callback, Callbacks } from './callback-host.ts'
import { type Limits, parseLimits } from './limits.ts'
import { luaGlobals, luaKeywords } from './lua-prelude.ts'
import { describe, isRecord, parseKeys, wholeNumber } from './options.ts'
import type { FailureCode, Outcome } from './outcome.ts'
import { ScriptRun } from './script-run.ts'
import { ThreadPool } from './thread-pool.ts'

/** What all scripts of a sandbox share. */
export interface SandboxOptions {
  /** Limits of each script; single ones can be changed per run. */
  readonly limits?: Partial<Limits>
  /** Scripts at the same time. Default 2, 1 to 64. */
  readonly maxThreads?: number
  /** Scripts that may wait for a thread. Default 32. One more fails with `overloaded`. */
  readonly maxQueue?: number
  /** Milliseconds that a script may wait. Default 10000. Then it fails with `queue_timeout`. */
  readonly queueMs?: number
  /** Milliseconds without a script after which all threads are given back. Default 30000. */
  readonly idleMs?: number
}

/** What one script gets. */
export interface RunOptions {
  /** Functions that the script calls by these names, as if they were Lua's. Default none. */
  readonly callbacks?: Callbacks
  /** Limits that differ from the sandbox's. */
  readonly limits?: Partial<Limits>
  /** Ends the script: outcome `cancelled`, within about 350 ms whatever it does. */
  readonly signal?: AbortSignal
}

/** A moment's numbers of a sandbox. */
export interface SandboxStats {
  /** Scripts in a thread, or for which a thread starts. */
  readonly running: number
  readonly waiting: number
  /** Scripts that have an outcome, of any kind. */
  readonly finished: number
  /** Of these, how many cost a thread: it had to be terminated. */
  readonly killed: number
  /** Threads that exist, terminating ones included. */
  readonly threads: number
  readonly isStopped: boolean
}

/** Runs Lua scripts that nobody trusts. */
export interface Sandbox {
  /**
   * Runs one script in a VM of its own.
   *
   * @returns Its outcome; never rejects for the script's faults, nor after `stop()`.
   * @throws {TypeError} (As a rejection.) Misuse: unknown option, wrong type, bad callback name.
   */
  run(source: string, options?: RunOptions): Promise<Outcome>
  /** Ends all scripts (`cancelled`) and waits until every thread, timer and port is gone. */
  stop(): Promise<void>
  stats(): SandboxStats
  [Symbol.asyncDispose](): Promise<void>
}

const optionNames = ['limits', 'maxThreads', 'maxQueue', 'queueMs', 'idleMs']

/**
 * Creates a sandbox. Starts nothing: the first script starts the first thread. A sandbox without a
 * running script never keeps its process (or worker thread) alive.
 *
 * @throws {TypeError} (As a rejection.) Unknown option or limit, or one of the wrong type.
 * @throws {RangeError} (As a rejection.) A number outside its range.
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  parseKeys('createSandbox options', options, optionNames)
  const { maxThreads, maxQueue, queueMs, idleMs } = options
  return new LuaSandbox({
    limits: parseLimits(options.limits),
    maxThreads: wholeNumber('maxThreads', maxThreads, { default: 2, min: 1, max: 64 }),
    maxQueue: wholeNumber('maxQueue', maxQueue, { default: 32, min: 0, max: 10_000 }),
    queueMs: wholeNumber('queueMs', queueMs, { default: 10_000, min: 1, max: 600_000 }),
    idleMs: wholeNumber('idleMs', idleMs, { default: 30_000, min: 1, max: 86_400_000 }),
  })
}

interface Settings {
  readonly limits: Limits
  readonly maxThreads: number
  readonly maxQueue: number
  readonly queueMs: number
  readonly idleMs: number
}

class LuaSandbox implements Sandbox {
  readonly #settings: Settings
  readonly #pool: ThreadPool
  readonly #waiting: ScriptRun[] = []
  readonly #running = new Set<ScriptRun>()
  readonly #aborts = new AbortFanout()
  #finished = 0
  #killed = 0
  #isStopped = false

  constructor(settings: Settings) {
    this.#settings = settings
    const { maxThreads, idleMs } = settings
    this.#pool = new ThreadPool({ maxThreads, idleMs, onBroken: (error) => this.#onBroken(error) })
  }

  async run(source: string, options: RunOptions = {}): Promise<Outcome> {
    if (typeof source !== 'string') {
      throw new TypeError(`run expects the script as a string, got ${describe(source)}`)
    }
    parseKeys('run options', options, ['callbacks', 'limits', 'signal'])
    const limits = parseLimits(options.limits, this.#settings.limits)
    const callbacks = parseCallbacks(options.callbacks)
    const signal = parseSignal(options.signal)
    const refusal = this.#refusal(source, limits, signal)
    const { queueMs } = this.#settings
    const run = new ScriptRun({ source, limits, callbacks, queueMs })
    if (refusal !== undefined) run.kill(refusal.code, refusal.message)
    else this.#waiting.push(run)
    const unlisten = signal === undefined ? undefined : this.#aborts.add(signal, () => run.cancel())
    this.#startNext()
    const outcome = await run.outcome
    unlisten?.()
    this.#forget(run)
    return outcome
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const run of [...this.#waiting, ...this.#running]) {
      run.kill('cancelled', 'the sandbox was stopped')
    }
    await this.#pool.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  stats(): SandboxStats {
    return {
      running: this.#running.size,
      waiting: this.#waiting.length,
      finished: this.#finished,
      killed: this.#killed,
      threads: this.#pool.threads,
      isStopped: this.#isStopped,
    }
  }

  #refusal(
    source: string,
    limits: Limits,
    signal: AbortSignal | undefined,
  ): { code: FailureCode; message: string } | undefined {
    if (this.#isStopped) {
      const message = 'the sandbox is stopped; createSandbox() makes a new one'
      return { code: 'cancelled', message }
    }
    if (signal?.aborted) return { code: 'cancelled', message: 'the script was cancelled' }
    const bytes = Buffer.byteLength(source)
    if (bytes > limits.sourceBytes) {
      const message = `the script is ${bytes} bytes long, the limit is ${limits.sourceBytes}`
      return { code: 'source_too_large', message }
    }
    const { maxThreads, maxQueue } = this.#settings
    if (this.#running.size < maxThreads || this.#waiting.length < maxQueue) return undefined
    return { code: 'overloaded', message: `${maxQueue} scripts wait already; try again later` }
  }

  #startNext(): void {
    while (this.#running.size < this.#settings.maxThreads) {
      const run = this.#waiting.shift()
      if (run === undefined) return
      this.#running.add(run)
      void run.start(this.#pool)
    }
  }

  #forget(run: ScriptRun): void {
    this.#finished += 1
    if (run.isKilled) this.#killed += 1
    this.#running.delete(run)
    const index = this.#waiting.indexOf(run)
    if (index >= 0) this.#waiting.splice(index, 1)
    this.#startNext()
  }

  #onBroken(error: Error): void {
    for (const run of this.#running) run.failIfWaitingForThread(error)
  }
}

function parseCallbacks(given: unknown): ReadonlyMap<string, Callback> {
  const callbacks = new Map<string, Callback>()
  if (given === undefined) return callbacks
  if (!isRecord(given)) {
    throw new TypeError(`callbacks must be an object of functions, got ${describe(given)}`)
  }
  for (const [name, callback] of Object.entries(given)) {
    if (!isCallback(callback)) {
      throw new TypeError(`callback '${name}' must be a function, got ${describe(callback)}`)
    }
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) || luaKeywords.includes(name)) {
      throw new TypeError(`callback name '${name}' must be a Lua name of at most 64 characters`)
    }
    if (luaGlobals.includes(name)) {
      throw new TypeError(`callback '${name}' would hide Lua's own '${name}': rename it`)
    }
    callbacks.set(name, callback)
  }
  return callbacks
}

function isCallback(value: unknown): value is Callback {
  return typeof value === 'function'
}

function parseSignal(given: unknown): AbortSignal | undefined {
  if (given === undefined || given instanceof AbortSignal) return given
  throw new TypeError(`signal must be an AbortSignal, got ${describe(given)}`)
}
