/**
 * The way to one other thread: a port, and for threads that have much to say a lane beside it. Who
 * sleeps at the other end is woken by the port, and best by the signal itself.
 */

import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads'
import { NotSendable } from './errors.ts'
import {
  claimWake,
  createLane,
  isAsleep,
  LANE_BYTES,
  lieDown,
  WIDER_LANE_BYTES,
} from './lane-memory.ts'
import { LaneWriter } from './lane-writer.ts'
import { BELL, isLaneSignal, pack } from './packed-signal.ts'
import type { Signal } from './signal.ts'

/** A lane is worth its memory for threads that send so many signals in so many milliseconds. */
const MANY = 64
const SHORT_MS = 100

export class Outgoing {
  readonly #port: MessagePort
  #lane: LaneWriter | undefined
  #isWide = false
  #posted = 0
  /** Since when so many were posted; only until there is a lane. */
  #count = 0
  #since = 0
  readonly #postedSoFar = (): number => this.#posted

  constructor(port: MessagePort) {
    this.#port = port
  }

  /** @throws {NotSendable} The signal holds something that cannot be cloned. */
  send(signal: Signal, transfer?: readonly Transferable[]): void {
    const lane = this.#lane
    if (lane && !transfer && isLaneSignal(signal) && !isAsleep(lane.memory)) {
      if (lane.write(signal, this.#postedSoFar)) return this.#wake(lane)
    }
    this.#post(signal, transfer)
    if (!lane) this.#openIfBusy()
    else if (!this.#isWide && !lane.hasRoom()) this.#open(WIDER_LANE_BYTES)
  }

  close(): void {
    this.#port.close()
    this.#lane = undefined
  }

  #post(signal: Signal, transfer: readonly Transferable[] | undefined): void {
    const wakes = this.#lane !== undefined && claimWake(this.#lane.memory)
    try {
      if (transfer) this.#port.postMessage(pack(signal), transfer)
      else this.#port.postMessage(pack(signal))
      this.#posted++
    } catch (cause) {
      if (wakes && this.#lane) lieDown(this.#lane.memory)
      throw new NotSendable(signal.to, cause)
    }
  }

  #wake({ memory }: LaneWriter): void {
    if (!claimWake(memory)) return
    let isRung = false
    try {
      this.#port.postMessage(BELL)
      isRung = true
    } finally {
      if (!isRung) lieDown(memory)
    }
  }

  #openIfBusy(): void {
    if (++this.#count < MANY) return
    const now = performance.now()
    if (now - this.#since < SHORT_MS) this.#open(LANE_BYTES)
    this.#since = now
    this.#count = 0
  }

  /** All that is in another lane is read before the reader turns to this one. */
  #open(bytes: number): void {
    const memory = createLane(bytes)
    if (!memory) return
    this.#port.postMessage({ type: 'lane', memory })
    this.#lane = new LaneWriter(memory, ++this.#posted)
    this.#isWide = bytes === WIDER_LANE_BYTES
  }
}

/** A channel to another thread; the second port is for that thread. */
export function openChannel(): { readonly outgoing: Outgoing; readonly port: MessagePort } {
  const { port1, port2 } = new MessageChannel()
  port1.unref()
  return { outgoing: new Outgoing(port1), port: port2 }
}
