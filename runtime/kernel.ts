/**
 * The heart of one thread: its actors, and the way of every signal to them or to another thread.
 * Knows nothing of servers, supervisors or how threads are made; those are built on it.
 */

import type { Transferable } from 'node:worker_threads'
import { birth } from './birth.ts'
import { BoundedProcess } from './bounded-process.ts'
import { Deadlines } from './deadlines.ts'
import { deliverLocally, missed } from './delivery.ts'
import { NotRunning } from './errors.ts'
import { type ExitReason, sendableReason } from './exit-reason.ts'
import { Inbox } from './inbox.ts'
import { isSameKin, type Kin } from './kin.ts'
import type { LifeEvent } from './life-event.ts'
import { MailboxWatch } from './mailbox-watch.ts'
import { Meter } from './meter.ts'
import { NameTable } from './name-table.ts'
import { Peers } from './peers.ts'
import { PendingReplies } from './pending.ts'
import {
  CALLER_THREAD,
  makePid,
  makeRef,
  type Pid,
  type Ref,
  threadOf,
  threadOfRef,
} from './pid.ts'
import { Process, type ProcessBirth } from './process.ts'
import { Receiving } from './receiving.ts'
import { Scheduler } from './scheduler.ts'
import type { SharedState } from './shared-state.ts'
import type { Signal, ToRoot } from './signal.ts'
import type { Telling } from './telemetry.ts'
import { TimerTable } from './timer-table.ts'

const NO_WORDS: readonly Signal[] = []

export type ControlSend = (message: ToRoot, transfer?: readonly Transferable[]) => void

export class Kernel {
  readonly ordinal: number
  readonly shared: SharedState
  readonly names: NameTable
  readonly pending: PendingReplies
  /** Of the calls within this thread. */
  readonly deadlines: Deadlines = new Deadlines(() => this.scheduler.ensureTurn())
  readonly scheduler: Scheduler = new Scheduler(() => this.deadlines.stamp())
  readonly peers: Peers
  readonly timers: TimerTable = new TimerTable(this)
  readonly receiving = new Receiving()
  readonly meter = new Meter()
  readonly mailboxes: MailboxWatch = new MailboxWatch(this)
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now()
  readonly processes = new Map<Pid, Process>()
  readonly #byText: ReadonlyMap<string, Process> = this.processes
  /** Told of births and deaths in this thread. */
  onLife: ((event: LifeEvent) => void) | undefined
  /** Told when an actor of this thread has started. */
  onReady: (() => void) | undefined
  /** Told when the last reason to wait goes or the first comes. */
  onHold: ((holding: boolean) => void) | undefined
  /**
   * Called when an actor of this thread has ended, after everybody was told; for the one that the
   * thread lives for with what other threads are to hear when the thread is gone.
   */
  onEnded: ((process: Process, lastWords: readonly Signal[]) => void) | undefined
  /** The actor with which the whole thread ends; questions after its death are answered then. */
  livesFor: Pid | undefined
  /** Handles what the root has told this thread and was not read yet. */
  readControl: (() => void) | undefined
  /** The root knows all threads. */
  threads: (() => readonly number[]) | undefined
  readonly #control: ControlSend | undefined
  readonly #backlog: Signal[] = []
  #delivering = false
  #refs = 0
  #lastKin: Kin | undefined
  #main: Process | undefined

  constructor(ordinal: number, shared: SharedState, control?: ControlSend) {
    this.ordinal = ordinal
    this.shared = shared
    this.#control = control
    this.names = new NameTable(shared, ordinal)
    this.pending = new PendingReplies((holding) => this.onHold?.(holding))
    this.peers = new Peers({
      ordinal,
      shared,
      control: (message, transfer) => this.control(message, transfer),
      deliver: (signal) => this.deliver(signal),
      knows: (pid) => this.processes.has(pid),
      readControl: () => this.readControl?.(),
    })
  }

