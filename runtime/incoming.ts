/** All that one other thread sends, by port and by lane, in the order in which it was sent. */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { LaneReader } from './lane-reader.ts'
import { BELL, isOpening, type PortMessage, unpack } from './packed-signal.ts'
import { Queue } from './queue.ts'
import type { Signal } from './signal.ts'

/**
 * Turns of the event loop for which one who writes into the lane is waited for: about as long as it
 * would take to be woken, so that waiting never costs more than twice what the better choice would.
 */
const PATIENCE = 8

/** In the place of a signal that could not be made of its bytes. */
const LOST = Symbol('lost')

export class Incoming {
  readonly from: number
  readonly #port: MessagePort
  #lane: LaneReader | undefined
  /** Has come by the port; what was sent before may lie in the lane. */
  readonly #early = new Queue<Exclude<PortMessage, typeof BELL> | typeof LOST>()
  /** How many of those that came by the port were handed out. */
  #taken = 0
  /** Turns for which it will not sleep. */
  #patience = 0
  #isOpen = true
  #isListening = false
  readonly #onMessage: (message: PortMessage) => void

  /** @param onMail Called when something has come that is to be read. */
  constructor(from: number, port: MessagePort, onMail: (incoming: Incoming) => void) {
    this.from = from
    this.#port = port
    this.#onMessage = (message) => {
      this.#arrive(message)
      onMail(this)
    }
    port.on('messageerror', () => {
      this.#early.push(LOST)
      onMail(this)
    })
    this.listen()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Calls for mail. */
  listen(): void {
    if (!this.#isOpen || this.#isListening) return
    this.#isListening = true
    this.#port.on('message', this.#onMessage)
    this.#port.unref()
  }

  /** Lets mail lie. Otherwise a port hands out all that it has before anything else has its turn. */
  pause(): void {
    this.#isListening = false
    this.#port.off('message', this.#onMessage)
  }

  /** The next signal, if one has come. */
  next(): Signal | undefined {
    for (;;) {
      const signal = this.#lane?.next(this.#taken)
      if (signal) {
        this.#patience = PATIENCE
        return signal
      }
      const early = this.#early.shift()
      if (early === undefined) {
        if (!this.#pull()) return undefined
        continue
      }
      this.#taken++
      if (early === LOST) continue
      if (!isOpening(early)) return unpack(early)
      this.#lane = new LaneReader(early.memory)
    }
  }

  /** Hands out all that has come until now; what comes meanwhile can wait. */
  readAll(receive: (signal: Signal) => void): void {
    while (this.#pull());
    let lane = this.#lane
    let head = lane?.head() ?? 0
    while (this.#early.size > 0 || this.#lane?.isBefore(head)) {
      const signal = this.next()
      if (!signal) return
      receive(signal)
      if (lane === this.#lane) continue
      lane = this.#lane
      head = lane?.head() ?? 0
    }
  }

  /** To be called when mail comes; false if there is some already. */
  sleep(): boolean {
    return this.#early.size === 0 && (this.#lane?.sleep() ?? true)
  }

  /** The other thread writes into the lane: it will hardly be long until there is more. */
  staysUp(): boolean {
    return this.#patience > 0 && this.#patience-- > 0
  }

  close(): void {
    this.#isOpen = false
    this.#port.close()
  }

  #pull(): boolean {
    try {
      const next = receiveMessageOnPort(this.#port)
      if (next) this.#arrive(next.message)
      return next !== undefined
    } catch {
      this.#early.push(LOST)
      return true
    }
  }

  #arrive(message: PortMessage): void {
    if (message !== BELL) this.#early.push(message)
  }
}
