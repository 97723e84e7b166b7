/**
 * Direct ways between threads. Each thread opens its own channel to another at the first signal:
 * it makes the two ports itself, sends one through the root and may post at once, so nothing waits
 * for the introduction and what was posted is delivered even if this thread is gone by then. Who has
 * much to say opens a lane beside it (`outgoing.ts`, `incoming.ts`).
 */

import type { MessagePort, Transferable } from 'node:worker_threads'
import { aside } from './context.ts'
import { Incoming } from './incoming.ts'
import { type Outgoing, openChannel } from './outgoing.ts'
import type { Pid } from './pid.ts'
import type { SharedState } from './shared-state.ts'
import type { Signal, ToRoot } from './signal.ts'
import { Unborn } from './unborn.ts'

/** What is read of one thread before timers, I/O and the other threads have their turn. */
const READ_AT_ONCE = 256
const READ_MS = 2
const READS_PER_LOOK = 32

export interface PeersOptions {
  readonly ordinal: number
  readonly shared: SharedState
  readonly control: (message: ToRoot, transfer?: readonly Transferable[]) => void
  readonly deliver: (signal: Signal) => void
  readonly knows: (pid: Pid) => boolean
  /** Reads what the root has told this thread: it may have brought new ports. */
  readonly readControl: () => void
}

export class Peers {
  readonly #options: PeersOptions
  readonly #outgoing = new Map<number, Outgoing>()
  readonly #incoming = new Map<number, Incoming>()
  /** To be read after the event loop has turned. */
  readonly #later = new Set<Incoming>()
  readonly #unborn: Unborn
  /** What is to be said of lost threads once all that they had sent is delivered. */
  readonly #obituaries = new Map<number, () => void>()
  #reading = 0
  #isReading = false
  #readsAgain = false

