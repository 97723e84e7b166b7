/**
 * The heart of one thread: its actors, and the way of every signal to them or to another thread.
 * Knows nothing of servers, supervisors or how threads are made; those are built on it.
 */

import type { Transferable } from 'node:worker_threads'
import { birth } from './birth.ts'
import { deliverLocally } from './delivery.ts'
import { NotRunning } from './errors.ts'
import { type ExitReason, NOPROC, sendableReason } from './exit-reason.ts'
import { Inbox } from './inbox.ts'
import type { LifeEvent } from './life-event.ts'
import { NameTable } from './name-table.ts'
import { Peers } from './peers.ts'
import { PendingReplies } from './pending.ts'
import { makePid, makeRef, type Pid, type Ref, threadOf } from './pid.ts'
import { Process, type ProcessBirth } from './process.ts'
import { Scheduler } from './scheduler.ts'
import type { SharedState } from './shared-state.ts'
import type { Signal, ToRoot } from './signal.ts'

export type ControlSend = (message: ToRoot, transfer?: readonly Transferable[]) => void

export class Kernel {
  readonly ordinal: number
  readonly shared: SharedState
  readonly names: NameTable
  readonly scheduler = new Scheduler()
  readonly pending: PendingReplies
  readonly peers: Peers
  readonly processes = new Map<Pid, Process>()
  /** Told of births and deaths in this thread. */
  onLife: ((event: LifeEvent) => void) | undefined
  /** Told when the last reason to wait goes or the first comes. */
  onHold: ((holding: boolean) => void) | undefined
  /** Called when an actor of this thread has ended, after everybody was told. */
  onEnded: ((process: Process, reason: ExitReason) => void) | undefined
  readonly #control: ControlSend | undefined
  readonly #backlog: Signal[] = []
  #delivering = false
  #refs = 0
  #main: Process | undefined

  constructor(ordinal: number, shared: SharedState, control?: ControlSend) {
    this.ordinal = ordinal
    this.shared = shared
    this.#control = control
    this.names = new NameTable(shared, ordinal)
    this.pending = new PendingReplies((holding) => this.onHold?.(holding))
    this.peers = new Peers({
      ordinal,
      control: (message, transfer) => this.control(message, transfer),
      deliver: (signal) => this.deliver(signal),
    })
  }

  /** The actor that stands for plain code of this thread, outside of every other actor. */
  get main(): Process {
    if (!this.#main?.alive) {
      this.#main = this.adopt({
        pid: this.newPid(),
        id: 'main',
        initialCall: 'main',
        trapExit: true,
      })
      this.#main.behaviour = new Inbox()
      this.#main.status = 'waiting'
    }
    return this.#main
  }

  newPid(): Pid {
    return makePid(this.ordinal, this.shared.nextSerial())
  }

  newRef(): Ref {
    return makeRef(this.ordinal, ++this.#refs)
  }

  /** Enters a newborn into the table. */
  adopt(record: ProcessBirth): Process {
    const process = new Process(this, record)
    this.processes.set(process.pid, process)
    this.onLife?.({ type: 'born', process })
    return process
  }

  control(message: ToRoot, transfer?: readonly Transferable[]): void {
    if (!this.#control) throw new NotRunning('Reaching another thread')
    this.#control(message, transfer)
  }

  isLocal(pid: Pid): boolean {
    return threadOf(pid) === this.ordinal
  }

  /** The fast way of a plain message. To the dead: nothing happens. */
  sendMessage(to: Pid, message: unknown, transfer?: readonly Transferable[]): void {
    const process = this.processes.get(to)
    if (process) process.push(message)
    else if (!this.isLocal(to)) this.#post({ type: 'message', to, message }, transfer)
  }

  /** Sends any signal, here or to another thread. */
  send(signal: Signal): void {
    if (this.isLocal(signal.to)) this.deliver(signal)
    else this.#post(signal)
  }

  /**
   * Applies a signal to an actor of this thread. Deaths make further signals; these wait in a
   * queue, so that a chain of ten thousand links needs no deep stack.
   */
  deliver(signal: Signal): void {
    this.#backlog.push(signal)
    if (this.#delivering) return
    this.#delivering = true
    try {
      for (let next = this.#backlog.shift(); next; next = this.#backlog.shift()) {
        if (next.type === 'spawn') birth(this, next.to, next.request)
        else deliverLocally(this, next)
      }
    } finally {
      this.#delivering = false
    }
  }

  /** Ends an actor of this thread: its names first, then the news to links and monitors. */
  end(process: Process, reason: ExitReason): void {
    if (!process.alive) return
    const told = sendableReason(reason)
    this.processes.delete(process.pid)
    if (process.name) this.names.release(process.name, process.pid)
    process.ended(told)
    this.#tellTheWorld(process, told)
    this.onLife?.({ type: 'died', process, reason: told })
    this.onEnded?.(process, told)
  }

  /** A thread is gone: its last words are read, then its actors' deaths are told here. */
  threadLost(ordinal: number, reason: ExitReason): void {
    this.peers.lost(ordinal)
    this.pending.threadLost(ordinal, reason)
    for (const process of this.processes.values()) {
      for (const [ref, monitor] of process.monitors) {
        if (threadOf(monitor.target) !== ordinal) continue
        this.deliver({ type: 'down', to: process.pid, ref, pid: monitor.target, reason })
      }
      for (const from of process.links) {
        if (threadOf(from) !== ordinal) continue
        this.deliver({ type: 'exit', to: process.pid, from, reason, link: true })
      }
      for (const [ref, watcher] of process.watchers) {
        if (threadOf(watcher) === ordinal) process.watchers.delete(ref)
      }
    }
  }

  /** Ends the thread's part in the runtime: nothing waits any more, nothing is told. */
  stop(error: Error): void {
    this.pending.rejectAll(error)
    this.scheduler.stop()
    for (const process of this.processes.values()) process.ended({ type: 'shutdown' })
    this.processes.clear()
    this.peers.close()
  }

  #tellTheWorld(process: Process, reason: ExitReason): void {
    const from = process.pid
    for (const to of process.links) this.send({ type: 'exit', to, from, reason, link: true })
    for (const [ref, to] of process.watchers)
      this.send({ type: 'down', to, ref, pid: from, reason })
    for (const [ref, { target }] of process.monitors) {
      if (target !== from) this.send({ type: 'demonitor', to: target, from, ref })
    }
    for (const [ref, to] of this.pending.ownerEnded(process)) {
      this.send({ type: 'demonitor', to, from, ref })
    }
  }

  #post(signal: Signal, transfer?: readonly Transferable[]): void {
    if (this.#control) this.peers.post(threadOf(signal.to), signal, transfer)
    else this.#bounce(signal)
  }

  /** Without other threads a foreign pid is a dead one. */
  #bounce(signal: Signal): void {
    if (signal.type === 'link') {
      const { from: to, to: from } = signal
      this.deliver({ type: 'exit', to, from, reason: NOPROC, link: true })
    } else if (signal.type === 'monitor' || signal.type === 'call') {
      const { from: to, to: pid, ref } = signal
      this.deliver({ type: 'down', to, ref, pid, reason: NOPROC })
    }
  }
}
