/**
 * Direct ports between threads. Each thread opens its own channel to another at the first signal:
 * it makes the two ports itself, sends one through the root and may post at once, so nothing waits
 * for the introduction and what was posted is delivered even if this thread is gone by then.
 */

import type { Transferable } from 'node:worker_threads'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { NotSendable } from './errors.ts'
import type { Pid } from './pid.ts'
import type { Signal, ToRoot } from './signal.ts'

export interface PeersOptions {
  readonly ordinal: number
  readonly control: (message: ToRoot, transfer?: readonly Transferable[]) => void
  readonly deliver: (signal: Signal) => void
  readonly knows: (pid: Pid) => boolean
  /** Reads what the root has told this thread: it may have brought new ports. */
  readonly readControl: () => void
}

export class Peers {
  readonly #options: PeersOptions
  readonly #outgoing = new Map<number, MessagePort>()
  readonly #incoming = new Map<number, MessagePort>()
  /** Threads one of whose signals is being read; what they sent after it waits. */
  readonly #inHand = new Set<number>()
  readonly #afterwards: (() => void)[] = []

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** @throws {NotSendable} The signal holds something that cannot be cloned. */
  post(thread: number, signal: Signal, transfer?: readonly Transferable[]): void {
    const port = this.#outgoing.get(thread) ?? this.#connect(thread)
    try {
      port.postMessage(signal, transfer ?? [])
    } catch (cause) {
      throw new NotSendable(signal.to, cause)
    }
  }

  /** The other end of a channel that `from` opened to this thread. */
  accept(from: number, port: MessagePort): void {
    this.#incoming.get(from)?.close()
    this.#incoming.set(from, port)
    port.on('message', (signal: Signal) => this.#receive(from, signal))
    port.unref()
  }

  /** Delivers all that has arrived from any thread, in the order in which each has sent. */
  catchUp(): void {
    this.#options.readControl()
    for (const [from, port] of this.#incoming) {
      if (!this.#inHand.has(from)) this.#readAll(from, port)
    }
  }

  /** Acts now, or when no signal is in hand that has to come first. */
  inTurn(act: () => void): void {
    if (this.#inHand.size === 0) act()
    else this.#afterwards.push(act)
  }

  /** Delivers all that `thread` has sent and forgets it; called when it is known to be gone. */
  lost(thread: number): void {
    const incoming = this.#incoming.get(thread)
    if (incoming) {
      this.#readAll(thread, incoming)
      incoming.close()
      this.#incoming.delete(thread)
    }
    this.#outgoing.get(thread)?.close()
    this.#outgoing.delete(thread)
  }

  close(): void {
    for (const port of [...this.#incoming.values(), ...this.#outgoing.values()]) port.close()
    this.#incoming.clear()
    this.#outgoing.clear()
  }

  /**
   * A signal to somebody unknown may be to somebody unborn, whose birth lies in another port: who
   * knows the pid knows it from the thread that asked for the birth, so that has arrived already.
   */
  #receive(from: number, signal: Signal): void {
    const { knows, deliver } = this.#options
    if (signal.type === 'spawn' || knows(signal.to)) return deliver(signal)
    this.#inHand.add(from)
    this.catchUp()
    this.#inHand.delete(from)
    deliver(signal)
    if (this.#inHand.size > 0) return
    for (const act of this.#afterwards.splice(0)) act()
  }

  #readAll(from: number, port: MessagePort): void {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      this.#receive(from, next.message)
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
