/** What is done about a thread whose loop does not turn: look, tell, and end it if that is wished. */

import type { Worker } from 'node:worker_threads'
import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Report } from './report.ts'
import { takeStack } from './stuck-stack.ts'
import { DEFAULT_WATCHDOG, type WatchdogOptions } from './thread-options.ts'
import { Watchdog } from './watchdog.ts'

export interface WatchedThread {
  readonly ordinal: number
  readonly name: string
  readonly worker: Worker | undefined
  readonly dedicated: Pid | undefined
}

export interface ThreadWatchHands {
  readonly find: (ordinal: number) => WatchedThread | undefined
  readonly ask: (ordinal: number) => void
  readonly readAnswers: () => void
  readonly end: (ordinal: number, cause: ExitReason) => void
  /** Whether anybody follows reports. */
  readonly isFollowed: () => boolean
  readonly report: (report: Report) => void
  /** The thread became silent, or speaks again. */
  readonly onSilence: (ordinal: number, isSilent: boolean) => void
}

/** What is told of a thread; the rest of the report is its name and its actor. */
type Told = Omit<
  Extract<Report, { type: 'thread-report' }>,
  'type' | 'at' | 'ordinal' | 'thread' | 'pid'
>

export class ThreadWatch {
  readonly #hands: ThreadWatchHands
  readonly #defaults: Required<WatchdogOptions>
  readonly #watchdog: Watchdog

  /** @param defaults For threads without options of their own; `false`: these are not watched. */
  constructor(hands: ThreadWatchHands, defaults: WatchdogOptions | false) {
    const { ask, readAnswers } = hands
    this.#hands = hands
    this.#defaults = { ...DEFAULT_WATCHDOG, ...(defaults || { stuckMs: Number.POSITIVE_INFINITY }) }
    this.#watchdog = new Watchdog({
      ask,
      readAnswers,
      onStuck: (ordinal, action) => void this.#stuck(ordinal, action),
      onTurning: (ordinal, ms) => this.#turning(ordinal, ms),
    })
  }

  watch(ordinal: number, worker: Worker, options: WatchdogOptions | undefined): void {
    const own = options ? { ...DEFAULT_WATCHDOG, ...options } : this.#defaults
    this.#watchdog.watch(ordinal, worker, own)
  }

  /** Its first actor has started. */
  started(ordinal: number): void {
    this.#watchdog.started(ordinal)
  }

  answered(ordinal: number): void {
    this.#watchdog.answered(ordinal)
  }

  forget(ordinal: number): void {
    this.#watchdog.forget(ordinal)
  }

  stop(): void {
    this.#watchdog.stop()
  }

  /** The stack is taken before the kill; a loop that turned meanwhile is spared. */
  async #stuck(ordinal: number, action: 'report' | 'kill'): Promise<void> {
    const { find, end, isFollowed, onSilence } = this.#hands
    onSilence(ordinal, true)
    const thread = find(ordinal)
    if (!thread?.worker || (action === 'report' && !isFollowed())) return
    const looked = await takeStack(thread.worker)
    this.#hands.readAnswers()
    const stillMs = this.#watchdog.stillMs(ordinal)
    if (stillMs === undefined || find(ordinal) !== thread) return
    const ms = Math.round(stillMs)
    const level = action === 'kill' ? 'error' : 'warning'
    this.#tell(ordinal, { context: 'stuck', level, ms, action, ...looked })
    if (action === 'kill') end(ordinal, { type: 'stuck', ms, ...looked })
  }

  #turning(ordinal: number, stillMs: number): void {
    this.#hands.onSilence(ordinal, false)
    const ms = Math.round(stillMs)
    this.#tell(ordinal, { context: 'turns_again', level: 'info', ms, action: 'report' })
  }

  #tell(ordinal: number, told: Told): void {
    const thread = this.#hands.find(ordinal)
    if (!thread || !this.#hands.isFollowed()) return
    this.#hands.report(threadReport(thread, told))
  }
}

/** A report about a thread. */
export function threadReport({ ordinal, name, dedicated }: WatchedThread, told: Told): Report {
  const pid = dedicated ? { pid: dedicated } : {}
  return { type: 'thread-report', at: Date.now(), ordinal, thread: name, ...pid, ...told }
}
