import { setMaxListeners } from 'node:events'
import type { ExitReason } from './exit-reason.ts'
import type { Kernel } from './kernel.ts'
import { type Kin, NO_KIN } from './kin.ts'
import type { LocalWait } from './local-wait.ts'
import { Mailbox } from './mailbox.ts'
import { DEFAULT_HIGH_WATER, type MailboxOptions } from './mailbox-options.ts'
import type { NameHold } from './name-table.ts'
import type { PendingEntry } from './pending.ts'
import type { Pid, Ref } from './pid.ts'
import { RefMap } from './ref-map.ts'
import type { ProcessKind } from './signal.ts'
import { UrgentMailbox } from './urgent-mailbox.ts'

/** What an actor does with its mail; a server's loop or a body that receives. */
export interface Behaviour {
  /** Handles at most `budget` messages and returns how many were. */
  run(process: Process, budget: number): number
  /** Told that a message was put before others at `index` (1), or taken out by somebody else (-1). */
  moved?(index: number, by: 1 | -1): void
  /** What it is at work on. */
  current?(process: Process): CurrentFunction | undefined
  /** Called once when the actor has ended, whatever the reason. */
  ended?(process: Process, reason: ExitReason): void
}

/** A function that an actor is at work on. */
export interface CurrentFunction {
  readonly name: string
  /** Since when, milliseconds since the epoch; not known of functions that are actors. */
  readonly since?: number
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
  readonly kin?: Kin
  readonly id?: string | undefined
  readonly trapExit?: boolean | undefined
  /** Absent: no bound. */
  readonly mailbox?: MailboxOptions | undefined
}

/** A monitor as its owner keeps it. */
export interface OwnMonitor {
  readonly target: Pid
  /** The name, where the monitor was set on one: DOWN then carries the name. */
  readonly name?: string
}

const NO_PIDS: ReadonlySet<Pid> = new Set()

const ALIVE = 1
const TRAPS_EXIT = 2
const QUEUED = 4

/** How far back an actor knows where it comes from. */
const MAX_ANCESTORS = 16

/** What most actors never have. */
class Rarities {
  label: string | undefined
  /** Calls within this thread that it waits for and that keep the process alive. */
  holding = 0
  /** The newest of the replies it waits for; the others follow, kept by {@link PendingReplies}. */
  waitsFor: PendingEntry | undefined
  /** Timers of this thread that are set on it; kept by {@link TimerTable}. */
  timers: Set<Ref> | undefined
  monitors: RefMap<OwnMonitor> | undefined
  abort: AbortController | undefined
  lineage: readonly Pid[] | undefined
}

/** The record of one living actor of this thread. There may be a million, so it is kept small. */
export class Process {
  readonly pid: Pid
  readonly kernel: Kernel
  mailbox: Mailbox
  behaviour: Behaviour | undefined
  status: ProcessStatus = 'starting'
  handled = 0
  /** The newest of those of this thread that wait for it; the others follow. */
  waiting: LocalWait | undefined
  /** The name that it was given last; it may not hold it any more. */
  hold: NameHold | undefined
  readonly id: string | undefined
  readonly #kin: Kin
  /** Milliseconds since the kernel's own birth. */
  readonly #bornAt: number
  #flags = ALIVE
  /** Most have one: whoever started them. */
  #links: Pid | Set<Pid> | undefined
  #watchers: RefMap<Pid> | undefined
  #rare: Rarities | undefined

  constructor(kernel: Kernel, birth: ProcessBirth, mailbox = new Mailbox()) {
    this.kernel = kernel
    this.mailbox = mailbox
    this.pid = birth.pid
    this.trapExit = birth.trapExit ?? false
    this.id = birth.id
    this.#kin = birth.kin ?? NO_KIN
    this.#bornAt = Date.now() - kernel.startedAt
  }

  get parent(): Pid | undefined {
    return this.#kin.parent
  }

  get ancestors(): readonly Pid[] {
    return this.#kin.ancestors
  }

  get kind(): ProcessKind {
    return this.#kin.kind
  }

  get initialCall(): string | undefined {
    return this.#kin.initialCall
  }

  /** Milliseconds since the epoch. */
  get startedAt(): number {
    return this.kernel.startedAt + this.#bornAt
  }

  addLink(pid: Pid): void {
    const links = this.#links
    if (links === undefined) this.#links = pid
    else if (typeof links !== 'string') links.add(pid)
    else if (links !== pid) this.#links = new Set([links, pid])
  }

