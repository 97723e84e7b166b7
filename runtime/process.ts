import type { ExitReason } from './exit-reason.ts'
import type { Kernel } from './kernel.ts'
import { Mailbox } from './mailbox.ts'
import type { Pid, Ref } from './pid.ts'
import type { ProcessKind } from './signal.ts'

/** What an actor does with its mail; a server's loop or a body that receives. */
export interface Behaviour {
  /** Handles at most `budget` messages and returns how many were. */
  run(process: Process, budget: number): number
  /** Called once when the actor has ended, whatever the reason. */
  ended?(process: Process, reason: ExitReason): void
}

export type ProcessStatus = 'starting' | 'waiting' | 'running' | 'terminating' | 'exited'

export interface ProcessBirth {
  readonly pid: Pid
  readonly parent?: Pid
  readonly ancestors?: readonly Pid[]
  readonly id?: string
  readonly kind?: ProcessKind
  readonly trapExit?: boolean
  readonly initialCall?: string
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
  readonly mailbox = new Mailbox()
  readonly links = new Set<Pid>()
  readonly monitors = new Map<Ref, OwnMonitor>()
  readonly watchers = new Map<Ref, Pid>()
  behaviour: Behaviour | undefined
  status: ProcessStatus = 'starting'
  trapExit: boolean
  name: string | undefined
  label: string | undefined
  queued = false
  handled = 0
  restarts = 0
  #abort: AbortController | undefined

  constructor(kernel: Kernel, birth: ProcessBirth) {
    this.kernel = kernel
    this.pid = birth.pid
    this.parent = birth.parent
    this.ancestors = birth.ancestors ?? []
    this.id = birth.id
    this.kind = birth.kind ?? 'worker'
    this.trapExit = birth.trapExit ?? false
    this.initialCall = birth.initialCall
  }

  get alive(): boolean {
    return this.status !== 'exited'
  }

  /** Aborted when the actor ends: hand it to whatever the actor waits for. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (!this.alive) this.#abort.abort()
    return this.#abort.signal
  }

  push(entry: unknown): void {
    this.mailbox.push(entry)
    this.kernel.scheduler.schedule(this)
  }

  run(budget: number): void {
    if (!this.alive || !this.behaviour) return
    this.handled += this.behaviour.run(this, budget)
  }

  /** Called by the kernel alone, as the last thing in the actor's life. */
  ended(reason: ExitReason): void {
    this.status = 'exited'
    this.mailbox.clear()
    this.#abort?.abort()
    this.behaviour?.ended?.(this, reason)
  }
}
