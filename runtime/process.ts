import { setMaxListeners } from 'node:events'
import type { ExitReason } from './exit-reason.ts'
import type { Kernel } from './kernel.ts'
import type { LocalCall } from './local-call.ts'
import { Mailbox } from './mailbox.ts'
import { DEFAULT_HIGH_WATER, type MailboxOptions } from './mailbox-options.ts'
import type { Pid, Ref } from './pid.ts'
import type { ProcessKind } from './signal.ts'

/** What an actor does with its mail; a server's loop or a body that receives. */
export interface Behaviour {
  /** Handles at most `budget` messages and returns how many were. */
  run(process: Process, budget: number): number
  /** Told that the message at `index` was taken out of the mailbox by somebody else. */
  removed?(index: number): void
  /** Called once when the actor has ended, whatever the reason. */
  ended?(process: Process, reason: ExitReason): void
}

export type ProcessStatus =
  | 'starting'
  | 'waiting'
  | 'running'
  | 'suspended'
  | 'terminating'
  | 'exited'

export interface ProcessBirth {
  readonly pid: Pid
  readonly parent?: Pid
  readonly ancestors?: readonly Pid[]
  readonly id?: string
  readonly kind?: ProcessKind
  readonly trapExit?: boolean
  readonly initialCall?: string
  /** Absent: no bound. */
  readonly mailbox?: MailboxOptions
}

/** A monitor as its owner keeps it. */
export interface OwnMonitor {
  readonly target: Pid
  /** The name, where the monitor was set on one: DOWN then carries the name. */
  readonly name?: string
}

/** The record of one living actor of this thread. */
export class Process {
  readonly pid: Pid
  readonly kernel: Kernel
  readonly parent: Pid | undefined
  readonly ancestors: readonly Pid[]
  readonly id: string | undefined
  readonly kind: ProcessKind
  readonly initialCall: string | undefined
  readonly startedAt = Date.now()
  readonly mailbox: Mailbox
  readonly links = new Set<Pid>()
  readonly monitors = new Map<Ref, OwnMonitor>()
  readonly watchers = new Map<Ref, Pid>()
  behaviour: Behaviour | undefined
  status: ProcessStatus = 'starting'
  trapExit: boolean
  label: string | undefined
  queued = false
  handled = 0
  restarts = 0
  /** The newest call of this thread that waits for its answer; the others follow. */
  callers: LocalCall | undefined
  /** Calls within this thread that it waits for and that keep the process alive. */
  holding = 0
  /** References of the replies it waits for; kept by {@link PendingReplies}. */
  waitsFor: Set<Ref> | undefined
  /** Timers of this thread that are set on it; kept by {@link TimerTable}. */
  timers: Set<Ref> | undefined
  #name: string | undefined
  #alive = true
  #abort: AbortController | undefined

  constructor(kernel: Kernel, birth: ProcessBirth, mailbox = new Mailbox()) {
    this.kernel = kernel
    this.mailbox = mailbox
    this.pid = birth.pid
    this.parent = birth.parent
    this.ancestors = birth.ancestors ?? []
    this.id = birth.id
    this.kind = birth.kind ?? 'worker'
    this.trapExit = birth.trapExit ?? false
    this.initialCall = birth.initialCall
  }

  get alive(): boolean {
    return this.#alive
  }

  /** The name it holds now; any thread may have taken it away. */
  get name(): string | undefined {
    if (this.#name !== undefined && this.kernel.names.lookup(this.#name) !== this.pid) {
      this.#name = undefined
    }
    return this.#name
  }

  set name(name: string | undefined) {
    this.#name = name
  }

  /** Aborted when the actor ends: hand it to whatever the actor waits for. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      setMaxListeners(0, this.#abort.signal)
    }
    if (!this.alive) this.#abort.abort()
    return this.#abort.signal
  }

  /** How many messages may wait before it is told of. */
  get highWater(): number {
    return DEFAULT_HIGH_WATER
  }

  /** What must not be lost: signals, results, timeouts, its own. */
  push(entry: unknown): void {
    this.mailbox.push(entry)
    this.kernel.scheduler.schedule(this)
  }

  /** What others send: messages, casts, calls. */
  accept(entry: unknown): void {
    this.mailbox.push(entry)
    this.kernel.scheduler.schedule(this)
  }

  /** Who watched it, or waited for its reply, does not any more. */
  unwatched(ref: Ref): void {
    this.watchers.delete(ref)
  }

  /** Takes the first message that matches out of the mailbox; true if there was one. */
  discard(matches: (message: unknown) => boolean): boolean {
    return this.take(matches) !== undefined
  }

  /** The first message that matches, taken out of the mailbox. */
  take(matches: (message: unknown) => boolean): unknown {
    const index = this.mailbox.find(matches)
    if (index < 0) return undefined
    const message = this.mailbox.takeAt(index)
    this.behaviour?.removed?.(index)
    return message
  }

  /** Handles at most `budget` messages and returns how many were. */
  run(budget: number): number {
    if (!this.alive || !this.behaviour) return 0
    if (this.mailbox.size > this.highWater) this.kernel.mailboxes.over(this, this.highWater)
    const handled = this.behaviour.run(this, budget)
    this.handled += handled
    return handled
  }

  /** Called by the kernel alone, as the last thing in the actor's life. */
  ended(reason: ExitReason): void {
    this.#alive = false
    this.status = 'exited'
    this.mailbox.clear()
    this.#abort?.abort()
    this.behaviour?.ended?.(this, reason)
  }
}