  /** True if there was one. */
  removeLink(pid: Pid): boolean {
    const links = this.#links
    if (links === undefined) return false
    if (typeof links !== 'string') return links.delete(pid)
    if (links !== pid) return false
    this.#links = undefined
    return true
  }

  hasLink(pid: Pid): boolean {
    const links = this.#links
    return typeof links === 'object' ? links.has(pid) : links === pid
  }

  get watchers(): RefMap<Pid> {
    this.#watchers ??= new RefMap()
    return this.#watchers
  }

  get monitors(): RefMap<OwnMonitor> {
    this.rare.monitors ??= new RefMap()
    return this.rare.monitors
  }

  get currentLinks(): ReadonlySet<Pid> {
    const links = this.#links
    if (typeof links === 'object') return links
    return links === undefined ? NO_PIDS : new Set([links])
  }

  /** Nothing is made for an actor that has none. */
  eachWatcher(call: (pid: Pid, ref: Ref) => void): void {
    this.#watchers?.forEach(call)
  }

  eachLink(call: (pid: Pid) => void): void {
    const links = this.#links
    if (typeof links === 'string') call(links)
    else links?.forEach(call)
  }

  eachMonitor(call: (monitor: OwnMonitor, ref: Ref) => void): void {
    this.#rare?.monitors?.forEach(call)
  }

  get rare(): Rarities {
    this.#rare ??= new Rarities()
    return this.#rare
  }

  /** As `rare`, but only if there is any. */
  get currentRarities(): Readonly<Rarities> | undefined {
    return this.#rare
  }

  get label(): string | undefined {
    return this.#rare?.label
  }

  set label(label: string | undefined) {
    this.rare.label = label
  }

  /** What its children have as ancestors: at most 16. */
  get lineage(): readonly Pid[] {
    const { rare } = this
    rare.lineage ??= [this.pid, ...this.ancestors].slice(0, MAX_ANCESTORS)
    return rare.lineage
  }

  get alive(): boolean {
    return (this.#flags & ALIVE) !== 0
  }

  get trapExit(): boolean {
    return (this.#flags & TRAPS_EXIT) !== 0
  }

  set trapExit(on: boolean) {
    this.#flags = on ? this.#flags | TRAPS_EXIT : this.#flags & ~TRAPS_EXIT
  }

  /** Waits for its turn. */
  get queued(): boolean {
    return (this.#flags & QUEUED) !== 0
  }

  set queued(on: boolean) {
    this.#flags = on ? this.#flags | QUEUED : this.#flags & ~QUEUED
  }

  /** The name it holds now; any thread may have taken it away. */
  get name(): string | undefined {
    if (this.hold && !this.kernel.names.isHeld(this.hold)) this.hold = undefined
    return this.hold?.name
  }

  /** Aborted when the actor ends: hand it to whatever the actor waits for. */
  get signal(): AbortSignal {
    const { rare } = this
    if (!rare.abort) {
      rare.abort = new AbortController()
      setMaxListeners(0, rare.abort.signal)
    }
    if (!this.alive) rare.abort.abort()
    return rare.abort.signal
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

  /** Before all that is ordinary, behind what has priority too. */
  pushUrgent(entry: unknown): void {
    const { mailbox } = this
    const urgent = mailbox instanceof UrgentMailbox ? mailbox : new UrgentMailbox(mailbox.toArray())
    this.mailbox = urgent
    this.behaviour?.moved?.(urgent.pushUrgent(entry), 1)
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
    this.behaviour?.moved?.(index, -1)
    return message
  }

  /** Handles at most `budget` messages and returns how many were. */
  run(budget: number): number {
    if (!this.alive || !this.behaviour) return 0
    if (this.mailbox.size > this.highWater) this.kernel.mailboxes.over(this, this.highWater)
    const { behaviour, kernel } = this
    const handled = kernel.shared.metered
      ? kernel.meter.run(this, behaviour, budget)
      : behaviour.run(this, budget)
    this.handled += handled
    return handled
  }

  /** Called by the kernel alone, as the last thing in the actor's life. */
  ended(reason: ExitReason): void {
    this.#flags &= ~ALIVE
    this.status = 'exited'
    this.mailbox.clear()
    this.#rare?.abort?.abort()
    this.behaviour?.ended?.(this, reason)
  }
}
