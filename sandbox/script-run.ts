/** One script from submission to outcome: queue timer, thread, watchdog, cancellation, clean-up. */
import { type Callback, CallbackHost } from './callback-host.ts'
import { type Control, createControl, elapsedUs, raise, readSpent, stage, word } from './control.ts'
import type { Limits } from './limits.ts'
import { readLogs } from './log-buffer.ts'
import type { FailureCode, Outcome, RunStats, ThreadResult } from './outcome.ts'
import type { ThreadPool } from './thread-pool.ts'
import { Watchdog } from './watchdog.ts'

/** A cancelled script has this long to stop by itself before its thread is killed. */
const cancelGraceMs = 250

export interface ScriptJob {
  readonly source: string
  readonly limits: Limits
  readonly callbacks: ReadonlyMap<string, Callback>
  readonly queueMs: number
}

export class ScriptRun {
  readonly outcome: Promise<Outcome>
  readonly #job: ScriptJob
  readonly #control: Control
  readonly #killer = new AbortController()
  readonly #watchdog: Watchdog
  readonly #queueTimer: NodeJS.Timeout
  #cancelTimer: NodeJS.Timeout | undefined
  #host: CallbackHost | undefined
  #settle: (outcome: Outcome) => void = () => {}
  #isSettled = false

  constructor(job: ScriptJob) {
    this.#job = job
    this.#control = createControl(job.limits)
    this.#watchdog = new Watchdog(this.#control, job.limits, () => {
      this.kill('hard_timeout', 'the script was killed: it did not stop within its budget')
    })
    this.#queueTimer = setTimeout(() => this.#onQueueTimeout(), job.queueMs)
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Whether ending it cost its thread. */
  get isKilled(): boolean {
    return this.#killer.signal.aborted && this.#isStarted()
  }

  /** Starts the script in a thread; resolves when it no longer needs its place. Never rejects. */
  async start(pool: ThreadPool): Promise<void> {
    const { source, limits, callbacks } = this.#job
    const control = this.#control
    const onStarted = (): void => this.#onStarted()
    this.#host = new CallbackHost({ callbacks, control, limits, onStarted })
    const names = [...callbacks.keys()]
    const task = { source, limits, callbacks: names, control, port: this.#host.scriptPort }
    try {
      this.#finish(await pool.run(task, this.#killer.signal))
    } catch (error) {
      this.#finish(threadFailure(error))
    }
  }

  /** Asks the script to stop, then kills its thread; one that waits for a thread ends at once. */
  cancel(): void {
    const message = 'the script was cancelled'
    if (!this.#isStarted()) return this.kill('cancelled', message)
    raise(this.#control, word.cancelled)
    this.#cancelTimer ??= setTimeout(() => this.kill('cancelled', message), cancelGraceMs)
  }

  /** Ends the run now. If it is in a thread, the thread is terminated. */
  kill(code: FailureCode, message: string): void {
    if (this.#isSettled) return
    this.#killer.abort()
    this.#finish({ ok: false, code, message })
  }

  /** A thread died while it loaded; if this run waited for it, waiting on is pointless. */
  failIfWaitingForThread(error: Error): void {
    if (this.#host === undefined || this.#isStarted()) return
    this.kill('thread_crash', `the sandbox thread failed to start: ${error.message}`)
  }

  #onQueueTimeout(): void {
    // this event loop may have been held, with the thread's message still unread
    if (this.#isStarted()) return this.#onStarted()
    const { queueMs } = this.#job
    this.kill('queue_timeout', `no thread was free and ready within ${queueMs} ms`)
  }

  #onStarted(): void {
    clearTimeout(this.#queueTimer)
    this.#watchdog.start()
  }

  #isStarted(): boolean {
    return Atomics.load(this.#control.words, word.stage) !== stage.waiting
  }

  #finish(result: ThreadResult): void {
    if (this.#isSettled) return
    this.#isSettled = true
    clearTimeout(this.#queueTimer)
    clearTimeout(this.#cancelTimer)
    this.#watchdog.stop()
    this.#host?.close()
    this.#settle({ ...result, logs: readLogs(this.#control), stats: readStats(this.#control) })
  }
}

function readStats(control: Control): RunStats {
  const { words } = control
  const nowUs = elapsedUs(control)
  const { luaMs, callbackMs } = readSpent(control, nowUs)
  const startedUs = Atomics.load(words, word.startedUs) || nowUs
  return {
    totalMs: nowUs / 1000,
    queuedMs: startedUs / 1000,
    luaMs,
    callbackMs,
    callbackCalls: Atomics.load(words, word.callbackCalls),
    memoryPeakBytes: Atomics.load(words, word.memoryPeakKb) * 1024,
  }
}

function threadFailure(error: unknown): ThreadResult {
  const isObject = typeof error === 'object' && error !== null
  const text = error instanceof Error ? error.message : 'unknown reason'
  if (isObject && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { ok: false, code: 'thread_oom', message: 'the sandbox thread ran out of memory' }
  }
  return { ok: false, code: 'thread_crash', message: `the sandbox thread failed: ${text}` }
}