  constructor(options: PeersOptions) {
    this.#options = options
    const { ordinal, shared, control } = options
    this.#unborn = new Unborn({
      ordinal,
      shared,
      hears: (thread) => this.#incoming.has(thread),
      askRoot: () => control({ type: 'settle', ordinal }),
    })
  }

  /** @throws {NotSendable} The signal holds something that cannot be cloned. */
  post(thread: number, signal: Signal, transfer?: readonly Transferable[]): void {
    const outgoing = this.#outgoing.get(thread) ?? this.#connect(thread)
    outgoing.send(signal, transfer)
  }

  /** The other end of a channel that `from` opened to this thread. */
  accept(from: number, port: MessagePort): void {
    this.#forget(from)
    this.#incoming.set(from, new Incoming(from, port, this.#readSome))
  }

  /**
   * Delivers all that has arrived from any thread, in the order in which each has sent. Who is
   * unknown after that is dead, unless the port that brings the birth is still on its way.
   */
  catchUp(): void {
    if (this.#isReading) return
    this.#isReading = true
    try {
      const reading = ++this.#reading
      this.#options.readControl()
      for (const incoming of this.#incoming.values()) this.#readAll(incoming)
      for (const signal of this.#unborn.takeSettled(reading)) this.#options.deliver(signal)
      this.#publishObituaries()
    } finally {
      this.#isReading = false
    }
    if (!this.#readsAgain) return
    this.#readsAgain = false
    setImmediate(() => this.catchUp())
  }

  /** The root's answer: all ports that had been on their way have come. */
  settled(): void {
    this.#unborn.settled()
    this.catchUp()
  }

  /** Whether an actor of this thread that is unknown, all being read, can be born yet. */
  mayBeUnborn(pid: Pid): boolean {
    if (this.#unborn.has(pid)) return true
    if (!this.#unborn.mayArrive(pid)) return false
    if (!this.#unborn.takerIsGone(pid)) return true
    this.catchUp()
    return this.#options.knows(pid)
  }

  /** Keeps a signal of this thread for somebody unborn; false if nobody is to be born. */
  awaitBirth(signal: Signal): boolean {
    if (!this.mayBeUnborn(signal.to)) return false
    this.#keep(this.#options.ordinal, signal)
    return true
  }

  /** A thread is gone: delivers all that it has sent and forgets it, then has that told. */
  lost(thread: number, tell: () => void): void {
    const incoming = this.#incoming.get(thread)
    if (incoming) this.#readAll(incoming)
    this.#forget(thread)
    this.#outgoing.get(thread)?.close()
    this.#outgoing.delete(thread)
    if (this.#unborn.hasFrom(thread)) this.#obituaries.set(thread, tell)
    else tell()
  }

  close(): void {
    for (const thread of this.#incoming.keys()) this.#forget(thread)
    for (const outgoing of this.#outgoing.values()) outgoing.close()
    this.#outgoing.clear()
  }

  #receive(from: number, signal: Signal): void {
    const { knows, deliver } = this.#options
    if (signal.type === 'spawn') {
      deliver(signal)
      for (const waiting of this.#unborn.take(signal.to)) deliver(waiting)
      this.#publishObituaries()
    } else if (knows(signal.to) || signal.type === 'aliased') deliver(signal)
    else this.#keep(from, signal)
  }

  #keep(from: number, signal: Signal): void {
    this.#unborn.add(from, signal, this.#reading)
    if (this.#isReading) this.#readsAgain = true
    else this.catchUp()
  }

  #publishObituaries(): void {
    for (const [thread, tell] of this.#obituaries) {
      if (this.#unborn.hasFrom(thread)) continue
      this.#obituaries.delete(thread)
      tell()
    }
  }

  #readAll(incoming: Incoming): void {
    incoming.readAll((signal) => this.#receive(incoming.from, signal))
    this.#rest(incoming)
  }

  /** Reads on until it was enough; the rest waits for the next turn. */
  readonly #readSome = (incoming: Incoming): void => {
    let read = READ_AT_ONCE
    try {
      read = this.#readSlice(incoming)
    } finally {
      if (read === READ_AT_ONCE) incoming.pause()
      else incoming.listen()
      if (read < READ_AT_ONCE && !incoming.staysUp()) this.#rest(incoming)
      else this.#readLater(incoming)
    }
  }

  /** @returns How many signals; `READ_AT_ONCE` if there may be more. */
  #readSlice(incoming: Incoming): number {
    let until = 0
    for (let count = 0; count < READ_AT_ONCE; count++) {
      const signal = incoming.next()
      if (!signal) return count
      this.#receive(incoming.from, signal)
      if (count % READS_PER_LOOK !== READS_PER_LOOK - 1) continue
      const now = performance.now()
      if (until === 0) until = now + READ_MS
      else if (now >= until) break
    }
    return READ_AT_ONCE
  }

  /** All was read. Also what nobody reads just now is looked after, as its wake may have been read. */
  #rest(incoming: Incoming): void {
    if (!this.#later.has(incoming) && !incoming.sleep()) this.#readLater(incoming)
  }

  #readLater(incoming: Incoming): void {
    if (this.#later.size === 0) aside(() => setImmediate(this.#goOn))
    this.#later.add(incoming)
  }

  /** Everybody in turn. */
  readonly #goOn = (): void => {
    const waiting = [...this.#later]
    this.#later.clear()
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        if (next.isOpen) this.#readSome(next)
      }
    } finally {
      for (const incoming of waiting) this.#readLater(incoming)
    }
  }

  #forget(thread: number): void {
    const incoming = this.#incoming.get(thread)
    if (!incoming) return
    incoming.close()
    this.#later.delete(incoming)
    this.#incoming.delete(thread)
  }

  #connect(thread: number): Outgoing {
    const { outgoing, port } = aside(openChannel)
    this.#outgoing.set(thread, outgoing)
    const { ordinal, control } = this.#options
    control({ type: 'connect', from: ordinal, to: thread, port }, [port])
    return outgoing
  }
}
