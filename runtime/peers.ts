/**
 * Direct ports between threads. Each thread opens its own channel to another at the first signal:
 * it makes the two ports itself, sends one through the root and may post at once, so nothing waits
 * for the introduction and what was posted is delivered even if this thread is gone by then.
 */

import type { Transferable } from 'node:worker_threads'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { NotSendable } from './errors.ts'
import type { Signal, ToRoot } from './signal.ts'

export interface PeersOptions {
  readonly ordinal: number
  readonly control: (message: ToRoot, transfer?: readonly Transferable[]) => void
  readonly deliver: (signal: Signal) => void
}

export class Peers {
  readonly #options: PeersOptions
  readonly #outgoing = new Map<number, MessagePort>()
  readonly #incoming = new Map<number, MessagePort>()

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
    port.on('message', (signal: Signal) => this.#options.deliver(signal))
    port.unref()
  }

  /** Delivers all that `thread` has sent and forgets it; called when it is known to be gone. */
  lost(thread: number): void {
    const incoming = this.#incoming.get(thread)
    if (incoming) {
      for (let next = receiveMessageOnPort(incoming); next; next = receiveMessageOnPort(incoming)) {
        this.#options.deliver(next.message)
      }
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

  #connect(thread: number): MessagePort {
    const { port1, port2 } = new MessageChannel()
    port1.unref()
    this.#outgoing.set(thread, port1)
    const { ordinal, control } = this.#options
    control({ type: 'connect', from: ordinal, to: thread, port: port2 }, [port2])
    return port1
  }
}
