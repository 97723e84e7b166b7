/**
 * Direct ports between threads. Each thread opens its own channel to another at the first signal:
 * it makes the two ports itself, sends one through the root and may post at once, so nothing waits
 * for the introduction and what was posted is delivered even if this thread is gone by then.
 */

import type { Transferable } from 'node:worker_threads'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { NotSendable } from './errors.ts'
import { type PackedSignal, pack, unpack } from './packed-signal.ts'
import type { Pid } from './pid.ts'
import type { SharedState } from './shared-state.ts'
import type { Signal, ToRoot } from './signal.ts'
import { Unborn } from './unborn.ts'

/** Messages that are read for one event. */
const READ_AT_ONCE = 256

export interface PeersOptions {
  readonly ordinal: number
  readonly shared: SharedState
  readonly control: (message: ToRoot, transfer?: readonly Transferable[]) => void
  readonly deliver: (signal: Signal) => void
  readonly knows: (pid: Pid) => boolean
  /** Reads what the root has told this thread: it may have brought new ports. */
  readonly readControl: () => void
  /** Whether timers and I/O have waited long enough; asked for every signal. */
  readonly isDue: () => boolean
}

export class Peers {
  readonly #options: PeersOptions
  readonly #outgoing = new Map<number, MessagePort>()
  readonly #incoming = new Map<number, MessagePort>()
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
    const port = this.#outgoing.get(thread) ?? this.#connect(thread)
    try {
      if (transfer) port.postMessage(pack(signal), transfer)
      else port.postMessage(pack(signal))
    } catch (cause) {
      throw new NotSendable(signal.to, cause)
    }
  }

  /** The other end of a channel that `from` opened to this thread. */
  accept(from: number, port: MessagePort): void {
    this.#incoming.get(from)?.close()
    this.#incoming.set(from, port)
    port.on('message', (packed: PackedSignal) => {
      this.#receive(from, unpack(packed))
      this.#readSome(from, port)
    })
    port.unref()
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
      for (const [from, port] of this.#incoming) this.#readAll(from, port)
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
    if (incoming) {
      this.#readAll(thread, incoming)
      incoming.close()
      this.#incoming.delete(thread)
    }
    this.#outgoing.get(thread)?.close()
    this.#outgoing.delete(thread)
    if (this.#unborn.hasFrom(thread)) this.#obituaries.set(thread, tell)
    else tell()
  }

  close(): void {
    for (const port of [...this.#incoming.values(), ...this.#outgoing.values()]) port.close()
    this.#incoming.clear()
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

  #readAll(from: number, port: MessagePort): void {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      this.#receive(from, unpack(next.message))
    }
  }

  /** What else is there: to ask for it costs less than an event each. */
  #readSome(from: number, port: MessagePort): void {
    for (let count = 0; count < READ_AT_ONCE && !this.#options.isDue(); count++) {
      const next = receiveMessageOnPort(port)
      if (!next) return
      this.#receive(from, unpack(next.message))
    }
  }

  #connect(thread: number): MessagePort {
    const { port1, port2 } = new MessageChannel()
    port1.unref()
    this.#outgoing.set(thread, port1)
    const { ordinal, control } = this.#options
    control({ type: 'connect', from: ordinal, to: thread, port: port2 }, [port2])
    return port1
  }
}