  /** The actor that stands for plain code of this thread, outside of every other actor. */
  get main(): Process {
    if (!this.#main?.alive) {
      this.#main = this.adopt({
        pid: this.newPid(),
        id: 'main',
        kin: { parent: undefined, ancestors: [], kind: 'worker', initialCall: 'main' },
        trapExit: true,
      })
      this.#main.behaviour = new Inbox()
      this.#main.status = 'waiting'
    }
    return this.#main
  }

  newPid(): Pid {
    return makePid(this.ordinal, this.shared.nextSerial(this.ordinal))
  }

  newRef(): Ref {
    return makeRef(this.ordinal, ++this.#refs)
  }

  /** The record that siblings share: those born one after the other have the same. */
  kin(kin: Kin): Kin {
    const last = this.#lastKin
    if (last && isSameKin(last, kin)) return last
    this.#lastKin = kin
    return kin
  }

  /** Enters a newborn into the table. */
  adopt(record: ProcessBirth): Process {
    const { mailbox } = record
    const process = mailbox ? new BoundedProcess(this, record, mailbox) : new Process(this, record)
    this.processes.set(process.pid, process)
    this.onLife?.({ type: 'born', process })
    return process
  }

  control(message: ToRoot, transfer?: readonly Transferable[]): void {
    if (!this.#control) throw new NotRunning('Reaching another thread')
    this.#control(message, transfer)
  }

  /** An event of this thread for those who listen in the thread that started the runtime. */
  tellMain(telling: Telling): void {
    if (this.ordinal !== CALLER_THREAD) this.#control?.({ type: 'telemetry', telling })
  }

  census(of: 'threads' | 'actors'): readonly (number | Pid)[] {
    return of === 'actors' ? [...this.processes.keys()] : (this.threads?.() ?? [this.ordinal])
  }

  /** The actor of this thread with this pid; `undefined` for a name too. */
  here(pid: string): Process | undefined {
    return this.#byText.get(pid)
  }

  isLocal(pid: Pid): boolean {
    return threadOf(pid) === this.ordinal
  }

  /** The fast way of a plain message. To the dead: nothing happens. */
  sendMessage(to: Pid, message: unknown, transfer?: readonly Transferable[]): void {
    const process = this.processes.get(to) ?? (this.isLocal(to) ? this.find(to) : undefined)
    if (process) return process.accept(message)
    const signal = { type: 'message', to, message } as const
    if (!this.isLocal(to)) this.#post(signal, transfer)
    else this.peers.awaitBirth(signal)
  }

  sendToAlias(
    alias: Ref,
    message: unknown,
    priority = false,
    transfer?: readonly Transferable[],
  ): void {
    const to = makePid(threadOfRef(alias), 0)
    const signal = { type: 'aliased', to, alias, message, priority } as const
    if (this.isLocal(to)) this.deliver(signal)
    else this.#post(signal, transfer)
  }

  /** Sends any signal, here or to another thread. */
  send(signal: Signal): void {
    if (!this.isLocal(signal.to)) return this.#post(signal)
    if (!this.find(signal.to) && this.peers.awaitBirth(signal)) return
    this.deliver(signal)
  }

  /** Of this thread, and neither alive nor about to be born. */
  isDead(pid: Pid): boolean {
    return this.isLocal(pid) && !this.find(pid) && !this.peers.mayBeUnborn(pid)
  }

  /**
   * An actor of this thread. One that is unknown may be unborn: its birth lies in the port of the
   * thread that asked for it, so all that has arrived is read before it is called dead.
   */
  find(pid: Pid): Process | undefined {
    const process = this.processes.get(pid)
    if (process || this.#delivering) return process
    this.peers.catchUp()
    return this.processes.get(pid)
  }

  /**
   * Applies a signal to an actor of this thread. Deaths make further signals; these wait in a
   * queue, so that a chain of ten thousand links needs no deep stack.
   */
  deliver(signal: Signal): void {
    if (this.#delivering) {
      this.#backlog.push(signal)
      return
    }
    this.#delivering = true
    try {
      this.#apply(signal)
      for (let next = this.#backlog.shift(); next; next = this.#backlog.shift()) this.#apply(next)
    } finally {
      this.#delivering = false
    }
  }

  #apply(signal: Signal): void {
    if (signal.type === 'spawn') birth(this, signal.to, signal.request)
    else deliverLocally(this, signal)
  }

  /**
   * Ends an actor of this thread: its names first, then the news to links and monitors, then the
   * farewell.
   */
  end(process: Process, reason: ExitReason, farewell?: Signal): void {
    if (!process.alive) return
    const told = sendableReason(reason)
    this.processes.delete(process.pid)
    if (process.hold) this.names.giveBack(process.hold)
    process.currentRarities?.timers?.forEach((timer) => this.timers.cancel(timer))
    this.receiving.ended(process)
    process.ended(told)
    const lastWords = this.#tellTheWorld(process, told, farewell)
    this.onLife?.({ type: 'died', process, reason: told })
    this.onEnded?.(process, lastWords)
  }

  /** A thread is gone: its last words are read, then its actors' deaths are told here. */
  threadLost(ordinal: number, reason: ExitReason, lastWords: readonly Signal[] = []): void {
    this.peers.lost(ordinal, () => this.#threadLost(ordinal, reason, lastWords))
  }

  #threadLost(ordinal: number, reason: ExitReason, lastWords: readonly Signal[]): void {
    for (const signal of lastWords) this.deliver(signal)
    this.pending.threadLost(ordinal, reason)
    for (const process of this.processes.values()) {
      process.eachMonitor(({ target: pid }, ref) => {
        if (threadOf(pid) !== ordinal) return
        this.deliver({ type: 'down', to: process.pid, ref, pid, reason })
      })
      for (const from of process.currentLinks) {
        if (threadOf(from) !== ordinal) continue
        this.deliver({ type: 'exit', to: process.pid, from, reason, link: true })
      }
      process.eachWatcher((watcher, ref) => {
        if (threadOf(watcher) === ordinal) process.watchers.delete(ref)
      })
    }
  }

  /** Ends the thread's part in the runtime: nothing waits any more, nothing is told. */
  stop(error: Error): void {
    for (const process of this.processes.values()) {
      for (let one = process.waiting; one; one = process.waiting) one.abandon(error)
    }
    this.pending.rejectAll(error)
    this.deadlines.clear()
    this.timers.clear()
    this.mailboxes.stop()
    this.scheduler.stop()
    for (const process of this.processes.values()) process.ended({ type: 'shutdown' })
    this.processes.clear()
    this.peers.close()
  }

  /** What other threads are to hear waits, where the whole thread ends with the actor. */
  #tellTheWorld(process: Process, reason: ExitReason, farewell?: Signal): readonly Signal[] {
    const from = process.pid
    const lastWords: Signal[] | undefined = from === this.livesFor ? [] : undefined
    const say = (signal: Signal): void => {
      if (lastWords && !this.isLocal(signal.to)) lastWords.push(signal)
      else this.send(signal)
    }
    process.eachLink((to) => say({ type: 'exit', to, from, reason, link: true }))
    process.eachWatcher((to, ref) => say({ type: 'down', to, ref, pid: from, reason }))
    const rare = process.currentRarities
    process.eachMonitor(({ target }, ref) => {
      if (target !== from) this.send({ type: 'demonitor', to: target, from, ref })
    })
    if (rare?.waitsFor) {
      for (const [ref, to] of this.pending.ownerEnded(process)) {
        this.send({ type: 'demonitor', to, from, ref })
      }
    }
    for (let one = process.waiting; one; one = process.waiting) one.down(reason)
    if (rare) this.pending.release(rare.holding)
    if (farewell) say(farewell)
    return lastWords ?? NO_WORDS
  }

  /** Without other threads a foreign pid is a dead one. */
  #post(signal: Signal, transfer?: readonly Transferable[]): void {
    if (this.#control) this.peers.post(threadOf(signal.to), signal, transfer)
    else missed(this, signal)
  }
}
